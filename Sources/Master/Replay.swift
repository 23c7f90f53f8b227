import Foundation
import GRDB
import SQLiteStore
import SyncCore
import SyncProtocol

// The master of any day, from the log alone (I7): a fresh master takes every batch in the order of arrival, by the code that
// took it then, with the stamps and clock offsets of the log. It makes no signature and asks no clock.
//
// Not from the log: the epoch and the schema, enrolment codes. Foreign keys and triggers rest while the
// log is replayed: what a tool wrote into the master's file need not satisfy them, and there is nothing to capture.

extension Master {
  /// The path of a database that is gone when its master is.
  public static let temporary = ""

  /// The master as it was when a batch had come, from the log alone.
  /// - Parameters:
  ///   - arrival: the number of that batch, 0 for none; nil: the last one.
  ///   - path: where to make it. Nothing is there yet.
  /// Throws when a batch cannot be taken again or gives another receipt than it gave. Whether every batch is signed is for
  /// `verify`.
  public func replayed(upTo arrival: Int64? = nil, into path: String = temporary) throws -> Master {
    if !path.isEmpty, FileManager.default.fileExists(atPath: path) {
      throw Failure(.data, zh: "\(path) 已存在", en: "\(path) exists already; name another file")
    }
    let end = try logPoint(upTo: arrival).arrival
    do { return try follow(upTo: end, into: path) } catch {
      if !path.isEmpty { for end in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + end) } }
      throw error
    }
  }

  /// What follows from the log as it stands.
  func follow(upTo end: Int64 = .max, into path: String = temporary) throws -> Master {
    try read { log in
      let replay = try replay(log, upTo: end, into: path)
      try replay.assertTrue()
      return replay.master
    }
  }

  /// Reads the master as it was when each of these batches had come, in one pass over the log. Throws as `replayed`
  /// does, after what came before was read.
  /// - Parameter visit: gets the number of the batch, the tables and the schema of then. Asks nothing of this master.
  public func revisit(_ arrivals: Set<Int64>, _ visit: (Int64, Database, Schema) throws -> Void) throws {
    guard let end = arrivals.max() else { return }
    try read { log in
      let all = try replay(log, upTo: end, into: Self.temporary) { replay, arrival in
        guard arrivals.contains(arrival) else { return }
        try replay.assertTrue()
        try visit(arrival, replay.transaction.db, replay.schema)
      }
      try all.assertTrue()
    }
  }

  /// Replays the log and says where the master is not what follows from it. Reads the whole log; the chain and the signatures
  /// are for `verify`. Empty: the log gives this master, byte for byte. After an erasure only records
  /// that restrict nothing follow whole: what was erased cannot be contested again.
  public func verifyReplay() throws -> [Label] {
    if try !isRefused() { try absorbNow() }
    return try read { log in
      let replay = try replay(log, upTo: .max, into: Self.temporary)
      if !replay.isComplete || replay.master.schema != schema { return replay.findings + unsignedSchema(replay.master) }
      let differences = try replay.master.read { try schema.differences(log, $0, limit: Self.mostDifferences) }
      return replay.findings + differences
    }
  }

  private func replay(
    _ log: Database, upTo end: Int64, into path: String, _ visit: (Replay, Int64) throws -> Void = { _, _ in }
  ) throws -> Replay {
    let database = try Connection.open(path, create: true)
    // It begins with the first version, and the log upgrades it.
    let first = try SchemaTable.all(log).first.map { try SchemaTable.decode($0.text) } ?? schema
    let store = SQLiteMaster(database, schema: OpenSchema(first, reader: store.openSchema.read), path: path)
    let master = Master(store, key: key, formats: formats, clock: clock)
    // Nobody waits for the end of it: one transaction for all, durable once.
    try database.writeWithoutTransaction { try $0.execute(sql: "PRAGMA foreign_keys = OFF") }
    let replay = try database.durably(path) { db in
      var replay = try Replay(log: log, master: master, transaction: SQLiteMasterTransaction(db: db, schema: first))
      try replay.run(upTo: end, visit)
      return replay
    }
    try database.writeWithoutTransaction { try $0.execute(sql: "PRAGMA foreign_keys = ON") }
    return replay
  }
}
