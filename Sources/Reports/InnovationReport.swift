import Presentation
import SyncCore

/// What the city's innovation consists of: technologies, products, clusters, institutions, platforms, parks, carriers,
/// projects, fields, documents. What the city has confirmed counts, from the year in which it did.
public enum InnovationReport: ReportKind {
  public static let name = "innovation"
  public static let summary = Label(
    zh: "创新资源:关键技术、产品、集群、研发机构、平台、园区、载体、项目、领域、文件",
    en: "Technologies, products, clusters, R&D institutions, platforms, parks, carriers, projects, fields, documents")

  public static func draw(_ source: ReportSource) throws -> Report {
    Report(
      name: name, title: Label(zh: "创新资源(至 \(source.year) 年)", en: "Innovation up to \(source.year)"),
      notes: [
        source.dayNote,
        Label(
          zh: "只计市级已确认的,按确认年份累计到 \(source.year) 年,没有年份的不计;并入其他企业的不计",
          en: "Only what the city has confirmed counts, up to \(source.year) by the year of confirmation, and in none "
            + "without one; enterprises that were merged into another do not"),
      ] + source.ownOnly,
      sections: try [
        statuses(source), technologyCounts(source), technologies(source), products(source), clusters(source),
        institutions(source), platforms(source), parkCounts(source), parks(source), carrierCounts(source),
        carriers(source), projects(source), fields(source), documents(source),
      ])
  }

  /// Confirmed by the end of the year that is asked for.
  static func counted(_ alias: String) -> String {
    "\(alias).confirmed = 1 AND \(alias).confirmed_year <= :year"
  }

  /// The same of what an enterprise has filed that is not merged into another.
  static func countedOfEnterprises(_ alias: String) -> String {
    "\(counted(alias)) AND \(alias).enterprise_id IN (SELECT e.id FROM enterprise e WHERE \(Valid.enterprise("e")))"
  }

  static func addedThisYear(_ alias: String) -> String { "coalesce(sum(\(alias).confirmed_year = :year), 0)" }
  static let added = Drawn("added", zh: "当年新增", en: "Added this year")

  static func statuses(_ source: ReportSource) throws -> Report.Section {
    try source.section(
      "recognitions", Label(zh: "各类认定", en: "Recognitions by scheme"),
      [
        source.drawn("recognition", "scheme"), Drawn("valid", zh: "当日有效家数", en: "Enterprises valid on the day"),
        Drawn("made", zh: "\(source.year) 年认定", en: "Made in \(source.year)"),
      ],
      sql: """
        WITH s(place, code) AS (\(source.choiceRows("recognition", "scheme")))
        SELECT s.code,
          (SELECT count(DISTINCT r.enterprise_id) FROM recognition r JOIN enterprise e ON e.id = r.enterprise_id
            WHERE r.scheme = s.code AND \(Valid.enterprise("e")) AND \(Valid.recognition("r"))),
          (SELECT count(DISTINCT r.enterprise_id) FROM recognition r JOIN enterprise e ON e.id = r.enterprise_id
            WHERE r.scheme = s.code AND r.year = :year AND \(Valid.enterprise("e")) AND \(Valid.made("r")))
        FROM s ORDER BY s.place
        """)
  }

  static func technologyCounts(_ source: ReportSource) throws -> Report.Section {
    try source.section(
      "technology_counts", Label(zh: "关键技术和产品(按领域和专题)", en: "Key technologies by field and topic"),
      [source.code("key_technology", "field"), source.code("key_technology", "topic"), .count, added],
      sql: """
        SELECT t.field, t.topic, count(*), \(addedThisYear("t")) FROM key_technology t
        WHERE \(countedOfEnterprises("t"))
        GROUP BY t.field, t.topic ORDER BY t.field IS NULL, t.field, t.topic IS NULL, t.topic
        """)
  }

  static func technologies(_ source: ReportSource) throws -> Report.Section {
    try source.section(
      "technologies", Label(zh: "关键技术和产品", en: "Key technologies and products"),
      [
        source.drawn("key_technology", "name"), source.drawn("key_technology", "kind"), .enterprise, .county,
        source.code("key_technology", "field"), source.code("key_technology", "topic"),
        source.drawn("key_technology", "confirmed_year"),
      ],
      sql: """
        SELECT t.name, t.kind, e.name, e.owner_org, t.field, t.topic, t.confirmed_year
        FROM key_technology t JOIN enterprise e ON e.id = t.enterprise_id
        WHERE \(countedOfEnterprises("t"))
        ORDER BY t.confirmed_year, t.name, t.id
        """)
  }

  static func products(_ source: ReportSource) throws -> Report.Section {
    let title = Label(zh: "专精特新产品(按类别)", en: "Specialised products by kind")
    return try source.section(
      "products", title, [source.drawn("product", "kind"), .count, added, .enterprises],
      chart: Report.Chart(.bars, title, x: "kind", y: ["count"]),
      sql: """
        SELECT p.kind, count(*), \(addedThisYear("p")), count(DISTINCT p.enterprise_id) FROM product p
        WHERE \(countedOfEnterprises("p")) GROUP BY p.kind ORDER BY p.kind IS NULL, p.kind
        """)
  }

  /// The year of an institution is that of its confirmation.
  static func institutions(_ source: ReportSource) throws -> Report.Section {
    let field = { (name: String) in source.drawn("rd_institution", name) }
    return try source.section(
      "institutions", Label(zh: "市级以上研发机构(按年、类别、级别)", en: "R&D institutions by year, kind and level"),
      [field("confirmed_year"), field("kind"), field("level"), .count],
      sql: """
        SELECT i.confirmed_year, i.kind, i.level, count(*) FROM rd_institution i
        WHERE \(countedOfEnterprises("i"))
        GROUP BY i.confirmed_year, i.kind, i.level ORDER BY i.confirmed_year, i.kind, i.level
        """)
  }

  static func projects(_ source: ReportSource) throws -> Report.Section {
    try source.section(
      "projects", Label(zh: "重大科技成果转化项目(按进度和专题)", en: "Transformation projects by phase and topic"),
      [
        source.drawn("project", "phase"), source.code("project", "topic"), .count, added,
        .money("investment", zh: "总投资", en: "Investment"),
      ],
      sql: """
        SELECT p.phase, p.topic, count(*), \(addedThisYear("p")), \(yuanSum("p.investment")) FROM project p
        WHERE \(countedOfEnterprises("p")) GROUP BY p.phase, p.topic ORDER BY p.phase, p.topic IS NULL, p.topic
        """)
  }

  static func documents(_ source: ReportSource) throws -> Report.Section {
    let names = ["kind", "title", "doc_no", "issued_by", "issued_on", "topic"]
    return try source.section(
      "documents", Label(zh: "文件(战略研究、政策等)", en: "Documents in force: studies, policies and others"),
      names.map { source.drawn("document", $0) },
      sql: """
        SELECT \(names.joined(separator: ", ")) FROM document WHERE (issued_on IS NULL OR issued_on <= :day)
          AND (repealed_on IS NULL OR repealed_on > :day) ORDER BY kind, issued_on, title, id
        """)
  }
}
