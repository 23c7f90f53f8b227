import Master
import SQLiteStore
import SyncCore

// I5: what is parked waits for something that is still so.
extension Town {
  func checkWaiting() throws {
    for parked in try city.master.parked() {
      guard let record = schema.record(parked.ref.record) else { continue }
      let isInVain: Bool
      switch parked.reason {
      case "reference": isInVain = hasEveryTarget(record, parked.row)
      case "unique": isInVain = !isHeldByAnother(record, parked)
      case "locked": isInVain = try isOpened(record, parked)
      default: isInVain = false
      }
      if isInVain {
        throw Violation(
          .progress, "\(name(parked.ref)) stays parked (\(parked.detail.en)), though nothing is in its way any more")
      }
    }
    for conflict in try city.master.conflicts([.open, .proposed]) {
      let ref = RowRef(conflict.record, conflict.key)
      // What a tool entered under a merged key, and could not be merged again, is a row of its own (M14).
      if witness.canonical(ref) != ref, city.rows[ref] == nil {
        throw Violation(.progress, "conflict \(conflict.id) waits under \(name(ref)), which leads to another row now")
      }
    }
  }

  /// P4: what waits at the city, its sender has set aside, whole, so that the clerk can take it up again; and what a machine shows as
  /// waiting there does wait.
  func checkSetAside() throws {
    // That it was withdrawn, or taken up again, may be lost with what its file had let go of.
    if areBackupsLost { return }
    let waiting = try city.master.parked()
    for machine in active where !machine.isCopy {
      if !machine.hasRejoined { try checkKnown(waiting, to: machine) }
      // What became of it otherwise after a loss is told to the id that sent it.
      if !machine.hasRejoined || tally["loss recorded"] == nil { try checkWaiting(of: machine, among: waiting) }
    }
  }

  private func checkKnown(_ waiting: [MasterParkedRow], to machine: Machine) throws {
    let id = try machine.replica.identity.replica.description
    let known = Set(try machine.replica.parked().map(\.ref) + status(machine).held.map(\.ref))
    for parked in waiting where parked.replica == id && !known.contains(parked.ref) {
      throw Violation(
        .parking, "\(name(parked.ref)) of \(machine.name) waits at the city, and \(machine.name) has it no more")
    }
  }

  /// Under whichever id it came: of copies of one file the first to send a batch is its sender.
  private func checkWaiting(of machine: Machine, among waiting: [MasterParkedRow]) throws {
    let copies = machines.filter { $0.origin == machine.origin }
    let ids = Set(try copies.flatMap { try $0.replica.identity.names })
    let there = Set(waiting.filter { ids.contains($0.replica) }.map { witness.canonical($0.ref) })
    for parked in try machine.replica.parked() where parked.batch != nil {
      if there.contains(witness.canonical(parked.ref)) { continue }
      throw Violation(
        .parking, "\(machine.name) shows \(name(parked.ref)) as waiting, and the city has nothing of it that waits")
    }
  }

  private func hasEveryTarget(_ record: RecordSchema, _ row: [Value?]) -> Bool {
    let isUpdate = row.contains { $0 == nil }
    return zip(record.fields.indices, row).allSatisfy { column, value in
      let field = record.fields[column]
      guard let reference = field.reference else { return true }
      // An update says nothing of what it leaves alone, and what a county may not change stays as it was.
      let isCountys = column != record.scopeIndex && record.owner(of: column) != .city
      guard let value, !isUpdate || isCountys else { return false }
      if value.isNull { return true }
      return city.rows[RowRef(reference.record, RowKey([witness.canonical(value, field)]))] != nil
    }
  }

  private func isHeldByAnother(_ record: RecordSchema, _ parked: MasterParkedRow) -> Bool {
    // What a tool entered under the key of a duplicate, and could not be merged again, is a row of its own.
    let own = city.rows[parked.ref] == nil ? witness.canonical(parked.ref) : parked.ref
    return record.unique.contains { set in
      let columns = set.compactMap(record.index(of:))
      // An update that leaves the value alone, or contests it, would bring back a deleted row with its last value.
      let isUpdate = parked.row.contains { $0 == nil }
      if isUpdate, city.rows[own] == nil { return true }
      if columns.contains(where: { $0 >= parked.row.count || parked.row[$0] == nil }) { return true }
      // Who enters a row that stands fills what is empty there, and contests the rest.
      let wanted = columns.map { column in
        let entered = witness.canonical(parked.row[column] ?? .null, record.fields[column])
        return Set([entered, city.rows[own]?.cell(column) ?? .null]).subtracting([.null])
      }
      return city.rows.contains { ref, image in
        ref.record == record.name && ref != own && zip(columns, wanted).allSatisfy { $1.contains(image.cell($0)) }
      }
    }
  }
}
