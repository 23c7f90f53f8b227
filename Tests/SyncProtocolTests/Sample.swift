import SyncCore
import SyncProtocol

/// Small things that several tests here send around.
enum Sample {
  static let label = Label(zh: "样", en: "sample")

  /// A record with a composite key whose order is not that of the columns.
  static let value = RecordSchema(
    name: "指标值", label: label, key: ["year", "enterprise"],
    fields: [
      Field(name: "enterprise", label: label), Field(name: "year", label: label, kind: .integer),
      Field(name: "amount", label: label, kind: .money), Field(name: "备注", label: label, policy: .latest),
    ])
  static let unit = RecordSchema(
    name: "unit", label: label, key: ["code"],
    fields: [Field(name: "code", label: label), Field(name: "name", label: label)])
  static let schema = Schema(name: "sample", version: 1, title: label, records: [unit, value])

  static func edit(_ raw: Int64, _ actor: String = "张三") -> Edit { Edit(stamp: Stamp(raw: raw), actor: actor) }

  static let changes = [
    Change(
      record: "unit", key: RowKey([.text("A")]), kind: .insert, old: [nil, nil], new: [.text("A"), .null], edit: edit(1)
    ),
    Change(
      record: "指标值", key: RowKey([.integer(2024), .text("e1")]), kind: .update,
      old: [.text("e1"), .integer(2024), .null, .text("旧")], new: [nil, nil, .integer(.min), .text("")],
      edit: edit(2, ""),
      cellEdits: [3: edit(7, "李四")]),
    Change(
      record: "指标值", key: RowKey([.integer(2023), .text("")]), kind: .delete,
      old: [.text(""), .integer(2023), .integer(5), .null], new: [nil, nil, nil, nil], edit: edit(.max)),
  ]
  static let decisions = [
    Decision(
      conflict: 1, choice: .keep, value: .integer(5), reason: "核对无误", edit: edit(3),
      subject: Conflict.Subject(
        ref: RowRef("指标值", RowKey([.integer(2024), .text("e1")])), field: "值", openedAt: Stamp(raw: 7))),
    Decision(
      conflict: 2, choice: .take, contender: 2, value: .text("x"), reason: "", edit: edit(4), version: 3,
      subject: Conflict.Subject(ref: RowRef("unit", RowKey([.text("A")])), field: nil, openedAt: Stamp(raw: 8))),
  ]
  static let rulings = [
    Ruling(
      parked: ParkedRef(replica: String(repeating: "ab", count: 16), batch: 3, n: 2), verdict: .withdraw, reason: "错了",
      edit: edit(8))
  ]
  static let aliases = [
    Alias(record: "unit", key: RowKey([.text("B")]), target: RowKey([.text("A")]), reason: "同一单位", edit: edit(9))
  ]
  static let erasures = [
    Erasure(
      record: "unit", key: RowKey([.text("A")]), fields: ["name", "备注"], reason: "本人要求", edit: edit(10))
  ]
  static let batch = Batch(
    changes: changes, decisions: decisions, rulings: rulings, aliases: aliases, erasures: erasures)

  /// The text 甲 with a salt of sixteen bytes 0x5a.
  static func secret() throws -> Secret {
    let salt = Array(repeating: UInt8(0x5a), count: 16)
    return Secret(commitment: sha256(salt + RowKey([.text("甲")]).encoded), salt: salt, value: .text("甲"))
  }

  static let conflict = Conflict(
    id: 7, record: "指标值", key: RowKey([.integer(2024), .text("e1")]), field: "amount", base: .integer(1),
    master: .real(1),
    state: .open, policy: "review", version: 3, openedAt: Stamp(raw: 9))
  static let contender = Contender(
    id: 1, value: .blob([0]), deletes: true, replica: String(repeating: "ab", count: 16), edit: edit(5),
    receivedAt: Stamp(raw: 6))

  static func id(_ byte: UInt8) -> Identifier { Identifier(Array(repeating: byte, count: 16)) ?? .city }

  static func header(_ kind: MessageKind, number: Int64 = 1, cursor: Int64 = 2) -> Header {
    Header(
      kind: kind, replica: id(0xaa), epoch: id(0xee), number: number, cursor: cursor, stamp: Stamp(raw: 3),
      schema: Array(repeating: 0x5c, count: 32))
  }

  static func key(_ byte: UInt8) throws -> SigningKey { try SigningKey(seed: Array(repeating: byte, count: 32)) }
}
