import SyncCore
import Testing

@testable import Spreadsheet

/// A record with a field of every kind.
enum Sample {
  static let record = RecordSchema(
    name: "enterprise", label: Label(zh: "企业", en: "Enterprise"), key: ["id"],
    fields: [
      field("id", "编号", "Id", .integer), field("name", "企业名称", "Name", .text),
      field("code", "信用代码", "Code", .text), field("capital", "注册资本", "Capital", .money),
      field("sales", "应税销售(元)", "Taxable sales (yuan)", .money), field("rate", "增长率", "Rate", .real),
      field("listed", "是否上市", "Listed", .boolean), field("founded", "成立日期", "Founded", .date),
      field("seal", "印章", "Seal", .blob), field("token", "标识", "Token", .uuid),
      Field(
        name: "state", label: Label(zh: "状态", en: "State"), required: true,
        check: Check(values: [
          Check.Choice(value: "active", label: Label(zh: "存续", en: "Trading")),
          // This English label is the value of the other choice, so it must never be written for this one.
          Check.Choice(value: "closed", label: Label(zh: "注销", en: "active")),
        ])),
      // This label is the name of another field.
      field("note", "备注", "name", .text),
      Field(
        name: "unit", label: Label(zh: "单位", en: "Unit"), reference: Reference(record: "unit", field: "code"),
        check: Check(maxLength: 6)),
    ])

  static func field(_ name: String, _ zh: String, _ en: String, _ kind: Field.Kind) -> Field {
    Field(name: name, label: Label(zh: zh, en: en), kind: kind)
  }

  /// NULL everywhere but in these fields.
  static func row(_ values: [String: Value]) -> [Value] { record.fields.map { values[$0.name] ?? .null } }

  static let nastyTexts = [
    "", " ", "\"", "\"\"", "\"\"\"", "\"\"\"\"", "=1+1", "=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "'quoted",
    "00123", "1e5",
    "TRUE", "2024-05-31", "#DIV/0!", " both ", "\t", "\n", "a\nb", "a\r\nb", "\r", "a\rb", "<&>\"'", "]]>", "&amp;",
    "_x000D_", "_x005F_x000D_", "_x0041_x0042_", "_xD83D_", "_", "\u{1}\u{1f}", "\u{7f}\u{85}\u{2028}", "\u{FEFF}x",
    "\u{FFFE}\u{FFFF}",
    "é", "e\u{301}", "\u{301}", "企业", "𠮷野家", "👩‍👩‍👧‍👦", "\u{200b}", "\u{3000}全角\u{3000}", "http://example.com/?a=1&b=2",
    String(repeating: "长", count: 32_767),
  ]
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

extension SheetTable {
  /// The texts of all rows, with their numbers.
  var plain: [Int: [String]] { Dictionary(uniqueKeysWithValues: rows.map { ($0.number, $0.texts) }) }
}
