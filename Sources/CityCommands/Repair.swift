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
      let report = try options.open(CityProgram.self).repair(adopting: adopting, actor: options.actor)
      let rows = report.unlogged
      options.show(
        .object([
          ("repaired", .bool(report.isRepaired)),
          ("done", .array(report.done.map { .string($0.text(options.language)) })),
          (
            "rows",
            .array(
              rows.map { row in
                .object([
                  ("change", .string(row.kind.rawValue)), ("record", .string(row.ref.record)),
                  ("key", .string(row.ref.key.description)), ("fields", .array(row.fields.map { .string($0) })),
                ])
              })
          ),
        ]), lines(report).map { $0.text(options.language) }.joined(separator: "\n"))
      if !report.isRepaired { throw ExitCode(Failure.Kind.data.rawValue) }
    }
  }

  private func lines(_ report: RepairReport) -> [Label] {
    let rows = report.unlogged
    let told = rows.map { row in
      let text = "\(row.kind.rawValue) \(row.ref.record) \(row.ref.key)" + row.fields.map { " " + $0 }.joined()
      return Label(zh: text, en: text)
    }
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
