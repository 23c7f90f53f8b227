import SyncCore

/// What a field says of itself must fit its type.
enum FieldRules {
  static func check(_ field: Field, of record: RecordSchema) throws {
    try checkBounds(field, Rule(record: record.name, field: field.name))
    try checkTexts(field, Rule(record: record.name, field: field.name))
    try checkValues(field, Rule(record: record.name, field: field.name))
    try checkOwners(field, of: record, Rule(record: record.name, field: field.name))
    try checkComputed(field, of: record, Rule(record: record.name, field: field.name))
    if field.kind == .blob, field.policy == .max || field.policy == .min {
      throw Rule(record: record.name, field: field.name).broken(
        "policy", zh: "blob 没有大小之分,请改用 review、city、county 或 latest",
        en: "a blob has no order for \(field.policy.rawValue); use review, city, county or latest")
    }
    if field.weak, field.reference == nil {
      throw Rule(record: record.name, field: field.name).broken(
        "weak", zh: "weak 只用于引用,请加 references 或删去 weak", en: "weak is for references only; add references or remove it")
    }
  }

  private struct Rule {
    let record, field: String

    func broken(_ key: String, zh: String, en: String) -> SchemaProblem {
      SchemaProblem(Place(record: record, field: field, key: key), zh: zh, en: en)
    }
  }

  private static func checkBounds(_ field: Field, _ rule: Rule) throws {
    let check = field.check
    if check.min != nil || check.max != nil, ![.integer, .real, .money].contains(field.kind) {
      throw rule.broken(
        check.min != nil ? "min" : "max", zh: "min 和 max 只用于数字,\(field.kind.rawValue) 请删去",
        en: "min and max are for numbers, this is of type \(field.kind.rawValue); remove them")
    }
    if let min = check.min, let max = check.max, min > max {
      throw rule.broken("min", zh: "min \(min) 大于 max \(max),请对调", en: "min \(min) is above max \(max); swap them")
    }
  }

  private static func checkTexts(_ field: Field, _ rule: Rule) throws {
    if let most = field.check.maxLength {
      guard field.kind == .text || field.kind == .blob else {
        throw rule.broken(
          "max_length", zh: "max_length 只用于 text 和 blob,请删去", en: "max_length is for text and blob only; remove it")
      }
      guard most >= 1 else {
        throw rule.broken("max_length", zh: "max_length 应从 1 起", en: "max_length must be 1 or more")
      }
    }
    if field.check.format != nil, field.kind != .text {
      throw rule.broken("format", zh: "format 只用于 text,请删去", en: "format is for text only; remove it")
    }
  }

  /// A policy that makes a new value of two needs values to compute with, in a cell on which nothing else depends.
  private static func checkComputed(_ field: Field, of record: RecordSchema, _ rule: Rule) throws {
    let policy = field.policy
    guard [.sum, .union, .text].contains(policy) else { return }
    if policy == .sum, ![.integer, .money].contains(field.kind) {
      throw rule.broken(
        "policy", zh: "sum 只用于 integer 和 money,\(field.kind.rawValue) 请改用别的 policy",
        en: "sum is for integer and money only, this is of type \(field.kind.rawValue); use another policy")
    }
    if policy != .sum, field.kind != .text {
      throw rule.broken(
        "policy", zh: "\(policy.rawValue) 只用于 text,\(field.kind.rawValue) 请改用别的 policy",
        en: "\(policy.rawValue) is for text only, this is of type \(field.kind.rawValue); use another policy")
    }
    if field.check.values != nil {
      throw rule.broken(
        "policy", zh: "\(policy.rawValue) 合并出的文字可能不在 values 之中,请删去 values 或改用别的 policy",
        en: "\(policy.rawValue) makes texts that may not be among the values; remove them or use another policy")
    }
    if let (zh, en) = role(of: field, in: record) {
      throw rule.broken(
        "policy", zh: "\(zh)不能用 \(policy.rawValue):合并出的值谁也没有写过,请改用别的 policy",
        en: "\(en) cannot have policy \(policy.rawValue), whose value nobody wrote; use another policy")
    }
  }

  /// What else depends on the value of the field, besides the key.
  private static func role(of field: Field, in record: RecordSchema) -> (zh: String, en: String)? {
    if record.scopeField == field.name { return ("scope 字段", "the scope field") }
    if field.reference != nil { return ("引用", "a reference") }
    if record.unique.contains(where: { $0.contains(field.name) }) { return ("唯一字段", "a unique field") }
    return nil
  }

  private static func checkValues(_ field: Field, _ rule: Rule) throws {
    guard let values = field.check.values?.map(\.value) else { return }
    guard field.kind == .text else {
      throw rule.broken(
        "values", zh: "values 只用于 text,请删去或改 type", en: "values are for text only; remove them or change the type")
    }
    guard !values.isEmpty, !values.contains(where: { $0.hasNUL }) else {
      throw rule.broken(
        "values", zh: "values 不能为空,也不能含 U+0000", en: "values must not be empty nor contain U+0000; list them")
    }
    if let twice = values.enumerated().first(where: { values[..<$0.offset].contains($0.element) }) {
      throw rule.broken(
        "values", zh: "values 中「\(twice.element)」出现两次,请删去一个", en: "values: “\(twice.element)” stands twice; remove one")
    }
  }

  /// A choice says whose it is only where it differs from its field, in a cell that a county may change otherwise.
  private static func checkOwners(_ field: Field, of record: RecordSchema, _ rule: Rule) throws {
    guard let values = field.check.values, let owned = values.first(where: { $0.owner != nil }) else { return }
    let key = "values.\(owned.value)"
    guard owned.owner == .city else {
      throw rule.broken(
        key, zh: "values 中「\(owned.value)」的 owner 只能是 city,请删去",
        en: "values: the owner of “\(owned.value)” can only be city; remove it")
    }
    if record.key.contains(field.name) || record.scopeField == field.name {
      throw rule.broken(
        key, zh: "主键和 scope 字段的值不能归市里(「\(owned.value)」),请删去 owner",
        en: "values: in a key or the scope field no value can be the city's (“\(owned.value)”); remove its owner")
    }
    if (field.owner ?? record.owner) == .city {
      throw rule.broken(
        key, zh: "整个字段已由市里维护,请删去「\(owned.value)」的 owner",
        en: "values: the city owns the whole field; remove the owner of “\(owned.value)”")
    }
    if values.allSatisfy({ $0.owner == .city }) {
      throw rule.broken(
        key, zh: "values 全部归市里,请改写字段的 owner: city", en: "values: all are the city's; write owner: city for the field")
    }
  }
}
