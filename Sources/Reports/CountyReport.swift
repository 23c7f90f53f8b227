import Presentation
import SQLiteStore
import SyncCore

/// How each county stands: its targets, and the figures of its enterprises.
public enum CountyReport: ReportKind {
  public static let name = "county"
  public static let summary = Label(
    zh: "分县区情况:目标、企业、销售、研发、功能区和园区", en: "counties: targets, enterprises, sales, R&D, zones and parks")
  public static let isPublic = true

  public static func draw(_ source: ReportSource) throws -> Report {
    let plan = try Plan(source)
    let units = try Units(source.db)
    let targets = try CountyTargets(source)
    let enterprises = try EnterpriseFigures.all(source)
    let used = Set(enterprises.map(\.org))
    let owners = Set(targets.targets.values.flatMap(\.keys))
    let current = Counties(units, source, used: used.union(owners), .withSuccessor)
    var known = Disclosure(isForPublication: source.isForPublication)
    // What the bulletin of the year shows is known, too: sums of tech SMEs and small giants.
    if source.isForPublication, let period = BulletinPeriod(String(source.year)) {
      _ = try BulletinReport.sums(source, period, BulletinFigures(source, period), &known)
    }
    // A county does not see the targets of the others.
    var sections = source.unit == nil ? [targets.sums(plan, current)] : []
    sections += [
      try targets.progress(source, units),
      counties("figures", Label(zh: "各县区企业(承接后)", en: "Enterprises by county, with those taken over"), current),
    ]
    if !source.isForPublication {
      sections.append(
        counties(
          "figures_filed", Label(zh: "各县区企业(原登记)", en: "Enterprises by county, as filed"),
          Counties(units, source, used: used, .filed)))
    }
    sections += [zones(enterprises, units, &known), try parks(enterprises, units, source, &known)]
    return Report(
      name: name, title: Label(zh: "分县区情况", en: "Counties"),
      notes: [source.drawnFor] + GroupFigures.notes(source) + source.ownOnly, sections: sections)

    func counties(_ name: String, _ title: Label, _ counties: Counties) -> Report.Section {
      Self.counties(name, title, counties, enterprises, source, &known)
    }
  }

  private static func counties(
    _ name: String, _ title: Label, _ counties: Counties, _ enterprises: [EnterpriseFigures], _ source: ReportSource,
    _ known: inout Disclosure
  ) -> Report.Section {
    let shown = counties.all + (source.unit == nil ? [counties.city] : [])
    let groups = shown.map { county -> ([Report.Cell], [EnterpriseFigures]) in
      ([.text(county.code), .label(county.name)], enterprises.filter { county.members.contains($0.org) })
    }
    return Report.Section(
      name, title, notes: [Counties.presentOwnerNote],
      columns: [.init("org", Label(zh: "代码", en: "Code")), .init("org_name", Label(zh: "县区", en: "County"))]
        + GroupFigures.columns,
      rows: GroupFigures.rows(groups, totalHead: [.none, .label(total)], &known))
  }

  private static let total = Label(zh: "合计", en: "Total")

  private static func zones(
    _ enterprises: [EnterpriseFigures], _ units: Units, _ known: inout Disclosure
  ) -> Report.Section {
    let codes = Set(enterprises.compactMap(\.zone)).sorted()
    var groups = codes.map { code -> ([Report.Cell], [EnterpriseFigures]) in
      ([.text(code), .label(units.name(code))], enterprises.filter { $0.zone == code })
    }
    groups.append(
      ([.none, .label(Label(zh: "不在功能区", en: "In no zone"))], enterprises.filter { $0.zone == nil }))
    return Report.Section(
      "zones", Label(zh: "功能区", en: "Functional zones"),
      columns: [.init("zone", Label(zh: "代码", en: "Code")), .init("zone_name", Label(zh: "功能区", en: "Zone"))]
        + GroupFigures.columns,
      rows: GroupFigures.rows(groups, totalHead: [.none, .label(total)], &known))
  }

  private static func parks(
    _ enterprises: [EnterpriseFigures], _ units: Units, _ source: ReportSource, _ known: inout Disclosure
  ) throws -> Report.Section {
    let members = Dictionary(grouping: enterprises.filter { $0.park != nil }) { $0.park ?? "" }
    var groups: [(head: [Report.Cell], members: [EnterpriseFigures])] = []
    let sql = """
      SELECT id, name_zh, name_en, kind, owner_org, confirmed, confirmed_year FROM park ORDER BY kind, name_zh, id
      """
    try source.db.each(sql) { row in
      let (id, zh) = (row[0] as String, row[1] as String)
      let year = row[6] as Int64?
      let isConfirmed = row[5] as Bool? ?? false && year.map { $0 <= source.year } ?? true
      let kind = Label.choice(row[3], source.field("park", "kind"))
      let head: [Report.Cell] = [
        .label(Label(zh: zh, en: row[2] ?? zh)), .label(kind), .label(units.name(row[4])),
        isConfirmed ? .yuan(year) : .none,
      ]
      groups.append((head: head, members: members[id] ?? []))
    }
    return Report.Section(
      "parks", Label(zh: "园区", en: "Parks"),
      columns: [
        .init("park", Label(zh: "园区", en: "Park")), .init("kind", Label(zh: "类别", en: "Kind")),
        .init("org_name", Label(zh: "所属单位", en: "Owning unit")),
        .init("confirmed", Label(zh: "确认年份", en: "Year confirmed"), unit: .year),
      ] + GroupFigures.columns, rows: GroupFigures.rows(groups, totalHead: nil, &known))
  }
}
