import GRDB
import Master
import Replica
import SQLiteStore
import SyncCore
import SyncProtocol

// I1: every value that anybody entered is somewhere. The model knows who entered what and what they saw; where a value is, it
// looks up in tables of the master and, for what could not be sent, of the machine.
extension Town {
  func checkConservation() throws {
    let places = try Places(self)
    for claim in witness.claims
    where try !isKept(witness.canonical(claim), original: claim, places) && !isWithSuccessor(claim, places) {
      let who = claim.author.map { machines[$0].name } ?? "the city"
      let what =
        claim.column.flatMap { column in schema.record(claim.ref.record).map { (column, $0.fields[column].name) } }
        .map { _, field in "\(name(claim.ref)).\(field) = \(text(claim.value)) of \(who), who saw \(text(claim.seen))" }
        ?? "the delete of \(name(claim.ref)) by \(who)"
      throw Violation(.conservation, "event \(claim.event): \(what), is nowhere")
    }
  }

  /// Whether it stands with a unit that took over from the one that it names (M15): a value of the field that says whose a row
  /// is, or a row with its unit in its key.
  private func isWithSuccessor(_ claim: Witness.Claim, _ places: Places) throws -> Bool {
    guard let column = claim.column, let record = schema.record(claim.ref.record), case .field = record.scope,
      let scope = record.scopeIndex
    else { return false }
    if claim.author == nil { return column == scope && isDeletedByFormer(claim) }
    var landed = witness.landings(of: claim.ref).map { ref in
      var landed = claim
      landed.ref = ref
      return landed
    }
    if case .text(let unit) = claim.value, column == scope {
      landed += witness.successors(of: unit).map { successor in
        var landed = claim
        landed.value = .text(successor)
        return landed
      }
    }
    return try landed.contains { try isKept(witness.canonical($0), original: claim, places) }
  }

  /// Whether a clerk of the unit from which another took over the row deleted it: what the city made of its unit is none of their concern.
  private func isDeletedByFormer(_ claim: Witness.Claim) -> Bool {
    let ref = witness.canonical(claim.ref)
    guard case .text(let unit) = claim.value else { return false }
    return witness.claims.contains { delete in
      guard delete.column == nil, let author = delete.author, witness.canonical(delete.ref) == ref else { return false }
      return witness.successors(of: machines[author].org).contains(unit)
    }
  }

  private func isKept(_ claim: Witness.Claim, original: Witness.Claim, _ places: Places) throws -> Bool {
    guard let record = schema.record(claim.ref.record) else { return true }
    if original.filled != nil || places.isEnteredAnew(original) || places.isWaiting(original)
      || places.isParked(claim, original)
    {
      return true
    }
    guard let column = claim.column else {
      return original.ref != claim.ref || places.hasRowConflict(claim.ref) || isGone(claim)
        || witness.inserted.contains { ref, steps in
          ([ref] + witness.landings(of: ref)).contains { witness.canonical($0) == claim.ref }
            && steps.contains { places.replaced.mayStand(by: $0, though: original) }
        }
    }
    // One of two rows that are one by now named the other.
    if namesItself(claim, record.fields[column]), !namesItself(original, record.fields[column]) { return true }
    let cell = Witness.Cell(ref: original.ref, column: column)
    // Who empties a cell that is erased meanwhile leaves it as the erasure did.
    // What is as the city had it is a copy of what was erased.
    let erasures = (witness.erased[cell] ?? []) + (witness.lostErasures[cell] ?? [])
    if !erasures.isEmpty, original.agrees || claim.value.isNull || erasures.contains(where: { mayTake(original, $0) }) {
      return true
    }
    if witness.forgotten[Witness.Cell(ref: claim.ref, column: column)]?.contains(claim.value) == true { return true }
    // What could not be merged again stands under its former key, and what refers to it does so.
    let rows = Set([claim.ref, original.ref]).compactMap { city.rows[$0] }
    if rows.contains(where: { $0.cell(column) == original.value }) { return true }
    let found = places.values(of: claim, original, column) + rows.map { $0.cell(column) }
    return absorbed(claim, by: found, record.fields[column])
  }

  private func namesItself(_ claim: Witness.Claim, _ field: Field) -> Bool {
    field.reference.map { RowRef($0.record, RowKey([claim.value])) == claim.ref } ?? false
  }

  /// Whether a value may be lost with an erasure: one that was edited before it, or by a clerk who did not know of it, if a
  /// clock was ever wrong, the clerk's or the city's. Of a batch of before a restore nobody can tell what its clerk knew (E5).
  private func mayTake(_ claim: Witness.Claim, _ erasure: Witness.Erased) -> Bool {
    if erasure.event >= claim.event { return true }
    // What is taken up, or said again, is as old as it was (M12, M13).
    if claim.isRepeated, witness.isEntered(claim, before: erasure) { return true }
    return isByWrongClock(claim) && (restores > 0 || witness.isUnaware(claim, of: erasure))
  }

