import Presentation
import SyncCore

// Clusters, platforms, parks, carriers, and the fields of industry.

extension InnovationReport {
  /// Sales are the sum over the members of what they reported for the year.
  static func clusters(_ source: ReportSource) throws -> Report.Section {
    try source.section(
      "clusters", Label(zh: "中小企业产业集群", en: "SME clusters"),
      [
        .name, .county, source.code("cluster", "field"), Drawn("members", zh: "成员企业", en: "Members"),
        Drawn("reported", zh: "有数据的成员", en: "Members with figures"),
        .money("sales", zh: "\(source.year) 年应税销售", en: "Taxable sales of \(source.year)"),
        source.drawn("cluster", "confirmed_year"),
      ],
      sql: """
        SELECT c.name, c.owner_org, c.field, count(e.id), count(y.taxable_sales), \(yuanSum("y.taxable_sales")),
          c.confirmed_year
        FROM cluster c LEFT JOIN membership m ON m.cluster_id = c.id
        LEFT JOIN enterprise e ON e.id = m.enterprise_id AND \(Valid.enterprise("e"))
        LEFT JOIN enterprise_year y ON y.enterprise_id = e.id AND y.year = :year
        WHERE \(counted("c")) GROUP BY c.id ORDER BY c.name, c.id
        """)
  }

  /// The city keeps them itself; existing ones are the plan's baseline.
  static func platforms(_ source: ReportSource) throws -> Report.Section {
    let field = { (name: String) in source.drawn("platform", name) }
    return try source.bilingual(
      "platforms", Label(zh: "公共技术服务平台", en: "Public technology platforms"),
      [field("kind"), .name, field("year"), source.code("platform", "field"), field("services")], zh: 1, en: 5,
      sql: """
        SELECT kind, name_zh, year, field, services, coalesce(name_en, name_zh) FROM platform
        WHERE year IS NULL OR year <= :year ORDER BY kind, year, name_zh, id
        """)
  }

  static func parkCounts(_ source: ReportSource) throws -> Report.Section {
    try source.section(
      "park_counts", Label(zh: "园区和基地(按类别)", en: "Parks and bases by kind"),
      [source.drawn("park", "kind"), .count, Drawn("confirmed", zh: "市级确认", en: "Confirmed"), added],
      sql: """
        WITH k(place, code) AS (\(source.choiceRows("park", "kind")))
        SELECT k.code, count(p.id), coalesce(sum(\(counted("p"))), 0),
          coalesce(sum(p.confirmed = 1 AND p.confirmed_year = :year), 0)
        FROM k LEFT JOIN park p ON p.kind = k.code GROUP BY k.code ORDER BY k.place
        """)
  }

  static func parks(_ source: ReportSource) throws -> Report.Section {
    let field = { (name: String) in source.drawn("park", name) }
    return try source.bilingual(
      "parks", Label(zh: "园区和基地", en: "Parks and bases"),
      [
        field("kind"), .name, .county, source.code("park", "field"), field("year"), field("confirmed"),
        Drawn("enterprises", zh: "园内企业", en: "Enterprises in it"),
      ], zh: 1, en: 7,
      sql: """
        SELECT p.kind, p.name_zh, p.owner_org, p.field, p.year, \(counted("p")),
          (SELECT count(*) FROM enterprise e WHERE e.park_id = p.id AND \(Valid.enterprise("e"))),
          coalesce(p.name_en, p.name_zh)
        FROM park p ORDER BY p.kind, p.name_zh, p.id
        """)
  }

  static func carrierCounts(_ source: ReportSource) throws -> Report.Section {
    try source.section(
      "carrier_counts", Label(zh: "产学研创新载体(按类别)", en: "Carriers by kind"),
      [source.drawn("carrier", "kind"), .count, added, Drawn("belt_road", zh: "其中一带一路", en: "Of these Belt and Road")],
      sql: """
        SELECT c.kind, count(*), \(addedThisYear("c")), coalesce(sum(c.belt_road), 0) FROM carrier c
        WHERE \(counted("c")) GROUP BY c.kind ORDER BY c.kind
        """)
  }

  static func carriers(_ source: ReportSource) throws -> Report.Section {
    let field = { (name: String) in source.drawn("carrier", name) }
    return try source.section(
      "carriers", Label(zh: "产学研创新载体", en: "Industry-university-research carriers"),
      [
        field("name"), field("kind"), .county, source.code("carrier", "field"), field("belt_road"), field("country"),
        Drawn("partners", zh: "合作方(国家或地区)", en: "Partners (country)"), field("confirmed_year"),
      ],
      sql: """
        SELECT c.name, c.kind, c.owner_org, c.field, c.belt_road, c.country,
          (SELECT group_concat(o.name || coalesce('(' || o.country || ')', ''), '、') FROM (
            SELECT o.name, o.country FROM carrier_partner p JOIN organisation o ON o.id = p.organisation_id
            WHERE p.carrier_id = c.id ORDER BY o.name) o), c.confirmed_year
        FROM carrier c WHERE \(counted("c")) ORDER BY c.belt_road DESC, c.name, c.id
        """)
  }

  /// An enterprise counts in each of its fields.
  static func fields(_ source: ReportSource) throws -> Report.Section {
    let sql = "SELECT e.field_tags FROM enterprise e WHERE e.field_tags IS NOT NULL AND \(Valid.enterprise("e"))"
    var counts: [String: Int64] = [:]
    for row in try source.rows(sql) {
      guard case .text(let tags) = row[0] else { continue }
      for tag in Set(tags.split(separator: ",").map { $0.trimmed }) where !tag.isEmpty { counts[tag, default: 0] += 1 }
    }
    let names = try Names(source.db)
    let sorted = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    let title = Label(zh: "产业领域", en: "Fields of industry")
    return Report.Section(
      "fields", title, notes: [Label(zh: "一家企业可属多个领域", en: "An enterprise may be in several fields")],
      columns: [Drawn("field", zh: "领域", en: "Field"), .enterprises].map(\.column),
      rows: sorted.map { [names.cell(.text($0.key), .field), .integer($0.value)] },
      chart: Report.Chart(.bars, title, x: "field", y: ["enterprises"]))
  }
}

extension Substring {
  /// Without spaces around.
  fileprivate var trimmed: String {
    guard let start = firstIndex(where: { !$0.isWhitespace }), let end = lastIndex(where: { !$0.isWhitespace })
    else { return "" }
    return String(self[start...end])
  }
}
