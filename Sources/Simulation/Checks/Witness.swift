import Replica
import SyncCore
import SyncProtocol

/// Remembers every value that anybody ever entered, what its author saw there before, and what was frozen into batches.
/// It looks at tables only, before and after a person's edit; of the engine's own bookkeeping it knows nothing.
struct Witness {
  /// nil: an official.
  typealias Author = Int?

  struct Claim {
    var event: Int
    var author: Author
    var ref: RowRef
    /// nil: the row was deleted.
    var column: Int?
    var value: Value
    /// What the author saw in its place.
    var seen: Value
    /// Its author saw no such row.
    var isInsert = false
    /// It was entered before, and what waits of it was taken up again.
    var isRepeated = false
    /// Of an official: its place in the city's log; nil: it has none yet, because no batch holds it.
    var arrival: Int64?
    /// Of a clerk: the batch that it went into, and the SHA-256 of its body. Copies of one file give one number to different batches.
    var batch: Int64?
    var body: [UInt8]?
    /// Of a clerk: the last batch of the city's log that the machine had heard of.
    var read: Int64?
    /// Of a clerk: what its batch says that stood there; nil: it says nothing of this.
    var base: Value?
    /// It was typed as the city had it already: nothing of it need arrive.
    var agrees = false
    /// Of an emptied cell: the city's batch that filled it from the other one of two rows that became one.
    var filled: Int64?
  }

  struct Erased {
    var event: Int
    /// What stood there.
    var value: Value
    /// What the city had got before.
    var copies: Set<Value>
    /// The city's batch that says so.
    var arrival: Int64
  }

  /// What a clerk did to a whole row.
  struct Act {
    var author: Int
    var ref: RowRef
    var event: Int
  }

  struct Cell: Hashable {
    var ref: RowRef
    var column: Int
  }

  /// The latest version.
  var schema: Schema
  private(set) var claims: [Claim] = []
  /// Values that somebody replaced who had them before their eyes, by cell, and who did.
  private(set) var seen: [Cell: [Value: [Step]]] = [:]
  /// Who entered a row.
  private(set) var inserted: [RowRef: [Step]] = [:]
  /// Rows of which something was parked at a city that was lost.
  private(set) var parkedBefore: Set<RowRef> = []
  /// The duplicates that were merged.
  private(set) var aliases: [RowRef: RowKey] = [:]
  /// The rows whose claims do not add up: something was forgotten, two totals became one, or another's value showed when an edit was
  /// taken back.
  private(set) var uncountable: Set<RowRef> = []
  private(set) var takenUp: Set<RowRef> = []
  /// How everything stood at the last rest; nil: a file or the city's disk has gone back in time since.
  var baseline: Baseline?
  /// Values that were lost with a disk or a file. Who typed the same over them, as the city had it, has nothing of it to send.
  private(set) var forgotten: [Cell: Set<Value>] = [:]
  /// The rows of which clerks took back what waits.
  private(set) var withdrawals: [Act] = []
  /// Rows that a clerk wanted deleted, for which the city is asked.
  private(set) var requests: [Act] = []
  private var requested: [RowRef: Set<Stamp>] = [:]
  /// When a clerk's file was last replaced by an old copy.
  private(set) var putBack: [Int: Int] = [:]
  /// What its clerk enters again just now, and the columns that they type: what shows in the others is not replaced by who saw it.
  var again: (ref: RowRef, typed: Set<Int>)?
  private var merges: [(duplicate: RowRef, keep: RowKey, arrival: Int64)] = []
  /// Cells that were erased, and what stood in them.
  private(set) var erased: [Cell: [Erased]] = [:]
  /// Those that were lost with the city's disk.
  private(set) var lostErasures: [Cell: [Erased]] = [:]
  /// The hashes of every batch that was frozen, one each if no file was copied, by the id of its sender and number.
  private(set) var frozen: [Identifier: [Int64: Set<[UInt8]>]] = [:]
  /// The last batch of each clerk, as last looked at.
  private var last: [Int: Int64] = [:]

  init(_ schema: Schema) { self.schema = schema }

