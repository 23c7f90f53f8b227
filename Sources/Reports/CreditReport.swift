import Presentation
import SyncCore

/// The valid credit grade of each rated enterprise on the day; for a purpose, the extract that an authority is given.
public enum CreditReport: ReportKind {
  public static let name = "credit"
  public static let summary = Label(
    zh: "信用评级:当日有效等级,或供一种用途的摘录",
    en: "Credit ratings valid on the day, or the dated extract for a purpose")
  public static let subject: Label? = Label(
    zh: "用途:procurement、bidding、funding", en: "a purpose: procurement, bidding, funding")
  public static let subjectIsOptional = true

  public static func draw(_ source: ReportSource) throws -> Report {
    let purpose = try purpose(source)
    let day = source.day
    var title = Label(zh: "信用评级(\(day))", en: "Credit ratings on \(day)")
    if let purpose {
      title = Label(
        zh: "信用评级摘录:\(purpose.label.zh)(\(day))", en: "Extract of credit ratings for \(purpose.label.en), \(day)")
    }
    var sections = [try grades(source), try ratings(source)]
    if let purpose { sections.append(try uses(source, purpose.value)) }
    return Report(
      name: name, title: title,
      notes: [
        Label(
          zh: "取当日启用的标准下最新的、未撤销的评级;失效日当日仍有效",
          en: "The newest rating that is not revoked, by a standard in force; the last day is valid")
      ] + source.ownOnly, sections: sections)
  }

  private static func purpose(_ source: ReportSource) throws -> Check.Choice? {
    guard let text = source.subject, !text.isEmpty else { return nil }
    let known = source.schema.record("rating_use")?.field("purpose")?.check.values ?? []
    if let purpose = known.first(where: { $0.value == text || $0.label.zh == text }) { return purpose }
    throw unknownName(Label(zh: "用途", en: "purpose"), text, known: known.map(\.value))
  }

  static func grades(_ source: ReportSource) throws -> Report.Section {
    return try source.section(
      "grades", Label(zh: "各等级家数", en: "Enterprises by grade"), [source.drawn("credit_rating", "grade"), .count],
      chart: Report.Chart(.bars, Label(zh: "各等级家数", en: "Enterprises by grade"), x: "grade", y: ["count"]),
      sql: """
        WITH g(place, code) AS (\(source.choiceRows("credit_rating", "grade"))) SELECT g.code, count(r.id)
        FROM g LEFT JOIN (\(validRatings)) r ON r.grade = g.code GROUP BY g.code ORDER BY g.place
        """)
  }

  static func ratings(_ source: ReportSource) throws -> Report.Section {
    try source.section(
      "ratings", Label(zh: "有效评级", en: "Valid ratings"),
      [
        .uscc, .enterprise, .county, source.drawn("credit_rating", "grade"),
        source.drawn("credit_rating", "valid_from"), source.drawn("credit_rating", "valid_to"),
        Drawn("standard", zh: "标准", en: "Standard"), Drawn("version", zh: "版本", en: "Version"),
      ],
      sql: """
        SELECT e.uscc, e.name, e.owner_org, r.grade, r.valid_from, r.valid_to, r.standard_name, r.version
        FROM (\(validRatings)) r JOIN enterprise e ON e.id = r.enterprise_id ORDER BY r.grade, e.name, e.id
        """)
  }

  static func uses(_ source: ReportSource, _ purpose: String) throws -> Report.Section {
    let use = { (name: String) in source.drawn("rating_use", name) }
    return try source.section(
      "uses", Label(zh: "已登记的应用", en: "Uses recorded"),
      [use("used_on"), .enterprise, use("grade"), use("requested_by"), use("matter")],
      arguments: ["purpose": .text(purpose)],
      sql: """
        SELECT u.used_on, e.name, u.grade, u.requested_by, u.matter FROM rating_use u
        JOIN enterprise e ON e.id = u.enterprise_id
        WHERE u.purpose = :purpose AND u.used_on <= :day ORDER BY u.used_on, e.name, u.id
        """)
  }
}

/// One rating an enterprise: the newest of those that are valid on the day.
let validRatings = """
  SELECT * FROM (
    SELECT r.*, s.name AS standard_name, s.version,
      row_number() OVER (PARTITION BY r.enterprise_id ORDER BY r.valid_from DESC, r.id DESC) AS newest
    FROM credit_rating r JOIN credit_standard s ON s.code = r.standard JOIN enterprise f ON f.id = r.enterprise_id
    WHERE r.valid_from <= :day AND r.valid_to >= :day AND (r.revoked_on IS NULL OR r.revoked_on > :day)
      AND \(Valid.between("s.valid_from", "s.valid_to")) AND \(Valid.enterprise("f")))
  WHERE newest = 1
  """
