import Presentation
import SQLiteStore
import SyncCore
import SyncProtocol

// How rows and conflicts are shown.

/// A row as a JSON object with the schema's names.
public func rowJSON(_ record: RecordSchema, _ row: [Value?]) -> JSON {
  .object(
    zip(record.fields, row).compactMap { field, value in value.map { (field.name, JSON(Masking.mask($0, field))) } })
}

/// A key as JSON: the value of a simple key, an array of a composite one.
public func keyJSON(_ key: RowKey) -> JSON {
  key.values.count == 1 ? JSON(key.values[0]) : .array(key.values.map { JSON($0) })
}

/// Rows as a table, without the columns that are empty in all of them.
public func rowTable(_ record: RecordSchema, _ rows: [[Value]], _ language: Language) -> String {
  let shown = record.fields.indices.filter { index in rows.contains { !$0[index].isNull } }
  let headers = shown.map { record.fields[$0].name }
  let cells = rows.map { row in
    shown.map { index in
      let field = record.fields[index]
      return ValueText.show(Masking.mask(row[index], field), field: field, language: language, labels: true)
    }
  }
  return TextTable(headers: headers, rows: cells).render()
}

/// - Parameters:
///   - schema: by which the images of a conflict about a whole row are read.
///   - pending: what was decided here and the city has not answered.
public func conflictJSON(_ conflict: Conflict, _ schema: Schema, pending: Decision? = nil) -> JSON {
  let field = schema.field(conflict.field, of: conflict.record)
  func cell(_ value: Value) -> JSON { JSON(field.map { Masking.mask(value, $0) } ?? value) }
  func value(_ value: Value) -> JSON { rowImage(value, of: conflict, schema).map { rowJSON($0, $1) } ?? cell(value) }
  return .object([
    ("id", .integer(conflict.id)), ("record", .string(conflict.record)), ("key", keyJSON(conflict.key)),
    ("field", conflict.field.map(JSON.string) ?? .null), ("base", cell(conflict.base)),
    ("master", value(conflict.master)),
    ("contenders", .array(conflict.contenders.map { contenderJSON($0, value($0.value)) })),
    ("state", .string(conflict.state.rawValue)),
    ("policy", .string(conflict.policy)),
    ("decision", conflict.decision.map { decisionJSON($0, value($0.value)) } ?? .null),
    ("pending_decision", pending.map { decisionJSON($0, value($0.value)) } ?? .null),
    ("version", .integer(conflict.version)),
  ])
}

/// The row that a conflict about a whole row keeps in this value.
private func rowImage(_ value: Value, of conflict: Conflict, _ schema: Schema) -> (RecordSchema, [Value])? {
  guard conflict.field == nil, let record = schema.record(conflict.record), let image = record.image(value)
  else { return nil }
  return (record, image)
}

private func contenderJSON(_ contender: Contender, _ value: JSON) -> JSON {
  .object([
    ("id", .integer(contender.id)), ("value", value), ("deletes", .bool(contender.deletes)),
    ("replica", .string(contender.replica)), ("actor", .string(contender.edit.actor)),
    ("edited_at", .string(isoTime(milliseconds: contender.edit.stamp.milliseconds))),
    ("received_at", .string(isoTime(milliseconds: contender.receivedAt.milliseconds))),
  ])
}

private func decisionJSON(_ decision: Decision, _ value: JSON) -> JSON {
  .object([
    ("choice", .string(decision.choice.rawValue)), ("contender", decision.contender.map(JSON.integer) ?? .null),
    ("value", value), ("reason", .string(decision.reason)), ("actor", .string(decision.edit.actor)),
    ("decided_at", .string(isoTime(milliseconds: decision.edit.stamp.milliseconds))),
  ])
}

