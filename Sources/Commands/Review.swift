import GRDB
import Presentation
import Registry
import SQLiteStore
import SyncCore

/// Asks the registry what it doubts in rows. Other applications' schemas are not doubted.
struct Reviewer {
  let schema: Schema
  let today: String

  init(_ store: any RecordStore) {
    schema = store.schema
    today = CalendarDay(inChinaAt: store.clock()).description
  }

  func findings(_ db: Database, _ record: RecordSchema, _ row: [Value]) throws -> [Finding] {
    guard schema.name == Registry.schemaName else { return [] }
    return try Advice.findings(about: RowFacts(record, row), today: today) { name, key in
      guard let record = schema.record(name), let row = try record.row(db, key: key) else { return nil }
      return RowFacts(record, row)
    }
  }

  /// Refuses a row with a doubt that stands, and returns what is only said. Inside the transaction that wrote the row.
  /// - Parameter before: the row as it was: what was doubtful already does not stop the edit of another field.
  func check(
    _ db: Database, _ record: RecordSchema, _ row: [Value], before: [Value]? = nil
  ) throws -> [Finding] {
    let known = try before.map { try findings(db, record, $0) } ?? []
    let new = try findings(db, record, row).filter { !known.contains($0) }
    guard let finding = Advice.stopping(new, RowFacts(record, row)) else { return new.filter { $0.weight != .hard } }
    throw refusal(finding, record, record.rowKey(of: row))
  }

  private func refusal(_ finding: Finding, _ record: RecordSchema, _ key: RowKey) -> Failure {
    let place = "\(record.name) \(show(key)).\(finding.field)"
    let (zh, en) = (finding.message.zh, finding.message.en)
    guard finding.weight == .explainable else { return Failure(.data, zh: "\(place):\(zh)", en: "\(place): \(en)") }
    return Failure(
      .data, zh: "\(place):\(zh);如属实,请用 note=说明 注明", en: "\(place): \(en). If it is so, explain it with note=…")
  }
}

extension CommonOptions {
  /// What is doubted and let through.
  func tell(_ findings: [Finding], about record: RecordSchema, _ key: RowKey) {
    for finding in findings {
      let place = "\(record.name) \(key).\(finding.field)"
      tell(Label(zh: "提示 \(place):\(finding.message.zh)", en: "note on \(place): \(finding.message.en)"))
    }
  }
}
