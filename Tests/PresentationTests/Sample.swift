import SyncCore

@testable import Presentation

/// A record with a field of every kind.
enum Sample {
  static let fields = [
    field("id", "编号", "Id", .integer),
    field("name", "企业名称", "Name", .text),
    field("code", "信用代码", "Code", .text),
    field("count", "职工人数", "Staff", .integer),
    field("capital", "注册资本", "Capital", .money),
    field("rate", "增长率", "Rate", .real),
    field("listed", "是否上市", "Listed", .boolean),
    field("founded", "成立日期", "Founded", .date),
    field("seal", "印章", "Seal", .blob),
    field("token", "标识", "Token", .uuid),
    Field(
      name: "state", label: Label(zh: "状态", en: "State"),
      check: Check(values: [
        Check.Choice(value: "active", label: Label(zh: "存续", en: "Trading")),
        Check.Choice(value: "closed", label: Label(zh: "注销", en: "active")),
      ])),
  ]
  static let enterprise = RecordSchema(
    name: "enterprise", label: Label(zh: "企业", en: "Enterprise"), key: ["id"], fields: fields,
    unique: [["code"], ["name", "founded"]])

  static func field(_ name: String, _ zh: String, _ en: String, _ kind: Field.Kind) -> Field {
    Field(name: name, label: Label(zh: zh, en: en), kind: kind)
  }

  static func field(_ kind: Field.Kind) -> Field { field("f", "字段", "Field", kind) }

  /// A record whose key has these kinds, and one unique text field `code`.
  static func keyed(_ kinds: [Field.Kind]) -> RecordSchema {
    let keys = kinds.enumerated().map { field("k\($0)", "键\($0)", "Key \($0)", $1) }
    return RecordSchema(
      name: "item", label: Label(zh: "项", en: "Item"), key: keys.map(\.name),
      fields: keys + [field("code", "代码", "Code", .text)], unique: [["code"]])
  }
}

/// The failure that the body throws.
func failure<T>(of body: () throws(Failure) -> T) -> Failure? {
  do {
    _ = try body()
    return nil
  } catch {
    return error
  }
}
