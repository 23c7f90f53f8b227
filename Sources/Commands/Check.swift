import ArgumentParser
import Presentation
import Registry
import SQLiteStore
import SyncCore

/// `check [RECORD]`
public struct Check<P: Program>: AsyncParsableCommand {
  public static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "check", abstract: words("What the rules doubt in rows, whoever wrote them. 检查数据"))
  }
  @OptionGroup public var options: CommonOptions
  @Argument(help: ArgumentHelp(words("Only this record. 只检查此记录"))) public var record: String?
  public init() {}

  public func run() async throws {
    try await options.run {
      let store = try options.open(P.self)
      let records = try record.map { [try store.namedRecord($0)] } ?? store.schema.records
      let reviewer = Reviewer(store)
      let doubts = try records.flatMap { record in
        let rows = try store.rows(record)
        return try store.read { db in
          try rows.flatMap { row in try reviewer.findings(db, record, row).map { Doubt(record, row, $0) } }
        }
      }
      options.show(.array(doubts.map { $0.json(options.language) }), text(doubts))
      if doubts.contains(where: { $0.finding.weight == .hard }) { throw ExitCode(Failure.Kind.data.rawValue) }
    }
  }

  private func text(_ doubts: [Doubt]) -> String {
    if doubts.isEmpty { return Label(zh: "没有存疑的数据", en: "nothing is doubtful").text(options.language) }
    let headers =
      options.language == .zh
      ? ["记录", "主键", "字段", "程度", "问题", "说明"] : ["record", "key", "field", "weight", "doubt", "note"]
    return TextTable(headers: headers, rows: doubts.map { $0.cells(options.language) }).render()
  }
}

/// One finding about a stored row.
private struct Doubt {
  let record: RecordSchema
  let key: RowKey
  let note: String
  let finding: Finding

  init(_ record: RecordSchema, _ row: [Value], _ finding: Finding) {
    self.record = record
    key = record.rowKey(of: row)
    note = ValueText.spell(RowFacts(record, row)["note"])
    self.finding = finding
  }

  func json(_ language: Language) -> JSON {
    .object([
      ("record", .string(record.name)), ("key", keyJSON(key)), ("field", .string(finding.field)),
      ("weight", .string(finding.weight.rawValue)), ("message", .string(finding.message.text(language))),
      ("note", note.isEmpty ? .null : .string(note)),
    ])
  }

  func cells(_ language: Language) -> [String] {
    [
      record.name, KeyText.show(key), finding.field, finding.weight.label.text(language),
      finding.message.text(language), note,
    ]
  }
}

extension Finding.Weight {
  fileprivate var label: Label {
    switch self {
    case .hard: Label(zh: "错误", en: "wrong")
    case .explainable: Label(zh: "需说明", en: "to explain")
    case .hint: Label(zh: "提示", en: "hint")
    }
  }
}
