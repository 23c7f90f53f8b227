import Presentation
import SyncCore

/// Events, services, measures, model cases, providers, associations, consultations.
public enum ActivitiesReport: ReportKind {
  public static let name = "activities"
  public static let summary = Label(
    zh: "服务与活动:活动、培训、服务、县区措施、典型、机构、协会、会商",
    en: "Events, training, services, county measures, model cases, providers, associations, consultations")

  public static func draw(_ source: ReportSource) throws -> Report {
    Report(
      name: name, title: Label(zh: "\(source.year) 年服务与活动", en: "Services and events of \(source.year)"),
      notes: [
        source.dayNote,
        Label(
          zh: "活动、服务、会商和典型为 \(source.year) 年,其余为截至当日",
          en: "Events, services, consultations and cases are those of \(source.year), the others all until the day"),
      ] + source.ownOnly,
      sections: try [
        kinds(source), events(source), services(source), measures(source), cases(source), providers(source),
        organisations(source), consultations(source),
      ])
  }

  /// Within the year that is asked for and not after the day.
  private static func within(_ column: String) -> String {
    "CAST(substr(\(column), 1, 4) AS INTEGER) = :year AND \(column) <= :day"
  }

  /// Staff training is one of the kinds.
  static func kinds(_ source: ReportSource) throws -> Report.Section {
    let title = Label(zh: "活动(按类别)", en: "Events by kind")
    return try source.section(
      "event_kinds", title,
      [
        source.drawn("event", "kind"), .count, source.drawn("event", "people"),
        Drawn("attendances", zh: "参加企业次数", en: "Attendances"), .enterprises,
      ],
      chart: Report.Chart(.bars, title, x: "kind", y: ["count"]),
      sql: """
        WITH k(place, code) AS (\(source.choiceRows("event", "kind"))),
          events AS (SELECT * FROM event WHERE \(within("held_on"))),
          present AS (SELECT v.kind, a.enterprise_id FROM events v JOIN attendance a ON a.event_id = v.id)
        SELECT k.code, (SELECT count(*) FROM events v WHERE v.kind = k.code),
          (SELECT coalesce(sum(v.people), 0) FROM events v WHERE v.kind = k.code),
          (SELECT count(*) FROM present p WHERE p.kind = k.code),
          (SELECT count(DISTINCT p.enterprise_id) FROM present p WHERE p.kind = k.code)
        FROM k ORDER BY k.place
        """)
  }

  static func events(_ source: ReportSource) throws -> Report.Section {
    try source.section(
      "events", Label(zh: "活动(按单位和类别)", en: "Events by unit and kind"),
      [
        .county, source.drawn("event", "kind"), .count, source.drawn("event", "people"),
        Drawn("attendances", zh: "参加企业次数", en: "Attendances"),
      ],
      sql: """
        SELECT v.owner_org, v.kind, count(*), coalesce(sum(v.people), 0),
          sum((SELECT count(*) FROM attendance a WHERE a.event_id = v.id))
        FROM event v WHERE \(within("v.held_on")) GROUP BY v.owner_org, v.kind ORDER BY v.owner_org, v.kind
        """)
  }

  static func services(_ source: ReportSource) throws -> Report.Section {
    try source.section(
      "services", Label(zh: "服务(按类别)", en: "Services by kind"),
      [
        source.drawn("service_record", "kind"), .count, .enterprises,
        Drawn("accepted", zh: "企业确认", en: "Accepted"), Drawn("purchased", zh: "购买服务", en: "Under a contract"),
      ],
      sql: """
        WITH k(place, code) AS (\(source.choiceRows("service_record", "kind")))
        SELECT k.code, count(s.id), count(DISTINCT s.enterprise_id), coalesce(sum(s.accepted), 0), count(s.contract_id)
        FROM k LEFT JOIN service_record s ON s.kind = k.code AND \(within("s.given_on"))
        GROUP BY k.code ORDER BY k.place
        """)
  }

  static func measures(_ source: ReportSource) throws -> Report.Section {
    try source.section(
      "measures", Label(zh: "县区培育措施", en: "County measures"),
      [.county] + ["title", "doc_no", "issued_on"].map { source.drawn("county_measure", $0) },
      sql: """
        SELECT owner_org, title, doc_no, issued_on FROM county_measure WHERE issued_on IS NULL OR issued_on <= :day
        ORDER BY owner_org, issued_on, title, id
        """)
  }

  static func cases(_ source: ReportSource) throws -> Report.Section {
    try source.section(
      "cases", Label(zh: "先进典型", en: "Model cases confirmed"),
      [.enterprise, .county] + ["title", "media"].map { source.drawn("model_case", $0) },
      sql: """
        SELECT e.name, e.owner_org, c.title, c.media FROM model_case c JOIN enterprise e ON e.id = c.enterprise_id
        WHERE c.confirmed = 1 AND c.year = :year AND \(Valid.enterprise("e")) ORDER BY e.owner_org, e.name, c.title, c.id
        """)
  }

  static func providers(_ source: ReportSource) throws -> Report.Section {
    try source.section(
      "providers", Label(zh: "科技中介服务机构", en: "Service providers"),
      ["kind", "name", "origin", "since"].map { source.drawn("service_provider", $0) }
        + [Drawn("contracts", zh: "购买服务合同", en: "Contracts")],
      sql: """
        SELECT p.kind, p.name, p.origin, p.since,
          (SELECT count(*) FROM service_contract k WHERE k.provider_id = p.id AND k.starts_on <= :day)
        FROM service_provider p WHERE (p.since IS NULL OR p.since <= :day) AND (p.closed_on IS NULL OR p.closed_on > :day)
        ORDER BY p.kind, p.name
        """)
  }

  static func organisations(_ source: ReportSource) throws -> Report.Section {
    try source.section(
      "organisations", Label(zh: "协会与院校", en: "Associations and schools"),
      ["kind", "name", "country"].map { source.drawn("organisation", $0) },
      sql: "SELECT kind, name, country FROM organisation ORDER BY kind, name")
  }

  /// A consultation without a decision has a row of its own.
  static func consultations(_ source: ReportSource) throws -> Report.Section {
    let decision = { (name: String) in source.drawn("meeting_decision", name) }
    return try source.section(
      "consultations", Label(zh: "会商与决定", en: "Consultations and decisions"),
      [
        source.drawn("meeting", "held_on"), source.drawn("meeting", "topic"), decision("item"), decision("subject"),
        decision("outcome"), decision("org"), decision("due_on"), .daysLate,
      ],
      sql: """
        SELECT m.held_on, m.topic, d.item, d.subject, d.outcome, d.org, d.due_on,
          CASE WHEN d.due_on < :day THEN \(daysBetween("d.due_on", ":day")) END
        FROM meeting m LEFT JOIN meeting_decision d ON d.meeting_id = m.id WHERE \(within("m.held_on"))
        ORDER BY m.held_on, m.id, d.item
        """)
  }
}
