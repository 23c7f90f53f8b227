import Foundation
import GRDB
import SQLiteStore
import SyncCore
import SyncProtocol

// A snapshot is made from one consistent read of the master, on a connection of its own: nobody waits for it. What changes
// after its place in the feed is for the pages that follow.

extension Master {
  /// Writes what one unit sees of the master into a compressed file and returns the signed manifest.
  /// - Parameters:
  ///   - replica: the machine that it is for; `.city`: any of the unit, as on a stick.
  ///   - file: replaced when it exists.
  public func snapshot(org: String, for replica: Identifier, into file: String) throws -> Envelope {
    try seal(try makeSnapshot(org: org, into: file), for: replica, answering: 0)
  }

  /// What a snapshot is of, and its file.
  struct MadeSnapshot: Codable, Equatable {
    var org: String
    var epoch: String
    var schema: String
    var cursor: Int64
    var arrival: Int64
    var id = ""
    var packed: Int64 = 0
    var raw: Int64 = 0
    var hash = ""
    /// Milliseconds since 1970.
    var madeAt: Int64 = 0

    /// Whether it holds the same.
    func isLike(_ other: MadeSnapshot) -> Bool {
      (org, epoch, schema, cursor, arrival) == (other.org, other.epoch, other.schema, other.cursor, other.arrival)
    }
  }

  func makeSnapshot(org: String, into file: String) throws -> MadeSnapshot {
    let plain = file + ".plain"
    defer { try? FileManager.default.removeItem(atPath: plain) }
    try? FileManager.default.removeItem(atPath: plain)
    var made = try copy(org, into: plain)
    let (packed, raw, hash) = try SnapshotFile.pack(plain, into: file)
    var random = SystemRandomNumberGenerator()
    made.id = Identifier(using: &random).description
    (made.packed, made.raw, made.hash) = (packed, raw, hash.hex)
    made.madeAt = clock()
    return made
  }

  func seal(_ made: MadeSnapshot, for replica: Identifier, answering number: Int64) throws -> Envelope {
    guard let epoch = Identifier(hex: made.epoch), let id = Identifier(hex: made.id),
      let hash = [UInt8](hex: made.hash),
      let schema = [UInt8](hex: made.schema)
    else { throw Failure(.defect, zh: "快照的说明有误", en: "the description of a snapshot is wrong") }
    let header = Header(
      kind: .snapshot, replica: replica, epoch: epoch, number: number, cursor: made.cursor, stamp: try now(),
      schema: schema)
    let manifest = SnapshotManifest(id: id, packed: made.packed, raw: made.raw, hash: hash, arrival: made.arrival)
    return try Envelope(header, body: manifest.bytes, key: key)
  }

  /// What a snapshot that is made now would be of.
  func standing(_ org: String) throws -> MadeSnapshot {
    try store.transaction { transaction in
      try absorb(transaction)
      return try standing(org, transaction)
    }
  }

  private func standing(_ org: String, _ transaction: any MasterTransaction) throws -> MadeSnapshot {
    let meta = try transaction.meta()
    return MadeSnapshot(
      org: org, epoch: meta.epoch.description, schema: meta.schemaHash.hex, cursor: try transaction.head(),
      arrival: try transaction.upcomingArrival() - 1)
  }

  private func copy(_ org: String, into plain: String) throws -> MadeSnapshot {
    // It goes through the rows once, in their order.
    let database = try Connection.open(path, create: false, cacheKilobytes: 2048)
    return try Connection.translating(path) {
      try database.writeWithoutTransaction { db in
        try db.run("ATTACH DATABASE ? AS snapshot", [.text(plain)])
        // Nobody else sees the file before it is whole, and a broken one is thrown away.
        try db.execute(sql: "PRAGMA snapshot.journal_mode = OFF; PRAGMA snapshot.synchronous = OFF")
        // A tool may edit the master between its last batch and the read: such an edit is in no batch, and has no place yet.
        for _ in 1...10 {
          try absorbNow()
          var made: MadeSnapshot?
          try db.inTransaction(.deferred) {
            let transaction = SQLiteMasterTransaction(db: db, schema: schema)
            if try transaction.hasOwnEdits() { return .rollback }
            try SnapshotTables.create(db, schema)
            try transaction.fillSnapshot(unit: org, key: key)
            made = try standing(org, transaction)
            return .commit
          }
          if let made {
            // It holds what other requests have committed, which may not be on the disk yet.
            try db.flushLog()
            return made
          }
        }
        throw Failure(
          .busy, zh: "主库正被其他程序不断修改,暂时无法制作快照;请稍后再试",
          en: "another program keeps editing the master, no snapshot can be made; try again in a moment")
      }
    }
  }
}

extension SQLiteMasterTransaction {
  /// Whether a tool made edits that no batch holds yet.
  func hasOwnEdits() throws -> Bool {
    try schema.records.contains { try db.first("SELECT 1 FROM main.\($0.baseTable) LIMIT 1") != nil }
  }
}
