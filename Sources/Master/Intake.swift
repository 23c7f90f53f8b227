import SyncCore
import SyncProtocol

// What becomes of one batch of a county: the merge law for every row, then the constraints for the rows together.
// Nothing here knows which database the master is.

struct Sender {
  var replica: Identifier
  var org: String
  /// City minus replica, milliseconds.
  var offset: Int64
  /// The cursor of the replica when it froze the batch.
  var cursor: Int64
}

struct Intake {
  let schema: Schema
  let formats: Formats
  let transaction: any MasterTransaction
  let sender: Sender
  let received: Stamp

  var records: [String: RecordSchema]
  var ties: [String: Ties]
  var images: [RowRef: [Value]] = [:]
  var settled: [Row] = []
  var byRef: [RowRef: Int] = [:]
  /// The rows of the batch that claim a unique value, before or after.
  var claimants: [UniqueClaim: [Int]] = [:]
  /// The rows of the batch that others may refer to by a value, before or after.
  var identified: [ReferenceTarget: [Int]] = [:]

  /// One change on its way.
  struct Row {
    var n: Int
    var change: Change
    var record: RecordSchema
    var before: [Value]?
    var result: MergeResult
    var parked: (reason: String, detail: Label)?
    var after: [Value]? { parked == nil ? result.image : before }
  }

  init(schema: Schema, formats: Formats, transaction: any MasterTransaction, sender: Sender, received: Stamp) {
    self.schema = schema
    self.formats = formats
    self.transaction = transaction
    self.sender = sender
    self.received = received
    records = Dictionary(uniqueKeysWithValues: schema.records.map { ($0.name, $0) })
    ties = records.mapValues { Ties($0, in: schema) }
  }

  mutating func settle(_ batch: Batch) throws -> Settlement {
    let refs = batch.changes.map(\.ref)
    images = try transaction.images(of: refs)
    let tombstones = try transaction.tombstones(of: refs.filter { images[$0] == nil })
    let conflicts = try transaction.waitingConflicts(of: refs)
    let stamps = try transaction.cellStamps(of: refs)
    for (index, change) in batch.changes.enumerated() {
      guard let record = records[change.record] else { continue }
      let master = MasterRow(
        image: images[change.ref], tombstone: tombstones[change.ref],
        underReview: Set((conflicts[change.ref] ?? []).compactMap { $0.field.flatMap(record.index(of:)) }),
        stamps: stamps[change.ref] ?? [:])
      let corrected = Dictionary(
        uniqueKeysWithValues: record.fields.indices.filter {
          record.fields[$0].policy == .latest && change.new[$0] != nil
        }
        .map { ($0, change.edit(of: $0).stamp.corrected(offset: sender.offset, arrival: received)) })
      let result = merge(change, into: master, schema: record, side: .county, stamps: corrected)
      byRef[change.ref] = settled.count
      settled.append(Row(n: index + 1, change: change, record: record, before: master.image, result: result))
    }
    try loadParents()
    for index in settled.indices { settled[index].parked = try refusal(settled[index]) }
    try settleConstraints()
    return try settlement(conflicts)
  }
}
