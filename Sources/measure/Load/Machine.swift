import Replica
import SQLiteStore
import SyncClient
import SyncCore

/// One machine: a replica, and a row that nobody else edits.
struct Machine: Sendable {
  static let record = "enterprise"
  static let edited = "taxable_sales"
  /// A machine that failed so often stops.
  private static let mostFailures = 100

  let number: Int
  let replica: Replica
  let client: SyncClient
  let key: RowKey

  struct Log: Sendable {
    var latencies: [Duration] = []
    /// Syncs that carried an edit.
    var edits = 0
    var failures: [String] = []
  }

  /// Edits and syncs until the shift ends.
  /// - Parameter machines: how many there are; paced, their syncs are spread evenly.
  func work(_ shift: Shift, among machines: Int) async -> Log {
    var log = Log()
    var due = shift.start + shift.every * (Double(number) / Double(machines))
    var turn = 0
    while due < shift.end, ContinuousClock.now < shift.end, log.failures.count < Self.mostFailures {
      turn += 1
      let isEdit = turn % shift.edits == 0
      do {
        if isEdit { try edit(Int64(turn)) }
        try await Task.sleep(until: due, clock: .continuous)
        let start = shift.isPaced ? due : .now
        _ = try await client.sync()
        log.latencies.append(start.duration(to: .now))
        if isEdit { log.edits += 1 }
      } catch { log.failures.append("\((error as? Failure)?.message.en ?? "\(error)")") }
      due += shift.every
    }
    return log
  }

  func edit(_ value: Int64) throws {
    let record = try replica.record(Self.record)
    try replica.edit(as: "clerk") { db in
      try replica.update(db, record, key: key, [Self.edited: .integer(value)].byColumn(record))
    }
  }

  /// What the row's edited cell is in a store.
  func value(in store: some RecordStore) throws -> Value? {
    let record = try store.record(Self.record)
    return try record.index(of: Self.edited).flatMap { try store.row(record, key: key)?[$0] }
  }
}

extension [String: Value] {
  /// By the number of the column.
  func byColumn(_ record: RecordSchema) -> [Int: Value] {
    [Int: Value](uniqueKeysWithValues: compactMap { name, value in record.index(of: name).map { ($0, value) } })
  }
}
