import GRDB
import Replica
import SQLiteStore
import SyncCore

// I5: a row is held back for what is wrong with it, or with one that it needs, and for nothing else.
extension Town {
  func checkHeld() throws {
    for machine in active {
      let held = try status(machine).held.map(\.ref)
      if held.isEmpty { continue }
      let new = Set(try machine.replica.pending(of: held).filter { $0.value.kind == .insert }.keys)
      // An edit that what waits of its row at the city cannot come along with is held for that (M12).
      let waiting = Set(try machine.replica.parked().filter { $0.batch != nil }.map(\.ref))
      let sound = held.first { !waiting.contains($0) && !isHindered($0, among: machine.rows, without: new) }
      if let sound {
        throw Violation(.progress, "\(machine.name) holds \(name(sound)) back, and nothing is wrong with it")
      }
    }
  }

  /// Whether a row breaks a rule of which no table asks another program.
  /// - Parameters:
  ///   - rows: what stands at its machine.
  ///   - new: rows that are held back, and that the city has never had.
  private func isHindered(_ ref: RowRef, among rows: Rows, without new: Set<RowRef>) -> Bool {
    guard let record = schema.record(ref.record) else { return true }
    guard let image = rows[ref] else { return isReferredTo(ref, record, in: rows) }
    return zip(record.fields, image).contains { field, value in
      if field.kind == .uuid, case .text(let text) = value, text != text.lowercased() { return true }
      guard let reference = field.reference, !value.isNull else { return false }
      let target = RowRef(reference.record, RowKey([value]))
      return new.contains(target) || !field.weak && rows[target] == nil
    }
  }

  /// Whether others refer to a row that is deleted. Those of the city's make a wish of its delete (M7).
  private func isReferredTo(_ ref: RowRef, _ record: RecordSchema, in rows: Rows) -> Bool {
    schema.references(to: record).contains { child, field, _ in
      guard !field.weak, child.owner != .city, let column = child.index(of: field.name) else { return false }
      return rows.contains { other, image in
        other.record == child.name && image.cell(column) == ref.key.values.first
      }
    }
  }
}

extension Replica {
  /// What is to be sent of these rows.
  func pending(of refs: [RowRef]) throws -> [RowRef: Change] {
    try read { db in
      var changes: [RowRef: Change] = [:]
      for ref in refs {
        guard let record = schema.record(ref.record) else { continue }
        changes[ref] = try record.pending(db, key: ref.key)?.change(record)
      }
      return changes
    }
  }
}
