import Presentation
import SyncCore

/// Investment leads by phase and county, and the map of the industry chains with its gaps.
public enum InvestmentReport: ReportKind {
  public static let name = "investment"
  public static let summary = Label(
    zh: "科技招商与产业链全景图", en: "Investment leads, and the map of the industry chains with its gaps")

  public static func draw(_ source: ReportSource) throws -> Report {
    Report(
      name: name, title: Label(zh: "科技招商与产业链全景图", en: "Investment leads and chain map"),
      notes: [source.dayNote] + source.ownOnly,
      sections: try [phases(source), counties(source), top500(source), chains(source), gaps(source)])
  }

  /// One that has no date counts from the beginning.
  private static let begun = "(i.since IS NULL OR i.since <= :day)"

  static func phases(_ source: ReportSource) throws -> Report.Section {
    let title = Label(zh: "招商项目(按进度)", en: "Investment leads by phase")
    return try source.section(
      "phases", title,
      [
        source.drawn("investment_project", "phase"), .count, .money("amount", zh: "计划投资", en: "Planned investment"),
        Drawn("top500", zh: "其中500强", en: "Of these top 500"),
      ],
      chart: Report.Chart(.bars, title, x: "phase", y: ["count"]),
      sql: """
        WITH p(place, code) AS (\(source.choiceRows("investment_project", "phase")))
        SELECT p.code, count(i.id), coalesce(\(yuanSum("i.amount")), 0), count(i.top500)
        FROM p LEFT JOIN investment_project i ON i.phase = p.code AND \(begun) GROUP BY p.code ORDER BY p.place
        """)
  }

  static func counties(_ source: ReportSource) throws -> Report.Section {
    try source.section(
      "counties", Label(zh: "招商项目(按单位和进度)", en: "Investment leads by unit and phase"),
      [
        .county, source.drawn("investment_project", "phase"), .count,
        .money("amount", zh: "计划投资", en: "Planned investment"),
      ],
      sql: """
        SELECT i.owner_org, i.phase, count(*), coalesce(\(yuanSum("i.amount")), 0) FROM investment_project i
        WHERE \(begun) GROUP BY i.owner_org, i.phase ORDER BY i.owner_org, \(place(source))
        """)
  }

  static func top500(_ source: ReportSource) throws -> Report.Section {
    let names = ["top500", "name", "investor", "phase", "amount", "since"]
    return try source.section(
      "top500", Label(zh: "500强项目", en: "Projects of top 500 companies"),
      names.map { source.drawn("investment_project", $0) } + [.county],
      sql: """
        SELECT i.top500, i.name, i.investor, i.phase, i.amount, i.since, i.owner_org FROM investment_project i
        WHERE i.top500 IS NOT NULL AND \(begun) ORDER BY i.top500 DESC, \(place(source)), i.name, i.id
        """)
  }

  /// Phases in the order of the schema, which is that of a project's life.
  private static func place(_ source: ReportSource) -> String {
    let phases = source.schema.record("investment_project")?.field("phase")?.check.values ?? []
    return "CASE i.phase " + phases.enumerated().map { "WHEN '\($1.value)' THEN \($0)" }.joined(separator: " ") + " END"
  }
}
