import SQLiteStore
import SyncCore
import SyncProtocol

/// A person who edits: chooses rows and values from what they see. Values are new to the town as a rule, so that each can be
/// looked for afterwards.
struct Hand {
  let schema: Schema
  /// What the person sees.
  let rows: Rows
  /// The person's unit; nil: an official, who may edit everywhere.
  let unit: String?
  let climate: Climate
  var random: SplitMix64
  /// Makes this person's values different from everybody else's.
  let event: Int
  private var made: Int
  /// Whether it writes what the program would not.
  var isCareless = false
  /// Whether it says what it does with SQL.
  var usesSQL = false

  /// - Parameter made: how many values others have made in the same event.
  init(_ schema: Schema, _ rows: Rows, unit: String?, climate: Climate, event: Event, after made: Int = 0) {
    (self.schema, self.rows, self.unit, self.climate, self.event) = (schema, rows, unit, climate, event.id)
    self.made = made
    random = SplitMix64(event.seed)
  }

  /// One edit, or a delete with what hangs on the row.
  mutating func edits() -> [RowEdit] {
    if climate.isRough, usesSQL, random.chance(30), let edit = statement() { return [edit] }
    let names = unit == nil ? climate.records + climate.cityRecords : climate.records
    guard let record = schema.record(random.pick(names) ?? "company") else { return [] }
    let known = refs(of: record)
    switch random.below(100) {
    case ..<climate.inserts: return [insert(record, .insert)]
    case ..<(climate.inserts + 4): return [insert(record, .replace)]
    case ..<(100 - climate.deletes):
      return random.pick(known).flatMap { update(record, $0) }.map { [$0] } ?? [insert(record, .insert)]
    default: return random.pick(known).map { delete($0) } ?? []
    }
  }

  /// What SQL says and the program does not: a new row or an update of the one that is there, another key, a row that takes what another
  /// has, or all rows.
  private mutating func statement() -> RowEdit? {
    guard let record = schema.record(random.pick(climate.records) ?? "company") else { return nil }
    if random.chance(30) { return insert(record, .upsert) }
    guard let ref = random.pick(refs(of: record)), var edit = update(record, ref) else { return nil }
    // What is restricted stands in one row only, so that an erasure can be looked for.
    let restricted = record.fields.indices.filter { record.fields[$0].restricted }
    switch random.below(3) {
    case 0:
      if !restricted.isEmpty { return nil }
      let keys = record.keyIndices.filter { record.fields[$0].reference == nil }
      for column in keys { edit.values[column] = value(record, column, nil) }
      edit.kind = random.chance(50) ? .displace : .update
    case 1:
      guard let column = record.fields.indices.first(where: { record.unique.contains([record.fields[$0].name]) }) else {
        return nil
      }
      edit.values[column] = value(record, column, nil)
      edit.kind = .displace
    default:
      edit.values = edit.values.filter { column, _ in
        !record.unique.contains([record.fields[column].name]) && !restricted.contains(column)
      }
      if edit.values.isEmpty { return nil }
      edit.kind = .updateAll
    }
    return edit
  }

  func refs(of record: RecordSchema) -> [RowRef] { rows.keys.filter { $0.record == record.name }.inOrder() }

  /// - Parameter key: of a row that is to have this one.
  mutating func insert(_ record: RecordSchema, _ kind: RowEdit.Kind, key: RowKey? = nil) -> RowEdit {
    var values: [Int: Value] = [:]
    for column in record.fields.indices {
      let isNeeded = record.isKey(column) || record.fields[column].required
      if isNeeded || random.chance(70) { values[column] = value(record, column, nil) }
    }
    // A county's own, mostly: what is the city's to fill is left to it.
    for column in record.fields.indices
    where unit != nil && record.owner(of: column) == .city && random.chance(90) && !record.isKey(column)
      && !record.fields[column].required
    {
      values[column] = nil
    }
    if let key { for (column, value) in zip(record.keyIndices, key.values) { values[column] = value } }
    let key = RowKey(record.keyIndices.map { values[$0] ?? .null })
    return RowEdit(kind: kind, record: record, key: key, values: values)
  }

  mutating func update(_ record: RecordSchema, _ ref: RowRef) -> RowEdit? {
    let usual = record.fields.indices.filter { climate.fields.contains(record.fields[$0].name) }
    let free = (usual.isEmpty ? Array(record.fields.indices) : usual).filter { column in
      !record.isKey(column) && (unit == nil || record.owner(of: column) == .any || random.chance(climate.proposals))
        && (record.fields[column].reference == nil || random.chance(record.fields[column].weak ? 60 : 15))
    }
    guard !free.isEmpty, let image = rows[ref] else { return nil }
    var values: [Int: Value] = [:]
    for _ in 0...random.below(3) {
      let column = free[random.below(free.count)]
      values[column] = value(record, column, image[column])
      // Who approves says which version.
      if [record.rules.joint?.county, record.rules.joint?.city].contains(record.fields[column].name),
        let version = record.version(of: image), random.chance(80)
      {
        values[column] = .text(version)
      }
    }
    return RowEdit(kind: .update, record: record, key: ref.key, values: values)
  }

