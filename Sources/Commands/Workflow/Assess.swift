import ArgumentParser
import Presentation
import Registry
import SQLiteStore
import SyncCore

/// `assess ENTERPRISE [--scheme tech_sme|small_giant|size] [--year Y] [--on DATE]`
public struct Assess<P: Program>: AsyncParsableCommand {
  public static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "assess",
      abstract: words("How an enterprise stands against a rule, item by item, and what is missing. 对照评价"))
  }
  @OptionGroup public var options: CommonOptions
  @Argument(help: ArgumentHelp(words("The key, uscc:CODE, or the credit code. 企业"))) public var enterprise: String
  @Option(help: ArgumentHelp(words("tech_sme, small_giant or size. 类别"))) public var scheme = AssessedScheme.techSME
    .rawValue
  @Option(help: ArgumentHelp(words("The year of the rule; that of the day without it. 年份"))) public var year: Int64?
  @Option(help: ArgumentHelp(words("The year of the figures; else the newest of this and last year. 数据年份"))) public
    var figures: Int64?
  @Option(help: ArgumentHelp(words("The day on which rights must be valid; today without it. 日期"))) public var on:
    String?
  public init() {}

  public func run() async throws {
    try await options.run {
      let store = try options.open(P.self)
      try store.checkYear(self.year, "--year")
      try store.checkYear(self.figures, "--figures")
      let enterprise = try store.enterprise(self.enterprise)
      let day = try store.day(on, "--on") ?? store.today
      let year = year ?? day.year
      let figures = try store.read { try self.figures ?? store.figuresYear($0, of: enterprise, upTo: year) }
      let head: [(String, JSON)] = [
        ("enterprise", keyJSON(enterprise.key)), ("name", .string(enterprise.name)), ("scheme", .string(scheme)),
        ("year", .integer(year)), ("figures", .integer(figures)), ("day", .string(day.description)),
      ]
      let title = Label(
        zh: "\(visibleText(enterprise.name)),\(figures) 年数据,截至 \(day)",
        en: "\(visibleText(enterprise.name)), figures of \(figures), as of \(day)"
      ).text(options.language)
      if scheme == "size" {
        let (rule, size) = try store.read { try store.sizeClass($0, of: enterprise, year: figures, on: day) }
        let word =
          size?.label
          ?? Label(zh: "数据不足或行业不在划分范围", en: "unknown: figures are missing, or the rule does not cover the industry")
        return options.show(
          .object(head + [("rule", .string(rule.name)), ("size", size.map { .string($0.rawValue) } ?? .null)]),
          "\(title)\n\(rule.name)\n\(word.text(options.language))")
      }
      guard let scheme = AssessedScheme(rawValue: scheme) else {
        let kind = Label(zh: "可评价的类别", en: "scheme with a rule")
        throw unknownName(kind, self.scheme, known: AssessedScheme.allCases.map(\.rawValue) + ["size"])
      }
      let assessment = try store.read {
        try store.assessment($0, of: enterprise, as: scheme, year: year, figures: figures, on: day)
      }
      let text = [
        title, assessment.rule, assessment.table(options.language), assessment.summary.text(options.language),
      ]
      options.show(.object(head + assessment.json(options.language)), text.joined(separator: "\n"))
    }
  }
}
