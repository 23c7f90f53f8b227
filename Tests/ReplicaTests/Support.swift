import Foundation
import Replica
import SQLiteStore
import SyncCore
import SyncProtocol
import TestSupport
import Testing

/// A value as a test writes it.
func text(_ value: Value?) -> String {
  switch value {
  case nil: "·"
  case .null: "NULL"
  case .integer(let x): String(x)
  case .real(let x): String(x)
  case .text(let x): x.isEmpty ? "''" : x
  case .blob(let x): "x'\(x.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())'"
  }
}

/// `~ company c1 staff 5→6`, `+ company c9 name=丙`, `- company c1`: cells in the order of the schema, NULLs of an insert left out.
func text(_ change: Change, _ record: RecordSchema) -> String {
  let key = "\(change.record) \(change.key.values.map(text).joined(separator: ","))"
  let cells = record.fields.indices.filter { !record.isKey($0) }
  switch change.kind {
  case .delete: return "- \(key)"
  case .insert:
    let set = cells.filter { change.new[$0] != .null }.map { "\(record.fields[$0].name)=\(text(change.new[$0]))" }
    return (["+ \(key)"] + set).joined(separator: " ")
  case .update:
    let set = cells.filter { change.new[$0] != nil }
      .map { "\(record.fields[$0].name) \(text(change.old[$0]))→\(text(change.new[$0]))" }
    return "~ \(key) " + set.joined(separator: ", ")
  }
}

extension Replica {
  func pendingChanges() throws -> [Change] {
    try read { db in
      var changes: [Change] = []
      for record in schema.records {
        try record.eachPending(db) { row in row.change(record).map { changes.append($0) } }
      }
      return changes
    }
  }

  /// Everything pending, a line a row.
  func pending() throws -> [String] {
    try pendingChanges().compactMap { change in schema.record(change.record).map { text(change, $0) } }
  }

  func cell(_ name: String, _ key: String, _ field: String) throws -> Value? {
    let record = try record(name)
    return try row(record, key: RowKey([.text(key)])).flatMap { row in record.index(of: field).map { row[$0] } }
  }

  func integer(_ sql: String) throws -> Int64? { try read { try $0.integer(sql) } }
}

typealias Answer = (receipts: [Envelope], pages: [Envelope])

extension World {
  /// A replica of A with two companies and a figure that the city knows.
  static func settled() async throws -> (World, Replica) {
    let world = try World.small()
    let replica = try await world.join("A")
    try world.shell(
      replica,
      """
      INSERT INTO company (id, office, code, name, staff) VALUES ('c1', 'A', '1', '甲', 5), ('c2', 'A', '2', '乙', 7);
      INSERT INTO figure VALUES ('c1', 2025, 100, NULL);
      """)
    try await world.sync(replica)
    return (world, replica)
  }

  /// Asks the city, sending these batches, and returns what it answers, not yet taken.
  func ask(_ replica: Replica, sending batches: [[UInt8]] = []) throws -> Answer {
    clock.now += 1000
    let meta = try replica.meta()
    var session = SyncSession(
      city: try VerifyingKey(bytes: meta.cityKey), replica: meta.replica, epoch: meta.epoch,
      schema: meta.schemaHash, cursor: meta.cursor)
    var request = try replica.hello().bytes + batches.flatMap { $0 }
    while true {
      switch try session.receive(try master.exchange(request)) {
      case .continueFrom(let cursor): request = try replica.hello(tentative: cursor).bytes
      case .upgrade(let text):
        try replica.upgrade(to: text)
        session.upgraded(to: try replica.meta().schemaHash)
        request = try replica.hello().bytes
      case .finish(let receipts, let pages): return (receipts, pages)
      case .snapshot: throw SnapshotFile.damaged
      }
    }
  }

  /// Sends what is frozen and takes the answer, without freezing again.
  @discardableResult
  func send(_ replica: Replica) throws -> ReceiveSummary {
    try take(replica, try ask(replica, sending: replica.unacknowledged()))
  }

  @discardableResult
  func take(_ replica: Replica, _ answer: Answer) throws -> ReceiveSummary {
    try replica.receive(receipts: answer.receipts, pages: answer.pages)
  }
}

func parked(_ replica: Replica) throws -> [String] {
  try replica.parked().map { row in
    "\(row.ref.record) \(row.reason) \(row.batch.map(String.init) ?? "unsent"): \(row.row.filter { !$0.isNull }.map(text).joined(separator: " "))"
  }
}

func expectEqual(_ world: World, _ replica: Replica) throws {
  #expect(try world.differences(replica) == [])
  #expect(try replica.verify() == [])
  #expect(try replica.pending() == [])
  #expect(try replica.integer("SELECT count(*) FROM sync_flight") == 0)
}
