import SQLiteStore
import SyncCore
import SyncProtocol

// A replica of an earlier version of the schema is heard: its batches are read by that version. What it gets is not a page,
// which it could not read, but the schema: it upgrades first, then it reads on.

extension Master {
  /// The schema that a message names: the present one or an earlier one.
  func schema(named hash: [UInt8], _ meta: MasterMeta, _ transaction: any MasterTransaction) throws -> Schema {
    guard let known = try knownSchema(hash, meta, transaction) else { throw Refusal.schema(schema) }
    return known
  }

  func knownSchema(_ hash: [UInt8], _ meta: MasterMeta, _ transaction: any MasterTransaction) throws -> Schema? {
    try hash == meta.schemaHash ? schema : transaction.earlierSchema(hash)
  }

  /// Ends an answer in place of a page.
  func schemaMessage(for replica: ReplicaRecord, after cursor: Int64, _ meta: MasterMeta) throws -> Envelope {
    let header = Header(
      kind: .schema, replica: replica.id, epoch: meta.epoch, number: cursor, cursor: cursor,
      stamp: Stamp(milliseconds: clock()), schema: meta.schemaHash)
    return try Envelope(header, body: Array(meta.schemaText.utf8), key: key)
  }
}

extension Refusal {
  /// The next exchange brings the present version.
  package static let hasUpgraded = Refusal(
    .busy, zh: "市里刚升级了模式;数据未丢失,请重新同步",
    en: "the city has just upgraded its schema; nothing is lost, sync again")

  static func schema(_ city: Schema) -> Refusal {
    Refusal(
      .schema,
      zh: "市里不认识本机的模式;市里现为「\(city.name)」第 \(city.version) 版。本机数据未丢失,请与市里联系:"
        + "曾用过该版本的,用 city upgrade --schema 补回",
      en: "the city does not know this replica's schema; the city is at version \(city.version) of “\(city.name)”. "
        + "Nothing is lost, ask the city: city upgrade --schema brings back a version that it once had")
  }

  static func version(_ version: UInt8) -> Refusal {
    Refusal(
      .schema,
      zh: "收到第 \(version) 版协议的消息,市里使用第 \(Header.version) 版。本机数据未丢失,请升级较旧的一方",
      en: "a message of version \(version) of the protocol came, the city speaks version \(Header.version). "
        + "Nothing is lost, upgrade the older side")
  }
}
