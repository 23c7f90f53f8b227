import ArgumentParser
import Commands
import Master
import Presentation
import SyncCore

/// `city repair [--adopt | --set-back]`
struct Repair: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "repair",
    abstract: words("Make tables and triggers anew that another program altered, and settle what it edited unseen. 修复"))
  @OptionGroup var options: CommonOptions
  @Flag(help: ArgumentHelp(words("What differs from the log becomes the city's edits; --actor says whose. 采用现有的值")))
  var adopt = false
  @Flag(help: ArgumentHelp(words("What differs becomes as the log has it. 还原为历史中的值"))) var setBack = false

  func run() async throws {
    try await options.run {
      let adopting = try adopting(adopt: adopt, setBack: setBack)
      let master = try options.open(CityProgram.self)
      let report = try master.repair(adopting: adopting, actor: options.actor)
      let rows = report.unlogged.map { UnloggedRow(row: $0, record: master.schema.record($0.ref.record)) }
      options.show(
        .object([
          ("repaired", .bool(report.isRepaired)),
          ("done", .array(report.done.map { .string($0.text(options.language)) })),
          ("rows", .array(rows.map(\.json))),
        ]), lines(report, rows).map { $0.text(options.language) }.joined(separator: "\n"))
      if !report.isRepaired { throw ExitCode(Failure.Kind.data.rawValue) }
    }
  }

  private func lines(_ report: RepairReport, _ rows: [UnloggedRow]) -> [Label] {
    let told = rows.map(\.line)
    if report.done.isEmpty {
      return [Label(zh: "表和触发器完好,无须修复", en: "every table and trigger is as it should be; nothing was done")]
    }
    if !report.isRepaired {
      return told + [
        Label(
          zh: "\(rows.count) 行与历史不符,尚未修复;请用 --adopt 采用现有的值,或用 --set-back 还原为历史中的值",
          en: "\(rows.count) rows are not as in the log, and nothing was done yet; "
            + "--adopt makes them the city's edits, --set-back takes the log's")
      ]
    }
    let settled =
      rows.isEmpty
      ? Label(zh: "各行均与历史相符", en: "every row is as in the log")
      : adopt
        ? Label(zh: "\(rows.count) 行已作为市里的修改记入历史", en: "\(rows.count) rows are in the log as the city's edits")
        : Label(zh: "\(rows.count) 行已还原为历史中的值", en: "\(rows.count) rows are as in the log again")
    return report.done + told + [settled]
  }
}

/// A row that is not as in the log, with what differs.
private struct UnloggedRow {
  let row: Unlogged
  let record: RecordSchema?

  var line: Label {
    let name = "\(row.kind.rawValue) \(row.ref.record) \(KeyText.show(row.ref.key))"
    let told = cells.map { cell in
      "\(cell.field): \(ValueText.spellOrNull(cell.logged)) → \(ValueText.spellOrNull(cell.here))"
    }
    let text = ([name] + told).joined(separator: "  ")
    return Label(zh: text, en: text)
  }

  var json: JSON {
    func image(_ image: [Value]?) -> JSON {
      guard let record, let image else { return .null }
      return rowJSON(record, Masking.mask(image, record))
    }
    return .object([
      ("change", .string(row.kind.rawValue)), ("record", .string(row.ref.record)), ("key", keyJSON(row.ref.key)),
      ("fields", .array(cells.map { .string($0.field) })), ("log", image(row.logged)), ("here", image(row.here)),
    ])
  }

  private var cells: [(field: String, logged: Value, here: Value)] {
    guard let record, let here = row.here, let logged = row.logged else { return [] }
    return row.columns.map { column in
      let field = record.fields[column]
      return (field.name, Masking.mask(logged[column], field), Masking.mask(here[column], field))
    }
  }
}
