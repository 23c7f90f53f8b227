import SyncCore
import SyncProtocol

// What becomes of changes of a county: the merge law for every row, then the constraints for the rows together.
// Nothing here knows which database the master is.

struct Sender {
  var replica: Identifier
  var org: String
  /// The unit that took over from that one, if any did.
  var successor: String?
  /// City minus replica, milliseconds.
  var offset: Int64
  /// When its batch came, if that is in the log already; nil: now.
  var came: Stamp?
  /// The cursor of the replica when it froze the batch.
  var cursor: Int64

  /// Whether what this unit sees is its to change. nil: nobody can tell whose it is.
  func owns(_ unit: String?) -> Bool {
    #if MUTANTS
      if Mutant.everythingIsOutOfScope.isActive { return unit == "" }
    #endif
    return unit == "" || unit == org || unit != nil && unit == successor
  }
}

/// One change on its way in. It is handed on from step to step, so it is shared.
final class Incoming {
  /// Its place in the batch, from 1.
  let n: Int
  /// With duplicates and units mapped.
  let change: Change
  /// As its sender sent it.
  let sent: Change
  /// It deletes the row by a key that this had before duplicates were merged.
  let isByFormerKey: Bool
  /// It deletes a row that was entered by another key, too.
  let isOfSharedRow: Bool
  /// It carries out a decision: the cell is not under review for it.
  let decides: String?
  /// The fields of which an erasure took what was sent.
  let erased: [String]
  /// When its `latest` cells were edited, by the city's clock; nil: as the change says, by its sender's.
  let stamps: [Int: Stamp]?
  /// Who gave a column its value, where that may be another than the sender; nil: the sender.
  let author: (Int) throws -> Identifier?

  init(
    n: Int, change: Change, sent: Change, isByFormerKey: Bool = false, isOfSharedRow: Bool = false,
    decides: String? = nil, erased: [String] = [], stamps: [Int: Stamp]? = nil,
    author: @escaping (Int) throws -> Identifier? = { _ in nil }
  ) {
    self.n = n
    self.change = change
    self.sent = sent
    self.isByFormerKey = isByFormerKey
    self.isOfSharedRow = isOfSharedRow
    self.decides = decides
    self.erased = erased
    self.stamps = stamps
    self.author = author
  }

  /// Whether it deletes a row by the key that the row has now, or by which it came before it landed under that. By the key of a
  /// duplicate that was merged nothing is deleted.
  var isDeleteByItsKey: Bool { change.kind == .delete && !isByFormerKey }
}

final class Intake {
  let schema: Schema
  let formats: Formats
  let transaction: any MasterTransaction
  let sender: Sender
  let received: Stamp
  /// Reasons for which the city takes in what it would park.
  let waived: Set<Parking>
  /// The columns whose cells keep when they were edited, by record; nil: those that the schema settles by it.
  let latest: [String: [Int]]?

  let records: [String: RecordSchema]
  let ties: [String: Ties]
  /// Rows of the master beside those of the batch.
  var images: [RowRef: [Value]] = [:]
  /// Rows of the master that refer to what is not there, or to such rows.
  var orphans: Set<RowRef> = []
  /// By what others may refer to the rows of the batch.
  lazy var arriving = Set(settled.flatMap { ties[$0.record.name]?.identities($0.result.image) ?? [] })
  /// The rows of the batch that the city has closed.
  var closed: [RowRef: Closed] = [:]
  var settled: [Row] = []
  /// Where each row of the batch is: most batches need not know.
  lazy var byRef = Dictionary(uniqueKeysWithValues: settled.indices.map { (settled[$0].change.ref, $0) })
  /// The rows of the batch that come to claim a unique value.
  var claimants: [UniqueClaim: [Int]] = [:]
  /// The rows of the batch that others may refer to by a value, and that come, go or change it.
  var identified: [ReferenceTarget: [Int]] = [:]

  /// One change with what the law makes of it.
  final class Row {
    let incoming: Incoming
    let record: RecordSchema
    let before: [Value]?
    /// The last image of a row that the master has deleted, when the sender changes it.
    let last: [Value]?
    var result: MergeResult
    var parked: Refused?
    /// Whether it claims or gives up a unique value, or refers or is referred to by another one than before.
    var tiesDiffer = false
    var change: Change { incoming.change }
    var after: [Value]? { parked == nil ? result.image : before }

