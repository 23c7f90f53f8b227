import Master
import SQLiteStore
import SyncCore

// I1: every value that anybody entered is somewhere. The model knows who entered what and what they saw; where a value is, it
// looks up in tables of the master and, for what could not be sent, of the machine.
extension Town {
  func checkConservation() throws {
    let places = try Places(self)
    for claim in witness.claims where try !isKept(witness.canonical(claim), original: claim, places) {
      let who = claim.author.map { machines[$0].name } ?? "the city"
      let what =
        claim.column.flatMap { column in schema.record(claim.ref.record).map { (column, $0.fields[column].name) } }
        .map { _, field in "\(name(claim.ref)).\(field) = \(text(claim.value)) of \(who), who saw \(text(claim.seen))" }
        ?? "the delete of \(name(claim.ref)) by \(who)"
      throw Violation(.conservation, "event \(claim.event): \(what), is nowhere")
    }
  }

  private func isKept(_ claim: Witness.Claim, original: Witness.Claim, _ places: Places) throws -> Bool {
    guard let record = schema.record(claim.ref.record) else { return true }
    if places.isWaiting(original) || places.isParked(claim, original) { return true }
    guard let column = claim.column else {
      return city.rows[claim.ref] == nil || original.ref != claim.ref || places.hasRowConflict(claim.ref)
        || witness.inserted.contains { witness.canonical($0) == claim.ref }
    }
    let cell = Witness.Cell(ref: original.ref, column: column)
    if witness.erased[cell]?.contains(where: { $0.event >= claim.event }) == true { return true }
    if let image = city.rows[claim.ref], holds(image[column], claim, record.fields[column]) { return true }
    if places.wasSeen(claim, by: self) { return true }
    return places.isInConflict(claim, record.fields[column].name)
  }

  /// Whether a cell of the master shows the value, or a value that the column's rule made of it.
  private func holds(_ current: Value, _ claim: Witness.Claim, _ field: Field) -> Bool {
    if current == claim.value { return true }
    switch (field.policy, current, claim.value) {
    case (.max, .integer(let now), .integer(let then)): return now >= then
    case (.min, .integer(let now), .integer(let then)): return now <= then
    case (.max, _, .null), (.min, _, .null), (.sum, _, _): return true
    case (.union, _, _):
      let before = members(claim.seen)
      return members(claim.value).subtracting(before).isSubset(of: members(current))
    case (.text, .text(let now), .text(let then)):
      let old = Set(lines(claim.seen))
      return then.split(separator: "\n").allSatisfy { old.contains($0) || now.split(separator: "\n").contains($0) }
    default: return false
    }
  }

  private func lines(_ value: Value) -> [Substring] {
    if case .text(let text) = value { text.split(separator: "\n") } else { [] }
  }
}

func members(_ value: Value) -> Set<Substring> {
  if case .text(let text) = value { Set(text.split(separator: ",")) } else { [] }
}

/// Where values are besides the master's rows, read once.
private struct Places {
  private let conflicts: [RowRef: [Conflict]]
  private let parked: [RowRef: [MasterParkedRow]]
  /// Rows that cannot be sent, and rows set aside, by machine.
  private var held: [Int: Set<RowRef>] = [:]
  private var aside: [Int: [RowRef: [[Value]]]] = [:]
  private var withdrawn: Set<Int> = []
  private let replicas: [Int: String]
  /// Values that somebody replaced knowingly, under the names that rows have now.
  private let seen: [Witness.Cell: Set<Value>]

  init(_ town: Town) throws {
    let master = try town.city.master
    let all = try master.conflicts(Conflict.State.allCases)
    conflicts = Dictionary(grouping: all) { town.witness.canonical(RowRef($0.record, $0.key)) }
    parked = Dictionary(grouping: try master.parked(waiting: false)) { town.witness.canonical($0.ref) }
    replicas = try Dictionary(
      uniqueKeysWithValues: town.machines.map { ($0.index, try $0.replica.identity.replica.description) })
    for machine in town.machines {
      held[machine.index] = Set(try machine.replica.status().held.map(\.ref))
      aside[machine.index] = Dictionary(grouping: try machine.replica.parked(waiting: false), by: \.ref).mapValues {
        $0.map(\.row)
      }
      if machine.isWithdrawn { withdrawn.insert(machine.index) }
    }
    var known: [Witness.Cell: Set<Value>] = [:]
    for (cell, values) in town.witness.seen {
      guard let field = town.schema.record(cell.ref.record)?.fields[cell.column] else { continue }
      let now = Witness.Cell(ref: town.witness.canonical(cell.ref), column: cell.column)
      known[now, default: []].formUnion(values.map { town.witness.canonical($0, field) })
    }
    seen = known
  }

  /// It never left its machine: the machine was withdrawn, or the row breaks a rule and waits there.
  func isWaiting(_ claim: Witness.Claim) -> Bool {
    guard let author = claim.author else { return false }
    return withdrawn.contains(author) || held[author]?.contains(claim.ref) == true
  }

  func isParked(_ claim: Witness.Claim, _ original: Witness.Claim) -> Bool {
    if let author = claim.author, let images = aside[author]?[original.ref] {
      guard let column = claim.column else { return true }
      if images.contains(where: { $0[column] == original.value }) { return true }
    }
    return (parked[claim.ref] ?? []).contains { row in
      guard let column = claim.column else { return row.replica == claim.author.flatMap { replicas[$0] } }
      return row.row[column] == claim.value || row.row[column] == original.value
    }
  }

  /// Somebody put another value in its place who saw it, or saw what a rule had made of it.
  func wasSeen(_ claim: Witness.Claim, by town: Town) -> Bool {
    guard let column = claim.column, let field = town.schema.record(claim.ref.record)?.fields[column] else {
      return false
    }
    let values = seen[Witness.Cell(ref: claim.ref, column: column)] ?? []
    if values.contains(claim.value) { return true }
    switch field.policy {
    case .max: return values.contains { ($0.integer ?? .min) >= (claim.value.integer ?? .min) }
    case .min: return values.contains { ($0.integer ?? .max) <= (claim.value.integer ?? .max) }
    case .sum: return true
    case .union:
      let added = members(claim.value).subtracting(members(claim.seen))
      return added.allSatisfy { member in values.contains { members($0).contains(member) } }
        || !values.isEmpty && town.city.rows[claim.ref] == nil
    case .text: return !values.isEmpty
    case .review, .city, .county, .latest: return false
    }
  }

  func hasRowConflict(_ ref: RowRef) -> Bool { (conflicts[ref] ?? []).contains { $0.field == nil } }

  func isInConflict(_ claim: Witness.Claim, _ field: String) -> Bool {
    guard let column = claim.column else { return false }
    return (conflicts[claim.ref] ?? []).contains { conflict in
      if conflict.field == nil {
        let images = [conflict.master] + conflict.contenders.map(\.value)
        return images.contains { image in
          guard case .blob(let bytes) = image, let row = try? RowKey(encoded: bytes).values, column < row.count else {
            return false
          }
          return row[column] == claim.value
        }
      }
      guard conflict.field == field else { return false }
      let values = [conflict.base, conflict.master] + conflict.contenders.map(\.value)
      return values.contains(claim.value)
    }
  }
}
