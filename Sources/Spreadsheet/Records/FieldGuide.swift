import Presentation
import SyncCore

/// What a person who fills in a sheet must know of each field.
enum FieldGuide {
  /// Both languages beside each other, as people of either may get the file.
  static func sheet(_ record: RecordSchema, _ language: Language) -> Workbook.Sheet {
    let columns = [
      ("字段 Field", 22), ("中文", 26), ("English", 26), ("类型 Type", 34), ("必填 Required", 14), ("要求 Checks", 48),
      ("可选值 Choices", 60),
    ].map { Workbook.Column($0, width: $1, wraps: true) }
    let rows = record.fields.map { field in
      [
        field.name, field.label.zh, field.label.en, both(type(field)), field.required ? "是 yes" : "否 no",
        both(checks(field, isKey: record.key.contains(field.name))), choices(field),
      ].map { Workbook.Cell.text(clipped($0)) }
    }
    return Workbook.Sheet(
      Label(zh: "填写说明", en: "Instructions").text(language),
      title: both(Label(zh: "\(record.label.zh)：填写说明", en: "\(record.label.en): how to fill in")), notes: notes,
      columns: columns, rows: rows)
  }

  private static let notes = [
    "第一张工作表的首行是表头，可用本表所列的字段名、中文名或英文名，列的顺序不限。"
      + " The first sheet's first row names the fields, by name or label, in any order.",
    "金额列的表头须注明单位：(元)、(千元)、(万元)、(百万元) 或 (亿元)；字段名作表头时单位为元。"
      + " The header of an amount names its unit, such as (yuan) or (10,000 yuan); a bare field name means yuan.",
    "空单元格表示不填；空文本写成 \"\"。 An empty cell gives no value; write \"\" for an empty text.",
  ]

  static func comment(_ field: Field, isKey: Bool, _ language: Language) -> String {
    let required = Label(zh: field.required ? "必填" : "选填", en: field.required ? "required" : "optional")
    let lines = [Label(zh: field.name, en: field.name), type(field), required, checks(field, isKey: isKey)]
    return clipped(lines.map { $0.text(language) }.filter { !$0.isEmpty }.joined(separator: "\n"))
  }

  private static func both(_ label: Label) -> String { label.zh == label.en ? label.zh : "\(label.zh) \(label.en)" }

  /// A guide that is too long for a cell is worth less than the sheet.
  private static func clipped(_ text: String) -> String {
    text.utf16.count <= 8000 ? text : text.prefix(4000) + "…"
  }

  private static func choices(_ field: Field) -> String {
    let texts = field.check.values?.map { "\($0.value)：\($0.label.zh) / \($0.label.en)" }
    return (field.kind == .boolean ? ["是 / yes", "否 / no"] : texts ?? []).joined(separator: "\n")
  }

  private static func type(_ field: Field) -> Label {
    switch field.kind {
    case .text: field.check.values == nil ? Label(zh: "文本", en: "text") : Label(zh: "下拉选择", en: "one of the choices")
    case .integer: Label(zh: "整数", en: "whole number")
    case .real: Label(zh: "数字", en: "number")
    case .money: Label(zh: "金额，整数元", en: "money, whole yuan")
    case .boolean: Label(zh: "是或否", en: "yes or no")
    case .date: Label(zh: "日期 2024-05-31", en: "date 2024-05-31")
    case .uuid: Label(zh: "UUID 编号", en: "UUID")
    case .blob: Label(zh: "base64 数据", en: "data in base64")
    }
  }

  private static func checks(_ field: Field, isKey: Bool) -> Label {
    var parts: [Label] = isKey ? [Label(zh: "主键", en: "key")] : []
    let check = field.check
    if let min = check.min { parts.append(Label(zh: "不小于 \(min)", en: "at least \(min)")) }
    if let max = check.max { parts.append(Label(zh: "不大于 \(max)", en: "at most \(max)")) }
    if let most = check.maxLength {
      let isBlob = field.kind == .blob
      parts.append(
        Label(zh: "最多 \(most) \(isBlob ? "字节" : "个字符")", en: "at most \(most) \(isBlob ? "bytes" : "characters")"))
    }
    if let format = check.format { parts.append(Label(zh: "格式 \(format)", en: "format \(format)")) }
    if let target = field.reference {
      let place = "\(target.record).\(target.field)"
      parts.append(Label(zh: "须是 \(place) 中已有的值", en: "must exist in \(place)"))
    }
    return Label(zh: parts.map(\.zh).joined(separator: "；"), en: parts.map(\.en).joined(separator: "; "))
  }
}