  /// Whether its author sees the row no more: it is deleted, or went to another unit before the delete was sent, and may have
  /// come back since.
  private func isGone(_ claim: Witness.Claim) -> Bool {
    guard let image = city.rows[claim.ref] else { return true }
    guard let author = claim.author else { return false }
    let org = machines[author].org
    if schema.unit(of: claim.ref, image, in: city.rows) != org { return true }
    let rows = schema.ancestry(of: claim.ref, image, in: city.rows)
    return witness.claims.contains { moved in
      moved.author == nil && rows.contains(moved.ref) && moved.column == schema.record(moved.ref.record)?.scopeIndex
        && moved.column != nil && moved.value != .text(org)
    }
  }

  /// Whether one of these values is the one that is looked for, or what the column's rule made of it.
  private func absorbed(_ claim: Witness.Claim, by found: [Value], _ field: Field) -> Bool {
    if found.contains(claim.value) { return true }
    switch field.policy {
    case .sum: return !found.isEmpty
    case .max: return isReached(claim.value, by: found, >=)
    case .min: return isReached(claim.value, by: found, <=)
    case .union:
      // Each member that was added is there, or somebody took it out who saw it.
      let added = members(claim.value).subtracting(members(claim.seen))
      return added.allSatisfy { member in found.contains { members($0).contains(member) } }
    case .text:
      let added = Set(lines(claim.value)).subtracting(lines(claim.seen))
      return added.allSatisfy { line in found.contains { lines($0).contains(line) } }
    case .review, .city, .county, .latest: return false
    }
  }
}

extension Value {
  fileprivate var number: Double? {
    switch self {
    case .integer(let number): Double(number)
    case .real(let number): number
    case .null, .text, .blob: nil
    }
  }
}

func isReached(_ value: Value, by found: [Value], _ reaches: (Double, Double) -> Bool) -> Bool {
  guard let number = value.number else { return value.isNull }
  return found.compactMap(\.number).contains { reaches($0, number) }
}

func lines(_ value: Value) -> [Substring] {
  if case .text(let text) = value { text.split(separator: "\n") } else { [] }
}

func members(_ value: Value) -> Set<Substring> {
  if case .text(let text) = value { Set(text.split(separator: ",")) } else { [] }
}

/// Where values are besides the master's rows, read once.
private struct Places {
  private let conflicts: [RowRef: [Conflict]]
  private let parked: [RowRef: [MasterParkedRow]]
  /// What cannot be sent, and rows set aside, by machine.
  private var held: [Int: [RowRef: Change]] = [:]
  private var aside: [Int: [RowRef: [ParkedRow]]] = [:]
  private var withdrawn: Set<Int> = []
  /// Rows of which something was forgotten, under the names that they have now, if a disk of the city's was ever lost.
  private let forgotten: Set<RowRef>
  /// The machines whose file, or a copy of it, may have sent all of it once more to a restored city.
  private let sentAgain: Set<Int>
  /// When files were last replaced by an old copy, by machine.
  private let putBack: [Int: Int]
  /// The machines that began with one file, by each of them.
  private let copies: [Int: Set<Int>]
  /// The ids that each machine has and had.
  private let ids: [Int: Set<String>]
  private let witness: Witness
  let replaced: Replacements
  /// Where the log has batches, by their bodies.
  private let arrivals: [[UInt8]: Int64]
  /// When values came of who saw no such row.
  private var inserted: [Witness.Cell: [Int64]] = [:]

  init(_ town: Town) throws {
    witness = town.witness
    forgotten = town.restores > 0 ? Set(witness.uncountable.map { town.witness.canonical($0) }) : []
    sentAgain = town.sendersAgain()
    putBack = witness.putBack
    copies = Dictionary(
      uniqueKeysWithValues: town.machines.map { machine in
        (machine.index, Set(town.machines.filter { $0.origin == machine.origin }.map(\.index)))
      })
    let master = try town.city.master
    let all = try master.conflicts(Conflict.State.allCases)
    conflicts = Dictionary(grouping: all) { town.witness.canonical(RowRef($0.record, $0.key)) }
    parked = Dictionary(grouping: try master.parked(waiting: false)) { town.witness.canonical($0.ref) }
    ids = try Dictionary(uniqueKeysWithValues: town.machines.map { ($0.index, try $0.replica.identity.names) })
    for machine in town.machines {
      held[machine.index] = try machine.replica.pending(of: town.status(machine).held.map(\.ref))
      aside[machine.index] = Dictionary(grouping: try machine.replica.parked(waiting: false), by: \.ref)
      if machine.isWithdrawn { withdrawn.insert(machine.index) }
    }
    arrivals = try town.arrivalsByBody()
    replaced = Replacements(town, arrivals, parked: parked, aside: aside, ids: ids)
    for claim in witness.claims where claim.isInsert && !claim.value.isNull {
      guard let column = claim.column, let arrival = arrival(claim).map({ hasWaited(claim) ? .max : $0 }) else {
        continue
      }
      // What a tool enters at the city under the key of a duplicate is merged by the batch after it.
      let isMergedAgain = claim.author == nil && witness.canonical(claim.ref) != claim.ref
      for ref in [claim.ref] + witness.landings(of: claim.ref) {
        let cell = Witness.Cell(ref: witness.canonical(ref), column: column)
        inserted[cell, default: []].append(isMergedAgain && arrival < .max ? arrival + 1 : arrival)
      }
    }
  }

