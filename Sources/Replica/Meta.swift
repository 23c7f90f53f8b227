import Foundation
import GRDB
import SQLiteStore
import SyncCore
import SyncProtocol

/// What a replica knows of itself and of its city.
public struct ReplicaMeta: Sendable {
  public var replica: Identifier
  public var org: String
  public var epoch: Identifier
  public var cityKey: [UInt8]
  public var server: String
  public var schemaText: String
  /// How far along the master's sequence this replica has read.
  public var cursor: Int64
  /// The last number that was given to a batch; 0: none yet.
  public var last: Int64 = 0
  /// The arrival number up to which this replica has seen what the city had; 0: none yet.
  public var seen: Int64 = 0
  /// The last of its batches that two backups of the city are known to hold; 0: none.
  public var batchKept: Int64 = 0
  /// The X25519 key to which this replica encrypts for its city.
  public var cityAgreementKey: [UInt8]
  /// The public keys by which the city knew this machine before, oldest first.
  public var formerKeys: [[UInt8]] = []
  /// Milliseconds since 1970 of the last completed sync; nil before the first.
  public var lastSync: Int64?

  public init(
    replica: Identifier, org: String, epoch: Identifier, cityKey: [UInt8], cityAgreementKey: [UInt8],
    server: String, schemaText: String, cursor: Int64 = 0, lastSync: Int64? = nil
  ) {
    self.replica = replica
    self.org = org
    self.epoch = epoch
    self.cityKey = cityKey
    self.cityAgreementKey = cityAgreementKey
    self.server = server
    self.schemaText = schemaText
    self.cursor = cursor
    self.lastSync = lastSync
  }

  public var schemaHash: [UInt8] { sha256(Array(schemaText.utf8)) }

  static func read(_ db: Database) throws -> ReplicaMeta {
    var values: [String: Value] = [:]
    try db.each("SELECT name, value FROM sync_meta") { row in values[row[0] as String] = row.cell(1) }
    guard case .blob(let id)? = values["replica"], let replica = Identifier(id), case .text(let org)? = values["org"],
      case .blob(let epochBytes)? = values["epoch"], let epoch = Identifier(epochBytes),
      case .blob(let cityKey)? = values["city_key"], case .blob(let agreementKey)? = values["city_agreement_key"],
      case .integer(let last)? = values["last"], case .integer(let seen)? = values["seen"],
      case .text(let server)? = values["server"],
      case .text(let schema)? = values["schema"], case .integer(let cursor)? = values["cursor"]
    else {
      throw Failure(
        .data, zh: "副本文件不完整;请用备份恢复或重新 init", en: "the replica file is incomplete; restore a backup or init anew")
    }
    var lastSync: Int64?
    if case .integer(let at)? = values["last_sync"] { lastSync = at }
    var meta = ReplicaMeta(
      replica: replica, org: org, epoch: epoch, cityKey: cityKey, cityAgreementKey: agreementKey, server: server,
      schemaText: schema, cursor: cursor, lastSync: lastSync)
    meta.last = last
    meta.seen = seen
    if case .integer(let number)? = values["batch_kept"] { meta.batchKept = number }
    if case .blob(let keys)? = values["former_keys"] {
      meta.formerKeys = stride(from: 0, to: keys.count, by: 32).map { Array(keys[$0..<min($0 + 32, keys.count)]) }
    }
    return meta
  }

  func write(_ db: Database) throws {
    let values: [(String, Value)] = [
      ("replica", .blob(replica.bytes)), ("org", .text(org)), ("epoch", .blob(epoch.bytes)),
      ("city_key", .blob(cityKey)), ("city_agreement_key", .blob(cityAgreementKey)), ("last", .integer(last)),
      ("seen", .integer(seen)), ("batch_kept", .integer(batchKept)), ("former_keys", .blob(formerKeys.flatMap { $0 })),
      ("server", .text(server)), ("schema", .text(schemaText)), ("cursor", .integer(cursor)),
      ("last_sync", lastSync.map(Value.integer) ?? .null),
    ]
    for (name, value) in values { try Self.set(db, name, value) }
  }

  static func set(_ db: Database, _ name: String, _ value: Value) throws {
    try db.run(
      "INSERT INTO sync_meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
      [.text(name), value])
  }
}

extension Replica {
  /// What this file says of itself, as long as it is still whom this program opened.
  func ownMeta(_ db: Database) throws -> ReplicaMeta {
    let meta = try ReplicaMeta.read(db)
    guard meta.replica == identity.replica else {
      throw Failure(
        .busy, zh: "本机的编号刚刚由另一条命令更换;请重新运行", en: "another command has just given this machine a new id; run this again")
    }
    return meta
  }

  /// The city has another address from now on.
  public func setServer(_ server: String) throws { try write { try ReplicaMeta.set($0, "server", .text(server)) } }
}
