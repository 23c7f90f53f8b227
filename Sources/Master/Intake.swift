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
  /// The cursor of the replica when it froze the batch.
  var cursor: Int64
}

/// One change on its way in.
struct Incoming {
  /// Its place in the batch, from 1.
  var n: Int
  /// With duplicates and units mapped.
  var change: Change
  /// As its sender sent it.
  var sent: Change
  /// It carries out a decision: the cell is not under review for it.
  var decides: String?
  /// The fields of which an erasure took what was sent.
  var erased: [String] = []
}

struct Intake {
  let schema: Schema
  let formats: Formats
  let transaction: any MasterTransaction
  let sender: Sender
  let received: Stamp
  /// Reasons for which the city takes in what it would park.
  var waived: Set<Parking> = []

  let records: [String: RecordSchema]
  let ties: [String: Ties]
  var images: [RowRef: [Value]] = [:]
  /// The rows of the batch that the city has closed.
  var closed: [RowRef: Closed] = [:]
  var settled: [Row] = []
  var byRef: [RowRef: Int] = [:]
  /// The rows of the batch that claim a unique value, before or after.
  var claimants: [UniqueClaim: [Int]] = [:]
  /// The rows of the batch that others may refer to by a value, before or after.
  var identified: [ReferenceTarget: [Int]] = [:]

  /// One change with what the law makes of it.
  struct Row {
    var incoming: Incoming
    var record: RecordSchema
    var before: [Value]?
    var result: MergeResult
    var parked: Refused?
    var change: Change { incoming.change }
    var after: [Value]? { parked == nil ? result.image : before }
  }

  /// Why a row cannot stand, for the machine and for the clerk, and what would have to go.
  struct Refused {
    var reason: Parking
    var detail: Label
    var cause: Cause?
  }

  init(
    schema: Schema, formats: Formats, transaction: any MasterTransaction, sender: Sender, received: Stamp,
    ties: [String: Ties], waived: Set<Parking> = []
  ) {
    self.schema = schema
    self.formats = formats
    self.transaction = transaction
    self.sender = sender
    self.received = received
    self.ties = ties
    self.waived = waived
    records = Dictionary(uniqueKeysWithValues: schema.records.map { ($0.name, $0) })
  }

  /// - Precondition: no row occurs twice.
  mutating func settle(_ changes: [Incoming]) throws -> Settlement {
    let refs = changes.map(\.change.ref)
    images = try transaction.images(of: refs)
    let tombstones = try transaction.tombstones(of: refs.filter { images[$0] == nil })
    let conflicts = try transaction.waitingConflicts(of: refs)
    let stamps = try transaction.cellStamps(of: refs)
    closed = try loadLocks(changes, tombstones)
    for incoming in changes {
      let change = incoming.change
      guard let record = records[change.record] else { continue }
      let review = (conflicts[change.ref] ?? []).compactMap(\.field).filter { $0 != incoming.decides }
      let master = MasterRow(
        image: images[change.ref], tombstone: tombstones[change.ref],
        underReview: Set(review.compactMap(record.index(of:))), stamps: stamps[change.ref] ?? [:],
        isLocked: closed[change.ref] != nil)
      byRef[change.ref] = settled.count
      settled.append(Row(incoming: incoming, record: record, before: master.image, result: merged(incoming, master)))
    }
    try loadParents()
    for index in settled.indices { settled[index].parked = try refusal(settled[index]) }
    try settleConstraints()
    return try settlement(conflicts)
  }

  private func merged(_ incoming: Incoming, _ master: MasterRow) -> MergeResult {
    let change = incoming.change
    // A duplicate that was merged into another row is gone already.
    if change.kind == .delete, change.key != incoming.sent.key {
      return MergeResult(image: master.image, contests: [], stamps: [:], asSent: true)
    }
    guard let record = records[change.record] else {
      return MergeResult(image: master.image, contests: [], stamps: [:], asSent: false)
    }
    let corrected = Dictionary(
      uniqueKeysWithValues: record.fields.indices.filter {
        record.fields[$0].policy == .latest && change.new[$0] != nil
      }
      .map { ($0, change.edit(of: $0).stamp.corrected(offset: sender.offset, arrival: received)) })
    return merge(change, into: master, schema: record, side: .county, stamps: corrected)
  }
}
