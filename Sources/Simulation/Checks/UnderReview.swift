import Master
import SyncCore

// M3: a cell that waits for a decision is moved by no county, whatever base it names.
extension Town {
  typealias Waiting = (cell: Witness.Cell, value: Value)

  /// The contested cells and what stands in them, by conflict.
  func cellsUnderReview() throws -> [Int64: Waiting] {
    var cells: [Int64: Waiting] = [:]
    for conflict in try city.master.conflicts([.open]) {
      guard let cell = cell(of: conflict), let image = city.rows[cell.ref] else { continue }
      cells[conflict.id] = (cell, image.cell(cell.column))
    }
    return cells
  }

  /// - Parameters:
  ///   - before: what waited before the request of this machine.
  ///   - erased: rows of which it gave an erasure back: what stands in them may go, and what contends stay (E7).
  func checkReview(of machine: Machine, before: [Int64: Waiting], but erased: Set<RowRef> = []) throws {
    if before.isEmpty { return }
    let after = try cellsUnderReview()
    for (id, old) in before.sorted(by: { $0.key < $1.key }) {
      guard let new = after[id], new.cell == old.cell, new.value != old.value,
        let field = schema.record(old.cell.ref.record)?.fields[old.cell.column]
      else { continue }
      if field.restricted, erased.contains(witness.canonical(old.cell.ref)) { continue }
      throw Violation(
        .review,
        "a batch of \(machine.name) changed \(name(old.cell.ref)).\(field.name), which waits for a decision, from "
          + "\(text(old.value)) to \(text(new.value))")
    }
  }
}
