import Commands
import Presentation
import Replica
import SyncCore

/// What a deep verification found, cell by cell, and what became of it.
struct DifferenceReport: VerifyDetail {
  enum Action: String {
    case adopted
    case setBack = "set_back"
  }

  private let comparison: Comparison
  private let schema: Schema
  private var action: (kind: Action, rows: Int)?

  init(_ comparison: Comparison, _ schema: Schema) {
    self.comparison = comparison
    self.schema = schema
  }

  mutating func settle(_ kind: Action, _ rows: Int) { action = (kind, rows) }

  var isSettled: Bool { comparison.differences.isEmpty || action != nil }

  var json: [(String, JSON)] {
    [
      ("compared", .bool(true)), ("differences", .array(cells.map(\.json))),
      ("action", action.map { .string($0.kind.rawValue) } ?? .null),
      ("rows", .integer(Int64(action?.rows ?? comparison.differences.count))),
    ]
  }

  func text(_ language: Language) -> [String] {
    if cells.isEmpty { return [] }
    let headers =
      language == .zh
      ? ["记录", "主键", "字段", "本机", "市里", "说明"] : ["record", "key", "field", "here", "city", "note"]
    return [TextTable(headers: headers, rows: cells.map { $0.line(language) }).render(), outcome.text(language)]
  }

  private var outcome: Label {
    switch action {
    case nil:
      let count = comparison.differences.count
      return Label(
        zh: "\(count) 行与市里不同,且不是待同步的修改;用 --adopt 采用本机的值,或用 --set-back 还原为市里的值",
        en:
          "\(count) rows differ from the city's without being pending; --adopt makes them edits, --set-back takes the city's"
      )
    case (.adopted, let rows)?:
      return Label(zh: "已采用本机的 \(rows) 行,将随下次同步发送", en: "\(rows) rows are pending now and go with the next sync")
    case (.setBack, let rows)?:
      return Label(zh: "已将 \(rows) 行还原为市里的值", en: "\(rows) rows are as the city has them again")
    }
  }

  private var cells: [DifferingCell] {
    comparison.differences.flatMap { difference -> [DifferingCell] in
      guard let record = schema.record(difference.ref.record) else { return [] }
      guard let here = difference.here, let city = difference.city else {
        return [DifferingCell(difference: difference, record: record)]
      }
      return difference.columns.map { column in
        let field = record.fields[column]
        return DifferingCell(
          difference: difference, record: record, field: field.name,
          isAdopted: difference.isAdopted(column, of: record), isSum: field.policy == .sum,
          here: Masking.mask(here[column], field), city: Masking.mask(city[column], field))
      }
    }
  }
}

/// One cell that differs, or a row that only one side has.
private struct DifferingCell {
  var difference: Difference
  var record: RecordSchema
  /// nil: the whole row.
  var field: String?
  /// Whether `--adopt` takes the value of this machine.
  var isAdopted = true
  var isSum = false
  var here = Value.null
  var city = Value.null

  var json: JSON {
    func row(_ image: [Value]?) -> JSON { image.map { rowJSON(record, Masking.mask($0, record)) } ?? .null }
    return .object([
      ("record", .string(record.name)), ("key", keyJSON(difference.ref.key)),
      ("field", field.map(JSON.string) ?? .null),
      ("here", field == nil ? row(difference.here) : JSON(here)),
      ("city", field == nil ? row(difference.city) : JSON(city)), ("newer", .bool(difference.isNewer)),
      ("adopted", .bool(isAdopted)),
      ("lost", .array(difference.lost.map { .string(record.fields[$0].name) })),
    ])
  }

  func line(_ language: Language) -> [String] {
    let isCell = field != nil
    return [
      record.name, KeyText.show(difference.ref.key), field ?? "", isCell ? ValueText.spellOrNull(here) : "",
      isCell ? ValueText.spellOrNull(city) : "",
      note.text(language),
    ]
  }

  private var note: Label {
    if difference.here == nil {
      if difference.lost.isEmpty { return Label(zh: "本机没有此行", en: "is not here") }
      let fields = difference.lost.map { record.fields[$0].name }.joined(separator: ",")
      return Label(
        zh: "本机没有此行;未同步的修改(\(fields))已随之丢失",
        en: "is not here; what was entered in \(fields) went with it")
    }
    if difference.city == nil { return Label(zh: "市里没有此行", en: "is not at the city") }
    // Which of the two, nobody can tell (`Difference.isNewer`).
    let newer = Label(
      zh: "市里此后有修改,或在恢复后收回", en: "changed at the city since, or came back to it after a restore")
    if difference.isNewer, isSum, isAdopted {
      return Label(
        zh: "\(newer.zh);采用时本机的值取代市里的合计",
        en: "\(newer.en); adopted, what is here takes the place of its sum")
    }
    if !isAdopted {
      return Label(
        zh: "\(newer.zh);采用与否均以市里的值为准,本机的值存入 sync_archive",
        en: "\(newer.en); the city's value stands, adopted or not, and what is here goes to sync_archive")
    }
    if difference.isNewer {
      return Label(zh: "\(newer.zh);采用时由市里裁决", en: "\(newer.en); adopted, the city decides")
    }
    return Label(zh: "", en: "")
  }
}
