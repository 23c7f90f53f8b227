import Presentation
import SyncCore

/// What is late on the day, and what soon ends. The last day of a deadline is not late.
public enum OverdueReport: ReportKind {
  public static let name = "overdue"
  public static let summary = Label(
    zh: "逾期与到期:节点、路线图、上报、诉求、证书、会商决定、服务合同",
    en: "What is late or soon ends: milestones, roadmaps, submissions, problems, certificates, decisions, contracts")

  public static func draw(_ source: ReportSource) throws -> Report {
    Report(
      name: name, title: Label(zh: "逾期与到期", en: "Overdue and expiring"),
      notes: [
        source.dayNote,
        Label(zh: "期限当日不算逾期;有效期末日仍有效", en: "The due day itself is not late; the last valid day is valid"),
      ],
      sections: try [
        milestones(source), withoutRoadmap(source), unapproved(source), submissions(source), issues(source),
        expiring(source), contacts(source), decisions(source), contracts(source),
      ])
  }

  static func milestones(_ source: ReportSource) throws -> Report.Section {
    try source.section(
      "milestones", Label(zh: "逾期节点", en: "Milestones past due"),
      [.enterprise, .county, source.drawn("milestone", "title"), source.drawn("milestone", "due_on"), .daysLate],
      sql: """
        SELECT e.name, e.owner_org, m.title, m.due_on, \(daysBetween("m.due_on", ":day"))
        FROM milestone m JOIN roadmap r ON r.id = m.roadmap_id JOIN enterprise e ON e.id = r.enterprise_id
        WHERE m.due_on < :day AND (m.done_on IS NULL OR m.done_on > :day) AND e.merged_into IS NULL
        ORDER BY m.due_on, e.name, m.id
        """)
  }

  static func withoutRoadmap(_ source: ReportSource) throws -> Report.Section {
    try source.section(
      "without_roadmap", Label(zh: "入库而无成长路线图", en: "In the cultivation list without a roadmap"),
      [.enterprise, .county, source.drawn("cultivation_entry", "batch")],
      sql: """
        SELECT e.name, e.owner_org, min(c.batch) FROM cultivation_entry c JOIN enterprise e ON e.id = c.enterprise_id
        WHERE e.merged_into IS NULL AND \(inCultivation("c"))
          AND NOT EXISTS (SELECT 1 FROM roadmap r WHERE r.enterprise_id = e.id)
        GROUP BY e.id ORDER BY e.owner_org, e.name, e.id
        """)
  }

  static func unapproved(_ source: ReportSource) throws -> Report.Section {
    try source.section(
      "unapproved", Label(zh: "未批准的路线图", en: "Roadmaps not approved"),
      [.enterprise, .county, source.drawn("roadmap", "goal"), source.drawn("roadmap", "year_to")],
      sql: """
        SELECT e.name, e.owner_org, r.goal, r.year_to FROM roadmap r JOIN enterprise e ON e.id = r.enterprise_id
        WHERE e.merged_into IS NULL
          AND (coalesce(r.approved, 0) = 0 OR r.approved_on > :day)
        ORDER BY e.owner_org, e.name, e.id
        """)
  }

  /// Every unit in force on the due day but the city owes a submission; one that was given more time, after that. One
  /// that was taken over owes none any more, for what it sends is its successor's (M15), but what was returned to it is
  /// still to be mended, whenever it was due.
  static func submissions(_ source: ReportSource) throws -> Report.Section {
    let due = "max(p.due_on, coalesce(x.expires_on, p.due_on))"
    return try source.section(
      "submissions", Label(zh: "逾期未报", en: "Submissions missing"),
      notes: [
        Label(
          zh: "退回的上报视为未报;1 月可免报",
          en: "A submission that was returned counts as missing; January may be skipped")
      ],
      [
        .county, source.drawn("submission", "period"), source.drawn("period", "due_on"), .daysLate,
        source.drawn("submission", "returned_reason"),
      ],
      sql: """
        SELECT u.code, p.code, \(due), \(daysBetween(due, ":day")), s.returned_reason
        FROM period p JOIN org_unit u ON u.kind <> 'city' AND (u.valid_from IS NULL OR u.valid_from <= p.due_on)
          AND (:unit IS NULL OR u.code = :unit)
        LEFT JOIN submission s ON s.org = u.code AND s.period = p.code
        LEFT JOIN lock_exception x ON x.org = u.code AND x.period = p.code
        WHERE \(due) < :day AND (s.org IS NULL OR s.submitted_on > :day OR \(isReturned("s")))
          AND (p.kind <> 'month' OR p.code % 100 <> 1 OR \(isReturned("s")))
          AND (u.valid_to IS NULL OR u.valid_to > p.due_on OR \(isReturned("s")))
          AND (u.successor IS NULL OR coalesce(u.valid_to, '') > :day OR \(isReturned("s")))
        ORDER BY 3, u.code, p.code
        """)
  }