  /// It never reached the city: its machine was withdrawn before, or the row breaks a rule and waits there.
  func isWaiting(_ claim: Witness.Claim) -> Bool {
    guard let author = claim.author else { return false }
    if withdrawn.contains(author), claim.batch == nil || arrival(claim) == nil { return true }
    guard let change = held[author]?[claim.ref] else { return false }
    // A row that was never sent has nothing to delete.
    guard let column = claim.column else {
      return change.kind == .delete || claim.batch == nil && change.kind == .insert
    }
    // What was sent and parked is said again with the row.
    if change.new[column] == claim.value { return true }
    if change.new[column] == nil || claim.batch != nil { return false }
    // It comes on top of a sum (M12), and fills what is empty in a row that is entered (M6).
    let isSum = witness.schema.record(claim.ref.record)?.fields[column].policy == .sum
    return isSum || claim.value.isNull && change.kind == .insert
  }

  /// Who enters a row has an empty base (M6): what came empty before it is taken for what that clerk had seen.
  func isEnteredAnew(_ claim: Witness.Claim) -> Bool {
    guard claim.value.isNull, let column = claim.column else { return false }
    func isEntered(_ other: Witness.Claim) -> Bool { other.isInsert && other.ref == claim.ref }
    // It was emptied again before the row was sent, or the row that was entered is sent again.
    if witness.takenUp.contains(claim.ref)
      ? witness.claims.contains(where: isEntered)
      : witness.claims.contains(where: {
        isEntered($0) && $0.author == claim.author && $0.batch == claim.batch && $0.event < claim.event
      })
    {
      return true
    }
    let emptied =
      claim.agrees ? witness.claims.filter { $0.ref == claim.ref && $0.column == column && $0.value.isNull } : [claim]
    guard let cleared = emptied.compactMap(arrival).min() else { return false }
    let cell = Witness.Cell(ref: witness.canonical(claim.ref), column: column)
    // By another key also with the same batch (M14).
    return inserted[cell]?.contains { $0 >= cleared } ?? false
  }

  private func isBy(_ author: Witness.Author, _ row: MasterParkedRow) -> Bool {
    author.flatMap { ids[$0] }?.contains(row.replica) == true
  }

  /// Whether it was parked, and came in, or was said again, when nobody knows.
  private func hasWaited(_ claim: Witness.Claim) -> Bool {
    (parked[witness.canonical(claim.ref)] ?? []).contains {
      [.entered, .admitted, .superseded].contains($0.state) && isBy(claim.author, $0)
    }
  }

  /// The batch of the log that brought it; nil: none did.
  private func arrival(_ claim: Witness.Claim) -> Int64? {
    claim.arrival(in: arrivals)
  }

  func isParked(_ claim: Witness.Claim, _ original: Witness.Claim) -> Bool {
    let rows = files(of: claim.author).flatMap { file -> [ParkedRow] in aside[file]?[original.ref] ?? [] }
    // Of what was set aside unsent and taken up, the machine keeps what did not count any more.
    for row in rows where keeps(original, row.state) || row.batch == nil && row.state == .superseded {
      guard let column = claim.column else { return true }
      if row.row.cell(column) == original.value { return true }
    }
    return (parked[claim.ref] ?? []).contains { row in
      guard keeps(original, row.state) else { return false }
      guard let column = claim.column else { return isBy(claim.author, row) }
      let value = column < row.row.count ? row.row[column] : nil
      return value == claim.value || value == original.value
    }
  }

  /// Whether a parked change in this state keeps what it says: what entered is in the master, what a later change superseded it says
  /// again, as far as it counts, and what a clerk took back they took back after it. A lost disk may take that along.
  private func keeps(_ claim: Witness.Claim, _ state: ParkedState) -> Bool {
    switch state {
    case .waiting, .dismissed: true
    case .superseded: isEditedSince(claim) || isSaidNoMore(claim)
    case .withdrawn: isLost(claim) || isTakenBack(claim)
    case .entered, .admitted, .merged: isLost(claim)
    }
  }

