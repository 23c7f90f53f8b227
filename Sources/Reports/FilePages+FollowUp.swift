import Presentation
import SyncCore

// What was done for an enterprise, and what it has.

extension FilePages {
  func followUp() throws -> [Report.Section] {
    try [services(), support(), issues(), attended()]
  }

  func assets() throws -> [Report.Section] {
    let counted = ["stage", "confirmed", "confirmed_year"]
    return try [
      list(
        "products", "产品", "Products", of: "product", ["name", "kind", "level", "year"] + counted, order: "year, id"),
      list(
        "technologies", "关键技术", "Key technologies", of: "key_technology",
        ["name", "kind", "level_note", "year"] + counted, order: "year, id"),
      list(
        "institutions", "研发机构", "R&D institutions", of: "rd_institution",
        ["name", "kind", "level", "doc_no", "year"] + counted, order: "year, id"),
      list(
        "projects", "转化项目", "Transformation projects", of: "project",
        ["name", "phase", "investment", "year"] + counted, order: "year, id"),
      list(
        "qualifications", "资质", "Qualifications", of: "qualification",
        ["kind", "name", "cert_no", "issued_on", "expires_on"], order: "kind, issued_on, id"),
      rights(),
    ]
  }

  private func services() throws -> Report.Section {
    try section(
      "services", "服务", "Services given",
      [
        source.drawn("service_record", "kind"), .count, Drawn("accepted", zh: "企业确认", en: "Accepted"),
        Drawn("last", zh: "最近日期", en: "Last on"),
      ],
      sql: """
        SELECT kind, count(*), coalesce(sum(accepted), 0), max(given_on) FROM service_record
        WHERE enterprise_id = :id AND given_on <= :day GROUP BY kind ORDER BY count(*) DESC, kind
        """)
  }

  private func support() throws -> Report.Section {
    try section(
      "support", "支持资金", "Support",
      [
        source.drawn("support_record", "field"), Drawn("count", zh: "笔数", en: "Grants"),
        .money("amount", zh: "金额", en: "Amount"), Drawn("last", zh: "最近日期", en: "Last on"),
      ],
      sql: """
        SELECT s.field, count(*), \(yuanSum("s.amount")), max(s.granted_on) FROM support_record s
        WHERE s.enterprise_id = :id AND s.granted_on <= :day GROUP BY s.field ORDER BY s.field
        """)
  }

  private func issues() throws -> Report.Section {
    try section(
      "issues", "诉求", "Problems raised",
      [
        source.drawn("enterprise_issue", "raised_on"), source.drawn("enterprise_issue", "topic"),
        source.drawn("enterprise_issue", "description"), source.drawn("enterprise_issue", "answer"),
        source.drawn("enterprise_issue", "closed_on"), Drawn("days_open", zh: "历时天数", en: "Days open", unit: .days),
      ],
      sql: """
        SELECT raised_on, topic, description, answer, closed_on,
          \(daysBetween("raised_on", "CASE WHEN closed_on <= :day THEN closed_on ELSE :day END"))
        FROM enterprise_issue WHERE enterprise_id = :id AND raised_on <= :day ORDER BY raised_on, id
        """)
  }

  private func attended() throws -> Report.Section {
    try section(
      "events", "参加的活动", "Events attended",
      [
        source.drawn("event", "held_on"), source.drawn("event", "kind"), source.drawn("event", "title"),
        source.drawn("attendance", "result"),
      ],
      sql: """
        SELECT v.held_on, v.kind, v.title, a.result FROM attendance a JOIN event v ON v.id = a.event_id
        WHERE a.enterprise_id = :id ORDER BY v.held_on, v.id
        """)
  }

  /// Classes I and II are those of the rule for tech SMEs.
  private func rights() throws -> Report.Section {
    try section(
      "rights", "知识产权", "Intellectual property",
      [
        Drawn("class", zh: "类", en: "Class"), source.drawn("ip_right", "kind"), .count,
        Drawn("valid", zh: "当日有效", en: "Valid on the day"),
      ],
      sql: """
        SELECT CASE WHEN kind IN ('utility', 'design', 'software') THEN 'II' ELSE 'I' END, kind, count(*),
          sum(\(Valid.between("granted_on", "expires_on")))
        FROM ip_right WHERE enterprise_id = :id GROUP BY kind ORDER BY 1, kind
        """)
  }
}
