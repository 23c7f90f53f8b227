import Foundation
import GRDB
import SQLiteStore
import SyncCore
import SyncProtocol

// A snapshot is one big pull: what is not exactly so here is reconciled row by row, as if a page had told it. Into a replica that
// holds nothing yet, the tables are copied.

extension Replica {
  /// Takes receipts and a snapshot in one transaction: all of it or nothing.
  /// - Parameters:
  ///   - snapshot: the manifest; its signature is verified here.
  ///   - file: the compressed file. It is only read.
  ///   - parkingClashes: as in a pull.
  public func receive(
    receipts: [Envelope], snapshot: Envelope, file: String, parkingClashes: Bool = false
  ) throws -> ReceiveSummary {
    let plain = "\(path).snapshot-\(UUID().uuidString)"
    defer { for ending in ["", "-journal"] { try? FileManager.default.removeItem(atPath: plain + ending) } }
    let manifest = try verified(snapshot)
    try SnapshotFile.unpack(file, manifest, into: plain)
    try SnapshotTables.check(plain, schema)
    do {
      let summary = try writeBeside(plain) { db in
        try db.execute(sql: "PRAGMA defer_foreign_keys = ON")
        let before = try metaForAnswer(db)
        try refuseForeign(db, snapshot.header, manifest, before, receipts)
        try refuseDamage(db)
        var summary = ReceiveSummary()
        let erased = try erasures(db)
        try carryOut(erased, db)
        if !erased.isEmpty { removeFetched(but: [file, file + "-manifest", plain]) }
        let former = try forgetReceipts(db, replacedBy: receipts)
        // They stand as they are while receipts are taken, and are many.
        var known: [PageItem]?
        func told() throws -> [PageItem] {
          let items = try known ?? notices(db)
          known = items
          return items
        }
        let again = try parkAgain(db, before: receipts, told(), &summary)
        let answer = Answer(receipts: receipts, items: told, rows: { try self.snapshotRows(db, $0) })
        let left = try again + take(db, answer, replacing: former, &summary)
        try advance(db, to: snapshot.header, manifest)
        // It holds all that two backups of the city do not.
        try db.execute(
          sql: "DELETE FROM main.sync_inbox; INSERT INTO main.sync_inbox SELECT number, sealed FROM snapshot.sync_own")
        let isNew = try isEmpty(db)
        summary.pulled =
          try isNew
          ? fill(db)
          : apply(db, Pull(differences(db), schema: schema), left, parkingClashes: parkingClashes, &summary.news)
        try db.run("UPDATE sync_clock SET stamp = max(stamp, ?)", [.integer(snapshot.header.stamp.raw)])
        try returnParked(db)
        // All of it went through the log; and a row that is gone may have been erased.
        try (isNew ? OldPages.inLog : .inFile).note(db)
        return summary
      }
      try Connection.translating(path) { try database.removeOldPages() }
      return summary
    } catch let failure as Failure where failure.kind == .data && !parkingClashes {
      try refuseDamage()
      throw Clash()
    }
  }

  private func verified(_ snapshot: Envelope) throws -> SnapshotManifest {
    do {
      let city = try VerifyingKey(bytes: identity.cityKey)
      let message = try SnapshotManifest.open(snapshot.bytes, from: city, for: identity.replica)
      guard message.header == snapshot.header else { throw EnvelopeError.tampered }
      return try SnapshotManifest(message.body)
    } catch let error as EnvelopeError { throw error.failure }
  }

  /// Only the city's own word of this unit, by this schema, and not older than anything that this replica knows.
  private func refuseForeign(
    _ db: Database, _ header: Header, _ manifest: SnapshotManifest, _ meta: ReplicaMeta, _ receipts: [Envelope]
  ) throws {
    let said = try SnapshotTables.meta(db)
    guard said["org"] == .text(meta.org) else {
      throw Failure(
        .protocolViolation, zh: "快照是给其他单位的;未作任何更改", en: "the snapshot is for another unit; nothing was changed here")
    }
    guard said["epoch"] == .blob(header.epoch.bytes), said["schema"] == .blob(header.schema),
      header.schema == meta.schemaHash, said["cursor"] == .integer(header.cursor),
      said["arrival"] == .integer(manifest.arrival)
    else { throw SnapshotTables.foreign }
    // A receipt says what the master holds since: a snapshot from before would take that back.
    let answered = receipts.filter { $0.header.epoch == header.epoch }.map(\.header.cursor).max() ?? 0
    let known = header.epoch == meta.epoch ? (cursor: meta.cursor, seen: meta.seen) : (cursor: 0, seen: 0)
    guard header.cursor >= known.cursor, manifest.arrival >= max(known.seen, answered) else { throw Self.oldSnapshot }
  }

  public static let oldSnapshot = Failure(
    .protocolViolation, zh: "快照比本机已读到的内容旧;未作任何更改,请重新同步",
    en: "the snapshot is older than what this replica has read; nothing was changed here, sync again")

  private func advance(_ db: Database, to header: Header, _ manifest: SnapshotManifest) throws {
    var meta = try ReplicaMeta.read(db)
    if meta.epoch == header.epoch { try forgetRestored(db, since: header.stamp) } else { try forgetReturn(db) }
    meta.seen = meta.epoch == header.epoch ? max(meta.seen, manifest.arrival) : manifest.arrival
    // The two backups that hold them may be lost as well as the city.
    if meta.epoch != header.epoch { meta.batchKept = try min(meta.batchKept, trimmedBatches(db)) }
    meta.epoch = header.epoch
    meta.cursor = header.cursor
    meta.lastSync = clock()
    try meta.write(db)
    if header.replica == meta.replica { try forgetEnrolment(db) }
  }

  /// One durable transaction that may read another file as `snapshot`.
  private func writeBeside<T>(_ file: String, _ body: (Database) throws -> T) throws -> T {
    try Connection.translating(path) {
      try database.writeWithoutTransaction { db in
        try db.run("ATTACH DATABASE ? AS snapshot", [.text(file)])
        defer { try? db.execute(sql: "DETACH DATABASE snapshot") }
        return try db.transaction(body)
      }
    }
  }
}