  /// What a person changed: the difference of what stood there before and after.
  /// - Parameters:
  ///   - only: rows beyond these changed by themselves.
  ///   - images: all that the person had seen of these rows. What stands in none of them is replaced unseen (M4).
  ///   - arrival: an official's batch in the log; nil: none holds it yet.
  ///   - read: of a clerk, the last batch of the city's log that the machine has heard of.
  mutating func note(
    _ author: Author, event: Int, before: Rows, after: Rows, only: Set<RowRef>? = nil,
    images: [RowRef: [[Value]]] = [:], arrival: Int64? = nil, read: Int64? = nil
  ) {
    for ref in Set(before.keys).union(after.keys).inOrder()
    where before[ref] != after[ref] && only?.contains(ref) ?? true {
      guard let record = schema.record(ref.record), record.projects == nil else { continue }
      let (old, new) = (before[ref], after[ref])
      func hasSeen(_ value: Value, _ column: Int) -> Bool {
        images[ref]?.contains { $0.cell(column) == value } ?? true
      }
      let step = Step(event: event, author: author, ref: ref, column: nil)
      if old == nil { inserted[ref, default: []].append(step) }
      for column in record.fields.indices where !record.isKey(column) && old?.cell(column) != new?.cell(column) {
        let isAgain = again.map { $0.ref == ref && !$0.typed.contains(column) } ?? false
        if let value = old?.cell(column), new != nil, !isAgain, hasSeen(value, column) {
          noteSeen(Cell(ref: ref, column: column), value, author, event: event)
        }
        guard let value = new?.cell(column), old != nil || !value.isNull else { continue }
        claims.append(
          Claim(
            event: event, author: author, ref: ref, column: column, value: value, seen: old?.cell(column) ?? .null,
            isInsert: old == nil, isRepeated: isAgain, arrival: arrival, read: read))
      }
      if let old, new == nil {
        for column in record.fields.indices where hasSeen(old.cell(column), column) {
          seen[Cell(ref: ref, column: column), default: [:]][old.cell(column), default: []].append(step)
        }
        claims.append(
          Claim(
            event: event, author: author, ref: ref, column: nil, value: .null, seen: .null, arrival: arrival, read: read
          ))
      }
    }
  }

  /// Somebody makes values show that were entered before, there or elsewhere, or nobody knows what became of one.
  mutating func noteRepeated(_ ref: RowRef) {
    uncountable.insert(ref)
    baseline?.uncountable.insert(ref)
  }

  /// What was parked of a row is pending again. Where its clerk types something instead, they replace what waited; the rest comes
  /// again (M13). A total that is typed stands for what waits, too.
  mutating func noteTakenUp(_ author: Int, _ parked: ParkedRow, typed: Set<Int>, event: Int) {
    for column in typed {
      noteSeen(Cell(ref: parked.ref, column: column), parked.row.cell(column), author, event: event)
    }
    let fields = schema.record(parked.ref.record)?.fields ?? []
    if typed.contains(where: { $0 < fields.count && fields[$0].policy == .sum }) { noteRepeated(parked.ref) }
    takenUp.insert(parked.ref)
    baseline?.takenUp.insert(parked.ref)
  }

  mutating func noteRequest(_ author: Int, _ ref: RowRef, _ stamp: Stamp, event: Int) {
    guard requested[ref, default: []].insert(stamp).inserted else { return }
    requests.append(Act(author: author, ref: ref, event: event))
  }

  mutating func noteWithdrawal(_ author: Int, _ ref: RowRef, event: Int) {
    withdrawals.append(Act(author: author, ref: ref, event: event))
  }

  mutating func noteSeen(_ cell: Cell, _ value: Value, _ author: Author, event: Int) {
    let step = Step(event: event, author: author, ref: cell.ref, column: cell.column)
    seen[cell, default: [:]][value, default: []].append(step)
  }

  mutating func noteLost(parked: [RowRef]) { parkedBefore.formUnion(parked) }

  mutating func noteMerge(_ record: String, duplicate: RowKey, keep: RowKey, arrival: Int64) {
    merges.append((RowRef(record, duplicate), keep, arrival))
    alias(RowRef(record, duplicate), keep)
  }

  /// An official made one row of two, and filled what was empty in one of them. That replaces, by somebody who saw them, the
  /// empty cells of the master as it stood then; whatever else differs is contested, and so is what had not arrived.
  /// - Parameters:
  ///   - hasArrived: whether the city had got a claim by then.
  ///   - arrival: the batch of the city's that says so.
  mutating func noteFilled(before: Rows, after: Rows, hasArrived: (Claim) -> Bool, was: Witness, arrival: Int64) {
    for i in claims.indices where claims[i].filled == nil && claims[i].value.isNull && hasArrived(claims[i]) {
      guard let column = claims[i].column, let old = before[was.canonical(claims[i].ref)],
        let new = after[canonical(claims[i].ref)]
      else { continue }
      if old.cell(column).isNull, !new.cell(column).isNull { claims[i].filled = arrival }
    }
  }

