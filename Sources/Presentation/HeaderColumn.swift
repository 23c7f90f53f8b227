import SyncCore

/// What one cell of a header means.
struct HeaderColumn {
  /// Of the record's fields.
  var index: Int
  /// Of an amount of money.
  var unit = MoneyUnit.yuan

  /// A field goes by its name or by a label in either language. An amount of money names its unit in parentheses after
  /// either; only the bare field name, which scripts use, means yuan.
  init(_ name: String, position: Int, _ record: RecordSchema) throws(Failure) {
    if let index = record.index(of: name) {
      self.index = index
      return
    }
    let split = MoneyUnit.split(name)
    var matching = Self.fields(of: record, named: name)
    if matching.isEmpty {
      matching = record.fields.indices.filter {
        record.fields[$0].kind == .money && Self.isAmount(record.fields[$0], named: split?.name ?? name)
      }
    }
    guard matching.count < 2 else { throw Self.ambiguous(name, position, matching.map { record.fields[$0].name }) }
    guard let index = matching.first, !name.isEmpty else { throw Self.unknown(name, position, record) }
    self.index = index
    let field = record.fields[index]
    guard field.kind == .money else { return }
    guard let unit = split?.unit else { throw Self.withoutUnit(name, position, field) }
    self.unit = unit
  }

  private static func fields(of record: RecordSchema, named name: String) -> [Int] {
    record.fields.indices.filter {
      let label = record.fields[$0].label
      return [label.zh, label.en].contains { ValueText.tidied($0) == name }
    }
  }

  private static func isAmount(_ field: Field, named name: String) -> Bool {
    name == field.name || [field.label.zh, field.label.en].contains { MoneyUnit.bare($0) == name }
  }

  private static func withoutUnit(_ name: String, _ position: Int, _ field: Field) -> Failure {
    let units = [MoneyUnit.yuan, .wan, .yi]
    return Failure(
      .data,
      zh: "第 \(position) 列“\(quotedText(name))”是金额，表头须注明单位，请写成"
        + units.map { "“\($0.header(field, .zh))”" }.joined(separator: "或"),
      en: "column \(position): '\(quotedText(name))' is an amount of money and its header must name the unit; write "
        + units.map { "'\($0.header(field, .en))'" }.joined(separator: " or "))
  }

  private static func ambiguous(_ name: String, _ position: Int, _ fields: [String]) -> Failure {
    let names = fields.joined(separator: ", ")
    return Failure(
      .data, zh: "第 \(position) 列表头“\(quotedText(name))”对应多个字段，请改用字段名：\(names)",
      en: "column \(position): header '\(quotedText(name))' fits several fields; use a field name: \(names)")
  }

  private static func unknown(_ name: String, _ position: Int, _ record: RecordSchema) -> Failure {
    let typed = quotedText(name)
    let guess = nearest(name, in: record.fields.flatMap { [$0.name, $0.label.zh, $0.label.en] })
    let known = record.fields.map(\.name)
    return Failure(
      .data,
      zh: "第 \(position) 列表头“\(typed)”不是 \(record.name) 的字段" + (guess.map { "，是否要用“\($0)”？" } ?? "。")
        + "可用：\(known.joined(separator: "、"))",
      en: "column \(position): header '\(typed)' is no field of \(record.name)"
        + (guess.map { "; did you mean '\($0)'?" } ?? ";") + " known: \(known.joined(separator: ", "))")
  }
}