  /// Children first, as a careful person does it; a hurried one forgets them.
  private mutating func delete(_ ref: RowRef) -> [RowEdit] {
    guard let record = schema.record(ref.record), let image = rows[ref] else { return [] }
    let own = RowEdit(kind: .delete, record: record, key: ref.key)
    if random.chance(20) { return [own] }
    let children = schema.references(to: record).flatMap { child, field, column in
      refs(of: child).filter { rows[$0]?[child.index(of: field.name) ?? 0] == image[column] }
    }
    return children.flatMap { delete($0) } + [own]
  }

  private mutating func token() -> String {
    made += 1
    return "w\(event)" + (made > 1 ? String(repeating: "+", count: made - 1) : "")
  }

  /// A number that nobody else enters.
  private mutating func number() -> Int64 {
    made += 1
    return Int64(event * 16 + made + 1000)
  }
}

extension Hand {
  /// A day that nobody else enters, in one of a hundred years: half of them are over.
  private mutating func date() -> Value {
    let number = Int(self.number())
    let (year, month, day) = (1976 + random.below(100), 1 + number % 12, 1 + number / 12 % 28)
    return .text("\(year)-\(month < 10 ? "0" : "")\(month)-\(day < 10 ? "0" : "")\(day)")
  }

  /// A value for a cell.
  /// - Parameter old: what stands there; nil: the row is new.
  mutating func value(_ record: RecordSchema, _ column: Int, _ old: Value?) -> Value {
    let field = record.fields[column]
    if let reference = field.reference { return target(reference, field) }
    if record.isKey(column) { return key(record, field) }
    if !field.required, random.chance(8) { return .null }
    if let choices = field.check.values { return .text(random.pick(choices)?.value ?? "") }
    if record.unique.contains([field.name]) { return .text("K\(random.below(4))") }
    if record.unique.contains(where: { $0.contains(field.name) }) { return .integer(Int64(random.below(4))) }
    switch (field.policy, field.kind) {
    // Little, so that two who add something often come to the same.
    case (.sum, _):
      return .integer((old?.integer ?? 0) + Int64(random.below(climate.addends) - climate.addends / 2))
    case (.union, _): return .text(["a", "b", "c", "d", "e"].filter { _ in random.chance(40) }.joined(separator: ","))
    case (.text, _): return .text(lines(old))
    case (_, .integer), (_, .money): return .integer(random.chance(80) ? number() : Int64(random.below(3)))
    case (_, .real): return .real(Double(random.chance(80) ? number() : Int64(random.below(3))) / 3)
    case (_, .boolean): return .integer(Int64(random.below(2)))
    case (_, .date): return date()
    case (_, .uuid): return uuid(Int(number()))
    default:
      // Long enough that it stands in a file by no coincidence.
      if field.restricted { return .text(token() + "secret") }
      return .text(random.chance(90) ? token() : "same\(random.below(3))")
    }
  }

  private mutating func target(_ reference: Reference, _ field: Field) -> Value {
    if let unit, reference.record == "office", random.chance(96) { return .text(unit) }
    // What lies out of scope is known by its key only.
    if field.weak, random.chance(50) { return .text("\(reference.record.prefix(1))\(random.below(climate.keys))") }
    let targets = rows.keys.filter { $0.record == reference.record }.inOrder()
    if random.chance(97), let found = random.pick(targets) { return found.key.values[0] }
    return reference.record == "office"
      ? .text("A") : .text("\(reference.record.prefix(1))\(random.below(climate.keys))")
  }

  private mutating func key(_ record: RecordSchema, _ field: Field) -> Value {
    switch record.name {
    case "period", "figure", "ledger": .integer(Int64(2018 + random.below(3)))
    case "office": .text("Z\(random.below(3))")
    case "entry": uuid(random.below(climate.keys))
    default: .text("\(record.name.prefix(1))\(random.below(climate.keys))")
    }
  }

  /// One with this number. Some programs write them in capitals, and no trigger minds.
  private mutating func uuid(_ number: Int) -> Value {
    let digits = String(number, radix: 16)
    let text = "0000000e-0000-4000-8000-" + String(repeating: "0", count: max(0, 12 - digits.count)) + digits
    return .text(isCareless && random.chance(20) ? text.uppercased() : text)
  }

  /// Three lines, one of which changes.
  private mutating func lines(_ old: Value?) -> String {
    var lines = ["1", "2", "3"]
    if case .text(let text)? = old {
      lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }
    if lines.isEmpty { lines = [""] }
    lines[random.below(lines.count)] = token()
    return lines.joined(separator: "\n")
  }
}

extension Value {
  var integer: Int64? { if case .integer(let number) = self { number } else { nil } }
}