  private mutating func alias(_ duplicate: RowRef, _ keep: RowKey) {
    for (ref, target) in aliases where ref.record == duplicate.record && target == duplicate.key { aliases[ref] = keep }
    aliases[duplicate] = keep
  }

  mutating func noteErasure(_ cell: Cell, _ erasure: Erased) { erased[cell, default: []].append(erasure) }

  /// Whether who entered a value did not know of an erasure: their file had not read so far, or what they saw there is what it took, or
  /// an own value of which the same is true.
  func isUnaware(_ claim: Claim, of erasure: Erased) -> Bool {
    if claim.seen == erasure.value || claim.read ?? .max < erasure.arrival { return true }
    // An empty cell is what the erasure left.
    if claim.seen.isNull { return false }
    // What nobody entered was there from the first.
    return erasure.copies.contains(claim.seen) || !claims.contains { $0.value == claim.seen }
      || claims.contains {
        $0.event < claim.event && $0.value == claim.seen && $0.author == claim.author && $0.ref == claim.ref
          && $0.column == claim.column && ($0.event < erasure.event || isUnaware($0, of: erasure))
      }
  }

  /// Whether what somebody did in this event is known: an edit may have been over before a fault began in it.
  func hasNoted(_ event: Int) -> Bool { claims.contains { $0.event == event } }

  /// The rows that one with its unit in its key may be of units that took over (M15).
  func landings(of ref: RowRef) -> [RowRef] {
    guard let place = schema.record(ref.record)?.unitPlace, case .text(let unit) = ref.key.values[place] else {
      return []
    }
    return successors(of: unit).sorted().map { successor in
      var values = ref.key.values
      values[place] = .text(successor)
      return RowRef(ref.record, RowKey(values))
    }
  }

  /// The units that ever took over from this one, or from one that did.
  func successors(of unit: String) -> Set<String> {
    guard let units = schema.units, let successor = schema.successor,
      let column = schema.record(units.record)?.index(of: successor)
    else { return [] }
    var found: Set<String> = []
    var next = [unit]
    while let unit = next.popLast() {
      for claim in claims where claim.ref == RowRef(units.record, RowKey([.text(unit)])) && claim.column == column {
        if case .text(let successor) = claim.value, found.insert(successor).inserted { next.append(successor) }
      }
    }
    return found
  }

  /// Rows that a tool entered at the city by the key of a merged duplicate.
  var enteredAgain: Set<RowRef> {
    let rows = claims.filter { claim in
      claim.author == nil && claim.isInsert
        && merges.contains { $0.duplicate == claim.ref && $0.arrival < claim.arrival ?? .max }
    }
    return Set(rows.map(\.ref))
  }

  /// The keys of rows that somebody deleted.
  func deleted(_ record: String) -> Set<RowKey> {
    Set(claims.filter { $0.column == nil && $0.ref.record == record }.map(\.ref.key))
  }

  /// What officials did without a batch stands in this one now.
  mutating func settleArrivals(_ arrival: Int64) {
    for i in claims.indices where claims[i].author == nil && claims[i].arrival == nil { claims[i].arrival = arrival }
  }

  /// What officials did in these batches never happened. What a clerk did as they did went into no batch: it is lost with theirs.
  mutating func forget(_ isLost: (Int64) -> Bool) {
    func isUndone(_ claim: Claim) -> Bool { claim.author == nil && claim.arrival.map(isLost) ?? true }
    let lost = claims.filter(isUndone)
    remove { claim in
      isUndone(claim)
        || claim.author != nil && (claim.batch == nil || claim.agrees)
          && lost.contains { $0.ref == claim.ref && $0.column == claim.column && $0.value == claim.value }
    }
    for i in claims.indices where claims[i].filled.map(isLost) == true { claims[i].filled = nil }
    merges.removeAll { isLost($0.arrival) }
    aliases = [:]
    for merge in merges { alias(merge.duplicate, merge.keep) }
    let lostNow = erased.mapValues { $0.filter { isLost($0.arrival) } }.filter { !$0.value.isEmpty }
    lostErasures.merge(lostNow) { $0 + $1 }
    erased = erased.mapValues { $0.filter { !isLost($0.arrival) } }.filter { !$0.value.isEmpty }
  }