  static func issues(_ source: ReportSource) throws -> Report.Section {
    try source.section(
      "issues", Label(zh: "未办结诉求", en: "Open problems of enterprises"),
      [
        .enterprise, .county, source.drawn("enterprise_issue", "topic"), source.drawn("enterprise_issue", "raised_on"),
        Drawn("days_open", zh: "已过天数", en: "Days open", unit: .days),
      ],
      sql: """
        SELECT e.name, e.owner_org, i.topic, i.raised_on, \(daysBetween("i.raised_on", ":day"))
        FROM enterprise_issue i JOIN enterprise e ON e.id = i.enterprise_id
        WHERE e.merged_into IS NULL AND i.raised_on <= :day AND (i.closed_on IS NULL OR i.closed_on > :day)
        ORDER BY i.raised_on, e.name, i.id
        """)
  }

  /// Personal data that should be gone: how much of it, not whose. What was erased is gone, though its row stands.
  static func contacts(_ source: ReportSource) throws -> Report.Section {
    try source.section(
      "contacts", Label(zh: "过期联系人", en: "Contacts past their date"),
      notes: [Label(zh: "请删除过期的个人信息", en: "Please delete personal data that is past its date")],
      [.county, .count],
      sql: """
        SELECT e.owner_org, count(*) FROM contact c JOIN enterprise e ON e.id = c.enterprise_id
        WHERE c.expires_on < :day AND (c.name IS NOT NULL OR c.phone IS NOT NULL)
        GROUP BY e.owner_org ORDER BY e.owner_org
        """)
  }

  /// In a county its own, with those of the units that it has taken over.
  static func decisions(_ source: ReportSource) throws -> Report.Section {
    let units = try Units(source.db)
    let own = source.unit.map { units.current($0, on: source.day) }
    let mine = units.all.map(\.code).filter { units.current($0, on: source.day) == own }
    return try source.section(
      "decisions", Label(zh: "到期的会商决定", en: "Meeting decisions past due"),
      notes: [Label(zh: "是否已办结未登记,请逐项核对", en: "Whether they were carried out is not recorded: please check each")],
      [
        Drawn("held_on", zh: "会商日期", en: "Meeting held on"), source.drawn("meeting_decision", "subject"),
        source.drawn("meeting_decision", "outcome"), source.drawn("meeting_decision", "org"),
        source.drawn("meeting_decision", "due_on"), .daysLate,
      ],
      arguments: ["mine": .text(JSON.array(mine.map(JSON.string)).text())],
      sql: """
        SELECT m.held_on, d.subject, d.outcome, d.org, d.due_on, \(daysBetween("d.due_on", ":day"))
        FROM meeting_decision d JOIN meeting m ON m.id = d.meeting_id
        WHERE d.due_on < :day AND (:unit IS NULL OR d.org IS NULL
          OR d.org IN (SELECT value FROM json_each(:mine)))
        ORDER BY d.due_on, m.held_on, m.id, d.item
        """)
  }

  static func contracts(_ source: ReportSource) throws -> Report.Section {
    try source.section(
      "contracts", Label(zh: "到期未交付的服务合同", en: "Service contracts ended with less than contracted"),
      [
        Drawn("contract_no", zh: "合同编号", en: "Contract"), Drawn("provider", zh: "服务机构", en: "Provider"),
        source.drawn("service_contract", "ends_on"), source.drawn("service_contract", "units"),
        Drawn("delivered", zh: "已交付", en: "Delivered"), .daysLate,
      ],
      sql: """
        SELECT * FROM (
          SELECT k.contract_no, p.name, k.ends_on, k.units, (\(delivered("k"))) AS delivered,
            \(daysBetween("k.ends_on", ":day"))
          FROM service_contract k JOIN service_provider p ON p.id = k.provider_id WHERE k.ends_on < :day
        ) WHERE delivered < units AND :unit IS NULL ORDER BY ends_on, contract_no
        """)
  }
}

/// A submission that the city has sent back and not accepted since.
func isReturned(_ submission: String) -> String {
  "(\(submission).returned_reason IS NOT NULL AND \(submission).accepted_on IS NULL)"
}

/// The services of a contract which the enterprises have accepted, until the day.
func delivered(_ contract: String) -> String {
  """
  SELECT count(*) FROM service_record s \
  WHERE s.contract_id = \(contract).id AND s.accepted = 1 AND s.given_on <= :day
  """
}
