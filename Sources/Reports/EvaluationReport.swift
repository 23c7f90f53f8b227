import Presentation
import SyncCore

/// The operation monitoring and evaluation of a year: scores, ranks, grades, and who has none.
public enum EvaluationReport: ReportKind {
  public static let name = "evaluation"
  public static let summary = Label(zh: "运行监测评价:得分、名次、等级", en: "Evaluation of a year: scores, ranks, grades")

  public static func draw(_ source: ReportSource) throws -> Report {
    var notes = [
      source.dayNote,
      Label(
        zh: "得分相同名次相同;名次变化为上年名次减本年名次", en: "Equal scores share a rank; change is last year's rank minus this one's"),
    ]
    if source.unit != nil {
      notes.append(Label(zh: "名次只计本单位可见的企业", en: "Ranks are among the enterprises that this unit sees"))
    }
    return Report(
      name: name, title: Label(zh: "\(source.year) 年监测评价", en: "Evaluation of \(source.year)"), notes: notes,
      sections: try [grades(source), scores(source), missing(source)])
  }

  /// Ranks of a year; those who were merged into another do not take part.
  private static func ranked(_ year: String) -> String {
    """
    SELECT v.enterprise_id, v.score, v.grade, rank() OVER (ORDER BY v.score DESC) AS place
    FROM evaluation v JOIN enterprise f ON f.id = v.enterprise_id AND \(Valid.enterprise("f")) WHERE v.year = \(year)
    """
  }

  static func grades(_ source: ReportSource) throws -> Report.Section {
    return try source.section(
      "grades", Label(zh: "各等级家数", en: "Enterprises by grade"),
      [
        source.drawn("evaluation", "grade"), .count, Drawn("share", zh: "占比", en: "Share", unit: .percent),
        Drawn("mean", zh: "平均分", en: "Mean score"), Drawn("count_before", zh: "上年家数", en: "Last year"),
      ],
      chart: Report.Chart(.bars, Label(zh: "各等级家数", en: "Enterprises by grade"), x: "grade", y: ["count"]),
      sql: """
        WITH g(place, code) AS (\(source.choiceRows("evaluation", "grade"))), now AS (\(ranked(":year"))), before AS (\(ranked(":year - 1")))
        SELECT g.code, count(n.score), count(n.score) * 1.0 / nullif((SELECT count(*) FROM now), 0), avg(n.score),
          (SELECT count(*) FROM before b WHERE b.grade = g.code)
        FROM g LEFT JOIN now n ON n.grade = g.code GROUP BY g.code ORDER BY g.place
        """)
  }

  static func scores(_ source: ReportSource) throws -> Report.Section {
    try source.section(
      "scores", Label(zh: "得分与名次", en: "Scores and ranks"),
      [
        Drawn("rank", zh: "名次", en: "Rank"), .enterprise, .county,
        Drawn("score", zh: "得分", en: "Score", hasBar: true), source.drawn("evaluation", "grade"),
        Drawn("rank_before", zh: "上年名次", en: "Rank last year"), Drawn("change", zh: "名次变化", en: "Change"),
      ],
      sql: """
        WITH now AS (\(ranked(":year"))), before AS (\(ranked(":year - 1")))
        SELECT n.place, e.name, e.owner_org, n.score, n.grade, b.place, b.place - n.place
        FROM now n JOIN enterprise e ON e.id = n.enterprise_id LEFT JOIN before b ON b.enterprise_id = n.enterprise_id
        ORDER BY n.place, e.name, e.id
        """)
  }

  static func missing(_ source: ReportSource) throws -> Report.Section {
    try source.section(
      "missing", Label(zh: "在库而未评价", en: "In the cultivation list without an evaluation"),
      [.uscc, .enterprise, .county],
      sql: """
        SELECT e.uscc, e.name, e.owner_org FROM enterprise e WHERE \(Valid.enterprise("e"))
          AND EXISTS (SELECT 1 FROM cultivation_entry c WHERE c.enterprise_id = e.id AND \(inCultivation("c")))
          AND NOT EXISTS (SELECT 1 FROM evaluation v WHERE v.enterprise_id = e.id AND v.year = :year)
        ORDER BY e.owner_org, e.name, e.id
        """)
  }
}
