import Presentation
import SyncCore

// What an enterprise is recognised, listed and rated as.

extension FilePages {
  func standing() throws -> [Report.Section] {
    try [recognitions(), applications(), cultivation(), roadmap(), ratings(), evaluations(), events(), transfers()]
  }

  private func recognitions() throws -> Report.Section {
    let field = { (name: String) in source.drawn("recognition", name) }
    return try section(
      "recognitions", "认定", "Recognitions",
      [
        field("scheme"), field("level"), field("year"), field("recognised_on"), field("cert_no"),
        field("name_at_time"), field("valid_to"), field("revoked_on"),
        Drawn(Report.Column("valid", Label(zh: "当日有效", en: "Valid on the day")), .yesNo),
      ],
      sql: """
        SELECT r.scheme, r.level, r.year, r.recognised_on, r.cert_no, r.name_at_time, r.valid_to, r.revoked_on,
          (\(Valid.recognition("r"))) FROM recognition r WHERE r.enterprise_id = :id ORDER BY r.scheme, r.year, r.id
        """)
  }

  private func applications() throws -> Report.Section {
    let names = ["scheme", "year", "stage", "reason", "rule_version", "notice_from", "notice_to"]
    return try list("applications", "申报", "Applications", of: "application", names, order: "year, scheme, id")
  }

  private func cultivation() throws -> Report.Section {
    try section(
      "cultivation", "入库培育", "Cultivation list",
      [
        source.drawn("cultivation_entry", "batch"), source.drawn("cultivation_entry", "reason"),
        source.drawn("cultivation_entry", "withdrawn_on"),
        Drawn(Report.Column("listed", Label(zh: "当日在库", en: "Listed on the day")), .yesNo),
      ],
      sql: """
        SELECT c.batch, c.reason, c.withdrawn_on, (\(inCultivation("c"))) FROM cultivation_entry c
        WHERE c.enterprise_id = :id ORDER BY c.batch, c.id
        """)
  }

  private func roadmap() throws -> Report.Section {
    try section(
      "roadmap", "成长路线图", "Roadmap",
      [
        source.drawn("roadmap", "goal"), source.drawn("roadmap", "year_to"), source.drawn("roadmap", "approved"),
        source.drawn("milestone", "title", as: "milestone"), source.drawn("milestone", "due_on"),
        source.drawn("milestone", "done_on"), .daysLate,
      ],
      sql: """
        SELECT r.goal, r.year_to, coalesce(r.approved, 0), m.title, m.due_on, m.done_on,
          CASE WHEN m.due_on < :day AND (m.done_on IS NULL OR m.done_on > :day)
            THEN \(daysBetween("m.due_on", ":day")) END
        FROM roadmap r LEFT JOIN milestone m ON m.roadmap_id = r.id WHERE r.enterprise_id = :id ORDER BY m.due_on, m.id
        """)
  }

  private func ratings() throws -> Report.Section {
    try section(
      "credit", "当日有效的信用评级", "Credit rating valid on the day",
      [
        source.drawn("credit_rating", "grade"), source.drawn("credit_rating", "valid_from"),
        source.drawn("credit_rating", "valid_to"), Drawn("standard", zh: "标准", en: "Standard"),
        Drawn("version", zh: "版本", en: "Version"),
      ],
      sql: """
        SELECT r.grade, r.valid_from, r.valid_to, r.standard_name, r.version FROM (\(validRatings)) r
        WHERE r.enterprise_id = :id
        """)
  }

  private func evaluations() throws -> Report.Section {
    try section(
      "evaluations", "监测评价", "Evaluations",
      [
        .year, source.drawn("evaluation", "score"), source.drawn("evaluation", "grade"),
        Drawn("rank", zh: "名次", en: "Rank"), Drawn("of", zh: "参评家数", en: "Of"), source.drawn("evaluation", "note"),
      ],
      sql: """
        SELECT year, score, grade, place, n, note FROM (
          SELECT v.*, rank() OVER (PARTITION BY v.year ORDER BY v.score DESC) AS place,
            count(*) OVER (PARTITION BY v.year) AS n
          FROM evaluation v JOIN enterprise e ON e.id = v.enterprise_id WHERE \(Valid.enterprise("e")))
        WHERE enterprise_id = :id ORDER BY year
        """)
  }

  private func events() throws -> Report.Section {
    let names = ["happened_on", "scheme", "kind", "from_state", "to_state", "doc_no", "reason"]
    return try list("status", "状态变动", "Changes of status", of: "status_event", names, order: "happened_on, id")
  }

  private func transfers() throws -> Report.Section {
    let names = ["org", "direction", "other_org", "effective_on", "completed_on", "reason"]
    return try section(
      "transfers", "迁移", "Transfers", names.map { source.drawn("transfer", $0) },
      sql: """
        SELECT \(names.map { "t.\($0)" }.joined(separator: ", ")) FROM transfer t
        JOIN enterprise e ON e.uscc = t.uscc WHERE e.id = :id ORDER BY t.effective_on, t.id
        """)
  }

  /// Fields of what hangs on the enterprise, as they are.
  func list(
    _ name: String, _ zh: String, _ en: String, of record: String, _ fields: [String], order: String
  ) throws -> Report.Section {
    try section(
      name, zh, en, fields.map { source.drawn(record, $0) },
      sql: "SELECT \(fields.joined(separator: ", ")) FROM \(record) WHERE enterprise_id = :id ORDER BY \(order)")
  }
}
