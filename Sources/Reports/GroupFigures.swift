import Presentation
import Registry
import SQLiteStore
import SyncCore

/// What one enterprise adds to the figures of its county, zone or park.
struct EnterpriseFigures {
  let id, org: String
  let zone, park: String?
  let isTechSME, isGiant: Bool
  let sales, revenue, rd: Int64?

  /// Who holds a recognition does so on the last day of a year that is over, as in the plan and the bulletin.
  static func all(_ source: ReportSource) throws -> [EnterpriseFigures] {
    var all: [EnterpriseFigures] = []
    try source.db.each(sql, [.text(Moment(source.year, of: source).day), .integer(source.year)]) { row in
      all.append(
        EnterpriseFigures(
          id: row[0], org: row[1], zone: row[2], park: row[3], isTechSME: row[4], isGiant: row[5], sales: row[6],
          revenue: row[7], rd: row[8]))
    }
    return all
  }

  private static let sql = """
    SELECT e.id, e.owner_org, e.zone_code, e.park_id, \(holds("tech_sme")), \(holds("small_giant")),
      y.taxable_sales, y.revenue, y.rd
    FROM enterprise e LEFT JOIN enterprise_year y ON y.enterprise_id = e.id AND y.year = ?2
    WHERE \(Valid.enterprise()) ORDER BY e.id
    """

  private static func holds(_ scheme: String) -> String {
    """
    EXISTS (SELECT 1 FROM recognition r WHERE r.enterprise_id = e.id AND r.scheme = '\(scheme)' AND \(Valid.recognition()))
    """
  }
}

/// Tables of groups of enterprises.
enum GroupFigures {
  static let columns: [Report.Column] = [
    .init("enterprises", Label(zh: "企业", en: "Enterprises")),
    .init("tech_smes", Label(zh: "有效科技型中小企业", en: "Valid tech SMEs")),
    .init("small_giants", Label(zh: "有效科技小巨人", en: "Valid small giants")),
    .init("giant_sales", Label(zh: "小巨人应税销售", en: "Taxable sales of small giants"), unit: .yi),
    .init("sales", Label(zh: "应税销售", en: "Taxable sales"), unit: .yi),
    .init("revenue", Label(zh: "营业收入", en: "Revenue"), unit: .yi),
    .init("rd", Label(zh: "研发费用", en: "R&D spend"), unit: .yi),
    .init("rd_share", Label(zh: "研发投入占比", en: "R&D ÷ revenue"), unit: .percent),
  ]

  private static let note = Label(
    zh: "研发投入占比:研发费用÷营业收入,只含两项均已上报的企业", en: "R&D ÷ revenue: only of enterprises that reported both")

  /// With the day on which recognitions are valid when it is not the report's.
  static func notes(_ source: ReportSource) -> [Label] {
    let day = Moment(source.year, of: source).day
    guard day != source.day else { return [note] }
    return [note, Label(zh: "认定以 \(day) 有效的为准", en: "recognitions are those that were valid on \(day)")]
  }

  /// - Parameters:
  ///   - groups: what stands before the figures of each, and who is in it.
  ///   - totalHead: what stands before the total; nil: none is shown.
  ///   - known: what the tables before have shown.
  static func rows(
    _ groups: [(head: [Report.Cell], members: [EnterpriseFigures])], totalHead: [Report.Cell]?,
    _ known: inout Disclosure
  ) -> [[Report.Cell]] {
    var shown = groups
    if let totalHead { shown.append((head: totalHead, members: groups.flatMap(\.members))) }
    let all = shown.map { figures(of: $0.members) }
    // The giants' sales are asked for before those of all: the plan shows them, too.
    let cells = columns.indices.map { column in known.cells(all.map { $0[column] }) }
    return shown.indices.map { row in shown[row].head + cells.map { $0[row] } }
  }

  /// In the order of the columns.
  private static func figures(of members: [EnterpriseFigures]) -> [Disclosure.Figure] {
    let giants = members.filter(\.isGiant)
    let both = members.filter { $0.rd != nil && $0.revenue != nil }
    let share = Sum(both.compactMap(\.rd)).share(of: Sum(both.compactMap(\.revenue)))
    // Weighed against the bulletin as both of its sums are.
    let told = ["rd", "revenue"].flatMap { [$0, FigureSum.now($0)] }
    return [
      count("enterprises", members), count("tech_smes", members.filter(\.isTechSME)), count("small_giants", giants),
      sum("sales", giants) { $0.sales }, sumOfAll("sales", "taxable_sales", members) { $0.sales },
      sumOfAll("revenue", "revenue", members) { $0.revenue }, sumOfAll("rd", "rd", members) { $0.rd },
      .init(cell: share, sums: Dictionary(uniqueKeysWithValues: told.map { ($0, ids(both)) })),
    ]
  }

  private static func count(_ quantity: String, _ members: [EnterpriseFigures]) -> Disclosure.Figure {
    .init(cell: .count(members.count), sums: [quantity: ids(members)])
  }

  /// Blank where nobody has reported.
  private static func sum(
    _ quantity: String, _ members: [EnterpriseFigures], _ value: (EnterpriseFigures) -> Int64?
  ) -> Disclosure.Figure {
    let reported = members.filter { value($0) != nil }
    let cell = reported.isEmpty ? Report.Cell.none : Sum(reported.compactMap(value)).cell
    return .init(cell: cell, sums: [quantity: ids(reported)])
  }

  /// Weighed against the bulletin, too, which has a quantity of its own for that: the giants' sums are not.
  private static func sumOfAll(
    _ quantity: String, _ inBulletin: String, _ members: [EnterpriseFigures], _ value: (EnterpriseFigures) -> Int64?
  ) -> Disclosure.Figure {
    var figure = sum(quantity, members, value)
    figure.sums[FigureSum.now(inBulletin)] = figure.sums[quantity]
    return figure
  }

  private static func ids(_ members: [EnterpriseFigures]) -> Set<String> { Set(members.map(\.id)) }
}
