import GRDB
import SQLiteStore
import SyncCore
import SyncProtocol

// Giving back on sticks takes days, and answers come late, twice, or of a restore before the last one. Three marks tell them
// apart, until this replica has a new epoch:
//
//   restored_at    the stamp of the city's word that it was restored: sticks give back until it says something later
//   asking         the epoch that the city has since: what is given back says that it is for this one
//   given_back     the first hello that gave back everything that this replica has now, and how far it had read then

extension Replica {
  /// Whether the next stick gives back what a restored city lacks.
  public func isAskedBack() throws -> Bool {
    try read { try $0.first("SELECT 1 FROM sync_meta WHERE name = 'restored_at'") != nil }
  }

  /// The city says that it was restored and lacks what this replica has.
  public func noteRestored(_ standing: RestoredStanding) throws {
    try write { db in
      try ReplicaMeta.set(db, "restored_at", .integer(standing.header.stamp.raw))
      try ReplicaMeta.set(db, "asking", .blob(standing.header.epoch.bytes))
    }
  }

  /// A stick gives everything back.
  public func noteGivenBack(_ hello: Header) throws {
    try write { db in
      let seen = try ReplicaMeta.read(db).seen
      if try givenBack(db)?.seen == seen { return }
      var out = ByteWriter()
      out.bigEndian(hello.number)
      out.bigEndian(seen)
      try ReplicaMeta.set(db, "given_back", .blob(out.bytes))
    }
  }

  /// Whether the stick that is answered gave back all that this replica has by now: only then may a new epoch begin.
  public func hasGivenBack(by standing: RestoredStanding) throws -> Bool {
    try read { db in
      guard let mark = try givenBack(db) else { return false }
      return try standing.header.number >= mark.number && mark.seen == ReplicaMeta.read(db).seen
    }
  }

  /// The epoch of the city that wants back what it lacks; nil: none has asked.
  func asking(_ db: Database) throws -> Identifier? {
    try mark(db, "asking").flatMap { Identifier($0) }
  }

  func givenBack(_ db: Database) throws -> (number: Int64, seen: Int64)? {
    guard let bytes = try mark(db, "given_back") else { return nil }
    var reader = ByteReader(bytes[...])
    return (try reader.bigEndian(), try reader.bigEndian())
  }

  private func mark(_ db: Database, _ name: String) throws -> [UInt8]? {
    let found = try db.first("SELECT value FROM sync_meta WHERE name = ?", [.text(name)])?.first
    return if case .blob(let bytes)? = found { bytes } else { nil }
  }

  /// The city has said something later, of the epoch that this replica knows.
  func forgetRestored(_ db: Database, since stamp: Stamp) throws {
    try db.run("DELETE FROM sync_meta WHERE name = 'restored_at' AND value < ?", [.integer(stamp.raw)])
    guard db.changesCount > 0 else { return }
    try db.run("DELETE FROM sync_meta WHERE name = 'asking'")
  }

  /// Another epoch begins.
  func forgetReturn(_ db: Database) throws {
    try db.run("DELETE FROM sync_meta WHERE name IN ('restored_at', 'asking', 'given_back', 'gap')")
  }
}