  /// Erasures of this row that were lost are back: somebody had them whom nobody awaited.
  mutating func noteErasuresBack(of ref: RowRef, arrival: Int64) {
    for (cell, erasures) in lostErasures where canonical(cell.ref) == ref {
      lostErasures[cell] = nil
      for var erasure in erasures {
        erasure.arrival = arrival
        noteErasure(cell, erasure)
      }
    }
  }

  /// What was done in this event is as the city had it already.
  mutating func noteAgreed(_ event: Int) {
    for i in claims.indices where claims[i].event == event { claims[i].agrees = true }
  }

  /// A clerk's file has these batches: what was done to their rows and is in none yet went with the first that is new.
  /// - Parameter aside: rows that were set aside before they went into a batch.
  mutating func settleBatches(
    _ author: Int, _ batches: [Machine.Batch], aside: @autoclosure () throws -> [ParkedRow]
  ) rethrows {
    guard let newest = batches.last?.number else { return }
    defer { last[author] = newest }
    let new = batches.filter { $0.number > last[author] ?? 0 }
    if new.isEmpty { return }
    let aside = try aside()
    func isAside(_ claim: Claim) -> Bool {
      aside.contains { $0.ref == claim.ref && claim.column.map($0.row.cell(_:)) == claim.value }
    }
    for batch in new {
      for i in claims.indices where claims[i].author == author && claims[i].batch == nil {
        if batch.changes[claims[i].ref] != nil, !isAside(claims[i]) {
          (claims[i].batch, claims[i].body, claims[i].base) = (batch.number, batch.body, batch.base(of: claims[i]))
        }
      }
    }
  }

  func lastBatch(of author: Int) -> Int64? { last[author] }

  /// A clerk's file was replaced by an old copy: what was done since and did not arrive is lost with it, and numbers come again.
  /// - Parameters:
  ///   - now: the event that does it.
  ///   - number: the last batch of the copy.
  mutating func forget(_ author: Int, since event: Int, now: Int, last number: Int64?, delivered: Int64) {
    putBack[author] = now
    last[author] = number
    remove { $0.author == author && $0.event > event && $0.batch ?? .max > delivered }
  }

  /// Whether an official did something in this event that no batch holds.
  func isInNoBatch(_ event: Int) -> Bool {
    claims.contains { $0.event == event && $0.author == nil && $0.arrival == nil }
  }

  /// What somebody's program was killed at may have gone with the power.
  mutating func forget(_ author: Author, _ events: [Int], unless rows: Rows) {
    remove { claim in
      guard claim.author == author, claim.batch == nil, claim.arrival == nil, events.contains(claim.event) else {
        return false
      }
      guard let column = claim.column else { return rows[claim.ref] != nil }
      return rows[claim.ref]?.cell(column) != claim.value
    }
  }

  /// A batch of a clerk's is in no file any more.
  mutating func forget(_ author: Int, body: [UInt8]) { remove { $0.author == author && $0.body == body } }

  /// Batches of a clerk's that nobody asks for any more.
  mutating func forget(
    _ author: Int, upTo last: Int64, hasArrived: ([UInt8]) -> Bool, unless isKept: (RowRef, Int64) -> Bool
  ) {
    remove { claim in
      guard claim.author == author, let batch = claim.batch, batch <= last, let body = claim.body else { return false }
      return !hasArrived(body) && !isKept(claim.ref, batch)
    }
  }

  private mutating func remove(_ isForgotten: (Claim) -> Bool) {
    for claim in claims where isForgotten(claim) {
      noteRepeated(claim.ref)
      if let column = claim.column {
        forgotten[Cell(ref: canonical(claim.ref), column: column), default: []].insert(claim.value)
      }
    }
    claims.removeAll(where: isForgotten)
  }

  /// - Returns: the number of a batch that was frozen before with other bytes.
  mutating func noteFrozen(_ machine: Identifier, _ batches: [(number: Int64, hash: [UInt8])]) -> Int64? {
    for batch in batches {
      frozen[machine, default: [:]][batch.number, default: []].insert(batch.hash)
    }
    return batches.map(\.number).first { frozen[machine]?[$0]?.count ?? 0 > 1 }
  }
}