  /// Whether nobody need say again what a later change superseded: something of the row is lost with a disk of the city's, whoever was
  /// to say it lost the file or was withdrawn before the answer came, or sent all of it once more (a gap of M12).
  private func isSaidNoMore(_ claim: Witness.Claim) -> Bool {
    if isLost(claim) { return true }
    if let author = claim.author, let event = putBack[author], claim.event < event { return true }
    return files(of: claim.author).contains { withdrawn.contains($0) || sentAgain.contains($0) }
  }

  /// Whether something of its row is lost with a disk of the city's.
  private func isLost(_ claim: Witness.Claim) -> Bool { forgotten.contains(witness.canonical(claim.ref)) }

  /// Whether its author edited the same cell after it, or deleted or entered the row, or wanted it deleted.
  private func isEditedSince(_ claim: Witness.Claim) -> Bool {
    laterClaims(claim).contains { $0.column == nil || $0.column == claim.column && $0.event > claim.event }
      || hasLater(claim, witness.requests)
  }

  /// Whether its author took back what waited of the row, or deleted it.
  private func isTakenBack(_ claim: Witness.Claim) -> Bool {
    laterClaims(claim).contains { $0.column == nil } || hasLater(claim, witness.withdrawals)
  }

  /// Whether one of these was done to its row from then on by who has its file.
  private func hasLater(_ claim: Witness.Claim, _ acts: [Witness.Act]) -> Bool {
    let (ref, authors) = (witness.canonical(claim.ref), files(of: claim.author))
    return acts.contains {
      authors.contains($0.author) && $0.event >= claim.event && witness.canonical($0.ref) == ref
    }
  }

  /// What was done to its row from then on by who has the file that it was entered in, or a copy of it.
  private func laterClaims(_ claim: Witness.Claim) -> [Witness.Claim] {
    let ref = witness.canonical(claim.ref)
    let authors = files(of: claim.author)
    return witness.claims.filter {
      ($0.author.map(authors.contains) ?? (claim.author == nil)) && $0.event >= claim.event
        && witness.canonical($0.ref) == ref
    }
  }

  private func files(of author: Witness.Author) -> Set<Int> { author.flatMap { copies[$0] } ?? [] }

  func hasRowConflict(_ ref: RowRef) -> Bool { (conflicts[ref] ?? []).contains { $0.field == nil } }

  /// Every value that stood in the cell and was replaced knowingly, and those that conflicts keep.
  func values(of claim: Witness.Claim, _ original: Witness.Claim, _ column: Int) -> [Value] {
    guard let field = witness.schema.record(claim.ref.record)?.fields[column] else { return [] }
    let kept = (conflicts[claim.ref] ?? []).flatMap { conflict -> [Value] in
      if let contested = conflict.field {
        return contested == field.name ? [conflict.base, conflict.master] + conflict.contenders.map(\.value) : []
      }
      return conflict.images.compactMap { column < $0.count ? $0[column] : nil }
    }
    return replaced.values(of: claim, original, column) + kept.map { witness.canonical($0, field) }
  }
}

extension Town {
  /// The machines whose file, or a copy of it, may have sent all of it once more to a restored city: what that parks anew nobody says
  /// again (a gap of M12).
  func sendersAgain() -> Set<Int> {
    if restores == 0 { return [] }
    let origins = Set(machines.filter { areBackupsLost || $0.hasRejoined }.map(\.origin))
    return Set(machines.filter { origins.contains($0.origin) }.map(\.index))
  }

  /// The places of batches in the log, by the SHA-256 of their bodies: of one that came under several ids, the first or the last.
  func arrivalsByBody(latest: Bool = false) throws -> [[UInt8]: Int64] {
    let master = try city.master
    return try master.read { db in
      var arrivals: [[UInt8]: Int64] = [:]
      try db.each("SELECT arrival, hash FROM sync_batch ORDER BY arrival DESC") { row in
        guard case .blob(let hash) = row.cell(1) else { return }
        let body = try body(hash, row[0], db)
        if !latest || arrivals[body] == nil { arrivals[body] = row[0] }
      }
      return arrivals
    }
  }

  private func body(_ hash: [UInt8], _ arrival: Int64, _ db: Database) throws -> [UInt8] {
    if let known = bodies[hash] { return known }
    let found = try db.first("SELECT message FROM sync_batch WHERE arrival = ?", [.integer(arrival)])?.first
    guard case .blob(let message)? = found else { return [] }
    let body = sha256(try SealedEnvelope(message[...]).unverifiedBody())
    bodies[hash] = body
    return body
  }
}