    init(incoming: Incoming, record: RecordSchema, master: MasterRow, result: MergeResult) {
      self.incoming = incoming
      self.record = record
      before = master.image
      last = incoming.change.kind == .update ? master.tombstone : nil
      self.result = result
    }
  }

  /// Why a row cannot stand, for the machine and for the clerk, and what would have to go.
  struct Refused {
    var reason: Parking
    var detail: Label
    var cause: Cause?
  }

  /// When the batch came: nothing of it was edited later.
  var came: Stamp { sender.came ?? received }

  init(
    schema: Schema, formats: Formats, transaction: any MasterTransaction, sender: Sender, received: Stamp,
    ties: [String: Ties], waived: Set<Parking> = [], latest: [String: [Int]]? = nil
  ) {
    self.schema = schema
    self.formats = formats
    self.transaction = transaction
    self.sender = sender
    self.received = received
    self.ties = ties
    self.waived = waived
    self.latest = latest
    records = Dictionary(uniqueKeysWithValues: schema.records.map { ($0.name, $0) })
  }

  /// - Precondition: no row occurs twice. Settles once.
  func settle(_ changes: [Incoming]) throws -> Settlement {
    let refs = changes.map(\.change.ref)
    let stored = try transaction.images(inOrderOf: refs)
    let tombstones = try transaction.tombstones(of: refs.indices.filter { stored[$0] == nil }.map { refs[$0] })
    let conflicts = try transaction.waitingConflicts(of: refs)
    let stamps = try transaction.cellStamps(of: refs)
    closed = try loadLocks(changes, stored, tombstones)
    orphans = try transaction.orphans(in: nil)
    settled.reserveCapacity(changes.count)
    for (index, incoming) in changes.enumerated() {
      let ref = refs[index]
      guard let record = records[ref.record] else { continue }
      let review = (conflicts[ref] ?? []).compactMap(\.field).filter { $0 != incoming.decides }
      let master = MasterRow(
        image: stored[index], tombstone: tombstones[ref],
        underReview: Set(review.compactMap(record.index(of:))), stamps: stamps[ref] ?? [:],
        isLocked: closed[ref] != nil, isShared: incoming.isOfSharedRow)
      settled.append(
        Row(incoming: incoming, record: record, master: master, result: merged(incoming, master, record)))
    }
    try loadParents()
    for (row, refused) in zip(settled, try settled.map(refusal)) { row.parked = refused }
    try letGoWhatStays()
    try settleConstraints()
    return try settlement(conflicts)
  }

  private func merged(_ incoming: Incoming, _ master: MasterRow, _ record: RecordSchema) -> MergeResult {
    let change = incoming.change
    // A duplicate that was merged into another row is gone already.
    if change.kind == .delete, !incoming.isDeleteByItsKey {
      return MergeResult(image: master.image, contests: [], stamps: [:], asSent: true)
    }
    #if MUTANTS
      var master = master
      if Mutant.newsContests.isActive,
        let place = try? transaction.places(of: [change.ref], unit: sender.org, unknownTo: sender.replica)[change.ref],
        place > sender.cursor
      {
        master.underReview = Set(record.fields.indices)
      }
    #endif
    let stamps = incoming.stamps ?? corrected(change, record)
    return merge(change, into: master, schema: record, side: .county, stamps: stamps)
  }

  /// The row stays, and the wish to delete it is heard.
  func contestedDelete(of image: [Value]) -> MergeResult {
    let contest = Contest(column: nil, master: .blob(RowKey(image).encoded), state: .open, incomingDeletes: true)
    return MergeResult(image: image, contests: [contest], stamps: [:], asSent: false)
  }

  private func corrected(_ change: Change, _ record: RecordSchema) -> [Int: Stamp] {
    var corrected: [Int: Stamp] = [:]
    for column in latest?[record.name] ?? record.latestIndices where change.new[column] != nil {
      #if MUTANTS
        if Mutant.clocksAreTrusted.isActive {
          corrected[column] = change.edit(of: column).stamp
          continue
        }
      #endif
      corrected[column] = change.edit(of: column).stamp.corrected(offset: sender.offset, arrival: came)
    }
    return corrected
  }
}
