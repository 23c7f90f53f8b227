import ArgumentParser
import Presentation
import Reports
import SQLiteStore
import SyncCore

/// `report [NAME [SUBJECT]]`
public struct ReportCommand<P: Program>: AsyncParsableCommand {
  public static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "report",
      abstract: words("Figures from the records, as a table, JSON, CSV, a workbook or a page. 报表"))
  }
  @OptionGroup public var options: CommonOptions
  @OptionGroup public var arguments: ReportArguments
  @OptionGroup public var output: ReportOutput
  @Flag(help: ArgumentHelp(words("As it would be published: no cell of fewer than three enterprises. 按公布口径"))) public
    var published = false
  public init() {}

  public func run() async throws {
    try await options.run {
      guard arguments.name != nil else { return list() }
      let store = try options.open(P.self)
      let (kind, chosen) = try arguments.chosen(store)
      if published, !kind.hasPublicForm { throw Reports.notPublic(kind) }
      try output.write(try Reports.draw(chosen, from: store, isForPublication: published), options)
    }
  }

  private func list() {
    let rows = Reports.all.map {
      [$0.name, $0.summary.text(options.language), $0.subject?.text(options.language) ?? ""]
    }
    let headers = options.language == .zh ? ["报表", "内容", "对象"] : ["report", "what it says", "about"]
    let json = Reports.all.map { kind in
      JSON.object([
        ("name", .string(kind.name)), ("zh", .string(kind.summary.zh)), ("en", .string(kind.summary.en)),
        ("public", .bool(kind.isPublic)),
      ])
    }
    options.show(.array(json), TextTable(headers: headers, rows: rows).render())
  }
}