/// A conflict as a clerk or an official reads it: base, master, every contender with who and when, the decision.
public func conflictText(
  _ conflict: Conflict, _ schema: Schema, _ language: Language, pending: Decision? = nil
) -> String {
  func word(_ zh: String, _ en: String) -> String { Label(zh: zh, en: en).text(language) }
  let field = schema.field(conflict.field, of: conflict.record)
  func value(_ value: Value) -> String {
    if let (record, image) = rowImage(value, of: conflict, schema) {
      return zip(record.fields, image).filter { !$1.isNull }.map {
        "\($0.name)=\(ValueText.spell(Masking.mask($1, $0)))"
      }.joined(separator: " ")
    }
    return ValueText.spellOrNull(field.map { Masking.mask(value, $0) } ?? value)
  }
  let place =
    "\(conflict.record) \(KeyText.show(conflict.key))"
    + (field.map { " · \($0.name) (\($0.label.text(language)))" } ?? "")
  /// A row in the words for what became of it; one that may not be seen has no image.
  func row(_ what: String, _ image: Value) -> String { image.isNull ? what : what + ": " + value(image) }
  func wish(_ contender: Contender) -> String {
    if field != nil { return value(contender.value) }
    if contender.deletes { return word("删除此行", "deletes the row") }
    if contender.isCitys { return row(word("主库中曾有的此行", "the row as the master had it"), contender.value) }
    return row(word("修改已删除的行", "changes a deleted row"), contender.value)
  }
  var rows: [[String]] = []
  if field != nil {
    rows.append([word("基准", "base"), value(conflict.base), "", ""])
    rows.append([word("主库", "master"), value(conflict.master), "", ""])
  } else if !conflict.master.isNull, let first = conflict.contenders.first {
    // Where the row was deleted, the first of them has changed it.
    let what = first.deletes ? word("有此行", "has the row") : word("已删除此行", "deleted the row")
    rows.append([word("主库", "master"), row(what, conflict.master), "", ""])
  }
  for contender in conflict.contenders {
    let what = wish(contender)
    let who = "\(contender.edit.actor) @ \(contender.replica.prefix(8))"
    rows.append([
      word("主张", "contender") + " \(contender.id)", what, who, isoTime(milliseconds: contender.edit.stamp.milliseconds),
    ])
  }
  let (state, policy) = (conflict.state.label.text(language), Policy.label(of: conflict.policy).text(language))
  var text = "#\(conflict.id) [\(state), \(policy), v\(conflict.version)] \(visibleText(place))\n"
  text += TextTable(headers: ["", word("值", "value"), word("何人", "who"), word("何时", "when")], rows: rows).render()
  let computed = computedFields(of: conflict, schema).joined(separator: ", ")
  if !computed.isEmpty {
    text +=
      "\n"
      + word(
        "采用县区的主张时,此行若在,由规则计算的字段维持现值:\(computed)",
        "taking a county's contender leaves, if the row stands, what a rule computes as it is: \(computed)")
  }
  let decisions = [
    (word("决定", "decision"), conflict.decision),
    (word("本机的决定,市里尚未答复", "decided here, and not answered by the city yet"), pending),
  ]
  for case (let what, let decision?) in decisions {
    text += "\n\(what): \(decision.choice.label.text(language)) → \(visibleText(value(decision.value)))"
    text += " (\(visibleText(decision.account.text(language))))"
  }
  return text
}

extension RowRef {
  /// As people are told of it.
  public var shown: String { "\(record) \(KeyText.show(key))" }
}

extension Contender {
  /// Whether it is what the master had.
  fileprivate var isCitys: Bool { replica == Identifier.city.description }
}

/// The fields of a contested row that taking a county's image of it leaves as they are.
private func computedFields(of conflict: Conflict, _ schema: Schema) -> [String] {
  let isShown = conflict.contenders.contains { !$0.value.isNull && !$0.isCitys }
  guard conflict.field == nil, isShown, let record = schema.record(conflict.record) else { return [] }
  return record.fields.filter { $0.policy.computes }.map(\.name)
}

/// `--state waiting|all` of what is parked: whether only what waits is shown.
public func parkedStates(_ name: String) throws -> Bool {
  guard name == "waiting" || name == "all" else {
    throw Failure(.usage, zh: "--state 只能是 waiting 或 all", en: "--state is waiting or all, not \(name)")
  }
  return name == "waiting"
}

/// Why a change is parked: `reason` in JSON, where `detail` says the rest.
public func parkingReason(_ name: String) -> Label {
  let zh = [
    "unique": "取值重复", "reference": "引用不存在", "check": "不合要求", "scope": "超出本单位", "owner": "市里维护",
    "locked": "已锁定",
  ]
  return Label(zh: zh[name] ?? name, en: name)
}

/// `--state open|decided|all`.
public func conflictStates(_ name: String) throws -> [Conflict.State] {
  switch name {
  case "open": return [.open, .proposed]
  case "decided": return [.decided, .rejected]
  case "all": return Conflict.State.allCases
  default:
    throw Failure(.usage, zh: "--state 只能是 open、decided 或 all", en: "--state is open, decided or all, not \(name)")
  }
}

extension RecordStore {
  /// The record of that name, or the nearest name.
  public func namedRecord(_ name: String) throws -> RecordSchema {
    guard let record = schema.record(name) else {
      var failure = unknownName(Label(zh: "记录", en: "record"), name, known: schema.records.map(\.name))
      failure.kind = .notFound
      throw failure
    }
    return record
  }

  /// The key that a person means by KEY.
  public func key(_ text: String, in record: RecordSchema) throws -> RowKey {
    switch try KeyText.parse(text, record: record) {
    case .key(let key): return key
    case .unique(let field, let value):
      guard let key = try find(record, field: field, value: value) ?? parkedKey(record, field: field, value: value)
      else {
        throw Failure(.notFound, zh: "没有 \(record.name) \(text)", en: "there is no \(record.name) \(text)")
      }
      return key
    }
  }

  /// A row that waits is named like one that stands.
  private func parkedKey(_ record: RecordSchema, field: Int, value: Value) throws -> RowKey? {
    try parkedRows(record).last { $0[field] == value }.map(record.rowKey(of:))
  }
}
