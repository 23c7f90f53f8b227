import SchemaFile
import SyncCore
import TestSupport
import Testing

@Suite struct ReadingTests {
  @Test("Parents come before children, otherwise as written")
  func order() throws {
    #expect(try Schema.foreign().records.map(\.name) == ["site", "order", "select", "place"])
  }

  @Test("A foreign schema is read as it stands")
  func foreign() throws {
    let schema = try Schema.foreign()
    #expect(schema.name == "仓库")
    #expect(schema.version == 3)
    #expect(schema.title == Label(zh: "Warehouse", en: "Warehouse"))
    #expect(schema.units == Reference(record: "site", field: "code"))
    let select = try #require(schema.record("select"))
    #expect(select.key == ["order", "行号"])
    #expect(select.scope == .via("order"))
    #expect(select.unique == [["order", "barcode"]])
    #expect(select.fields.map(\.name) == ["order", "行号", "barcode", "weight", "photo", "group", "where"])
    #expect(select.fields.map(\.required) == [true, true, false, false, false, false, false])
    #expect(select.field("行号")?.check == Check(min: .min, max: .max))
    #expect(select.field("group")?.check.values?.map(\.value) == ["yes", "no", "null", "1"])
    #expect(select.field("photo")?.kind == .blob)
    #expect(select.field("photo")?.policy == .latest)
    #expect(select.field("where")?.weak == true)
    let order = try #require(schema.record("order"))
    #expect(order.label == Label(zh: "订单", en: "Order"))
    #expect(order.fields.map(\.kind) == [.integer, .text, .money, .date, .boolean, .text])
    #expect(schema.record("site")?.unique == [["名称"]])
    #expect(schema.record("site")?.owner == .city)
    #expect(schema.record("place")?.edits == .propose)
    #expect(schema.record("place")?.label == Label(zh: "place", en: "place"))
  }

  @Test("Sixty fields and a name of 63 bytes are allowed")
  func limits() throws {
    let name = String(repeating: "记", count: 21)
    let fields = (0..<60).map { "f\($0): " }.joined(separator: ", ")
    let schema = try SchemaFile.read("schema: s\nversion: 1\nrecords: {\(name): {key: f0, fields: {\(fields)}}}")
    #expect(schema.records.map(\.fields.count) == [60])
    #expect(schema.records.map(\.name) == [name])
  }

  @Test("A scope field may refer to the unit of the same scope")
  func ownUnit() throws {
    let schema = try SchemaFile.read(
      """
      schema: s
      version: 1
      records:
        a: {key: id, scope: {field: org}, fields: {id: , org: {required: true, references: unit.code}}}
        unit: {key: code, scope: {field: code}, fields: {code: }}
      """)
    #expect(schema.records.map(\.name) == ["unit", "a"])
  }
}
