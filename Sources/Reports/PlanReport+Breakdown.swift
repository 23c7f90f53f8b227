import Presentation
import SQLiteStore
import SyncCore

/// What stands behind single figures of the plan.
extension PlanReport {
  /// Institutions confirmed in the report's year, by kind and level.
  static func institutions(_ source: ReportSource) throws -> Report.Section {
    var tallies: [String: Tally] = [:]
    let sql = """
      SELECT kind, level, count(*) FROM (
        SELECT DISTINCT e.id, t.kind, t.name, t.level FROM rd_institution t JOIN enterprise e ON e.id = t.enterprise_id
        WHERE t.confirmed = 1 AND t.confirmed_year = ? AND \(Valid.enterprise())) GROUP BY kind, level
      """
    try source.db.each(sql, [.integer(source.year)]) { row in
      tallies[row[0], default: Tally()].counts[row[1] as String] = row[2]
    }
    let levels = source.choices("rd_institution", "level")
    return Report.Section(
      "institutions", Label(zh: "当年认定研发机构:类别与级别", en: "R&D institutions of the year by kind and level"),
      notes: [Label(zh: "同一机构当年获两级认定的,在每级各计一次", en: "one that was confirmed at two levels in the year counts at each")],
      columns: [.init("kind", Label(zh: "类别", en: "Kind"))] + levels.map { .init($0.value, $0.label) },
      rows: source.choices("rd_institution", "kind").map { kind in
        [.label(kind.label)] + levels.map { .integer(tallies[kind.value]?.counts[$0.value] ?? 0) }
      })
  }

  /// Confirmed clusters with their members and the members' sales. An enterprise may be in several.
  static func clusters(_ source: ReportSource, _ plan: PlanFigures, _ units: Units) throws -> Report.Section {
    var members: [String: [(id: String, sales: Int64?)]] = [:]
    let memberships = """
      SELECT m.cluster_id, e.id, y.taxable_sales FROM membership m JOIN enterprise e ON e.id = m.enterprise_id
      LEFT JOIN enterprise_year y ON y.enterprise_id = e.id AND y.year = ? WHERE \(Valid.enterprise())
      """
    try source.db.each(memberships, [.integer(source.year)]) { row in
      members[row[0], default: []].append((id: row[1], sales: row[2]))
    }
    var rows: [[Report.Cell]] = []
    var figures: [Disclosure.Figure] = []
    let sql = """
      SELECT id, name, owner_org, confirmed_year FROM cluster WHERE confirmed = 1 AND confirmed_year <= ?
      ORDER BY confirmed_year, name, id
      """
    try source.db.each(sql, [.integer(source.year)]) { row in
      let all = members[row[0]] ?? []
      let reported = all.filter { $0.sales != nil }
      let sum = reported.isEmpty ? Report.Cell.none : Sum(reported.compactMap(\.sales)).cell
      figures.append(.init(cell: sum, sums: ["sales": Set(reported.map(\.id))]))
      rows.append([.text(row[1] as String), .label(units.name(row[2])), .integer(row[3]), .count(all.count)])
    }
    var known = Disclosure(isForPublication: source.isForPublication)
    addSales(source, plan, units, &known)
    let sales = known.cells(figures)
    return Report.Section(
      "clusters", Label(zh: "产业集群", en: "Clusters"),
      columns: [
        .init("name", Label(zh: "集群", en: "Cluster")), .init("org_name", Label(zh: "所属单位", en: "Owning unit")),
        .init("year", Label(zh: "确认年份", en: "Year confirmed")), .init("members", Label(zh: "成员企业", en: "Members")),
        .init("sales", Label(zh: "成员应税销售", en: "Taxable sales of the members"), unit: .yi),
      ], rows: zip(rows, sales).map { $0 + [$1] })
  }

  /// Items of entered figures, such as the groups of talent: the city's, or else the sum of the units'.
  static func items(_ source: ReportSource) throws -> Report.Section {
    let indicators = try source.indicators()
    var city: [[String]: Double] = [:]
    var units: [[String]: Double] = [:]
    let sql = """
      SELECT v.indicator, v.item, v.value, u.kind = 'city' FROM indicator_value v JOIN org_unit u ON u.code = v.org
      WHERE v.year = ? AND v.item <> 'total' ORDER BY v.org
      """
    try source.db.each(sql, [.integer(source.year)]) { row in
      let key = [row[0] as String, row[1] as String]
      if row[3] as Bool { city[key] = row[2] } else { units[key, default: 0] += row[2] as Double }
    }
    let rows = indicators.flatMap { indicator -> [[Report.Cell]] in
      let keys = Set(city.keys).union(units.keys).filter { $0[0] == indicator.code }.sorted { $0[1] < $1[1] }
      return keys.map { key in
        [.label(indicator.name), .text(key[1]), .text(indicator.unit), .number(city[key] ?? units[key])]
      }
    }
    return Report.Section(
      "items", Label(zh: "填报指标分项", en: "Items of entered figures"),
      columns: [
        .init("indicator", Label(zh: "指标", en: "Indicator")), .init("item", Label(zh: "分项", en: "Item")),
        .init("unit", Label(zh: "单位", en: "Unit")), .init("value", Label(zh: "数值", en: "Value")),
      ], rows: rows)
  }
}
