import Presentation
import Registry
import SQLiteStore
import SyncCore

/// What one enterprise adds to the figures of its county, zone or park.
struct EnterpriseFigures {
  let org: String
  let zone, park: String?
  let isTechSME, isGiant: Bool
  let sales, revenue, rd: Int64?

  static func all(_ source: ReportSource) throws -> [EnterpriseFigures] {
    var all: [EnterpriseFigures] = []
    try source.db.each(sql, [.text(source.day), .integer(source.year)]) { row in
      all.append(
        EnterpriseFigures(
          org: row[0], zone: row[1], park: row[2], isTechSME: row[3], isGiant: row[4], sales: row[5], revenue: row[6],
          rd: row[7]))
    }
    return all
  }

  private static let sql = """
    SELECT e.owner_org, e.zone_code, e.park_id, \(holds("tech_sme")), \(holds("small_giant")),
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

/// A table of groups of enterprises with a total.
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

  static let note = Label(
    zh: "研发投入占比:研发费用÷营业收入,只含两项均已上报的企业", en: "R&D ÷ revenue: only of enterprises that reported both")

  /// - Parameter groups: what stands before the figures of each, and who is in it.
  static func rows(
    _ groups: [(head: [Report.Cell], members: [EnterpriseFigures])], totalHead: [Report.Cell], _ isForPublication: Bool
  ) -> [[Report.Cell]] {
    let parts = groups.map { figures(of: $0.members) }
    let total = figures(of: groups.flatMap(\.members))
    var cells = columns.indices.map { column in
      Suppression.cells(parts.map { $0[column] }, total: total[column], isForPublication)
    }
    let counts = groups.map { leftovers($0.members) }
    for (place, column) in [sales, share, share].enumerated() {
      let left = counts.map { Suppression.Figure(.none, enterprises: $0[place]) }
      let sum = Suppression.Figure(.none, enterprises: left.map(\.enterprises).reduce(0, +))
      let shown = Suppression.cells(left, total: sum, isForPublication)
      for row in shown.indices where shown[row] == .suppressed { cells[column][row] = .suppressed }
    }
    // Where all are giants the sales are theirs, and would tell those of the other rows that leave them out.
    let hidden = groups.indices.filter { cells[giantSales][$0] == .suppressed }
    if hidden.contains(where: { counts[$0][0] == 0 && !parts[$0][giantSales].isSmall }) {
      for row in hidden { cells[sales][row] = .suppressed }
    }
    return (groups.map(\.head) + [totalHead]).enumerated().map { index, head in
      head + hidingShare(cells.map { $0[index] })
    }
  }

  /// A row that adds up to no total.
  static func row(_ members: [EnterpriseFigures], _ isForPublication: Bool) -> [Report.Cell] {
    rows([(head: [], members: members)], totalHead: [], isForPublication)[0]
  }

  /// A share would give the one of its two sums that is left out.
  private static func hidingShare(_ row: [Report.Cell]) -> [Report.Cell] {
    row.suffix(3).contains(.suppressed) ? row.dropLast() + [.suppressed] : row
  }

  private static let giantSales = 3
  private static let sales = 4
  private static let share = 7

  /// How many enterprises are left when one figure of a row is taken from another: those with sales that are no giants,
  /// those with R&D and no revenue, with revenue and no R&D. The plan shows the giants' sales too: the other sum goes.
  private static func leftovers(_ members: [EnterpriseFigures]) -> [Int] {
    let hasShare = members.contains { $0.rd != nil && $0.revenue != nil }
    let one = members.filter { hasShare && ($0.rd == nil) != ($0.revenue == nil) }
    return [
      members.filter { !$0.isGiant && $0.sales != nil }.count, one.filter { $0.rd != nil }.count,
      one.filter { $0.revenue != nil }.count,
    ]
  }

  /// In the order of the columns.
  private static func figures(of members: [EnterpriseFigures]) -> [Suppression.Figure] {
    let giants = members.filter(\.isGiant)
    let both = members.filter { $0.rd != nil && $0.revenue != nil }
    let share = Sum(both.compactMap(\.rd)).share(of: Sum(both.compactMap(\.revenue)))
    return [
      count(members), count(members.filter(\.isTechSME)), count(giants), sum(giants.compactMap(\.sales)),
      sum(members.compactMap(\.sales)), sum(members.compactMap(\.revenue)), sum(members.compactMap(\.rd)),
      .init(share, enterprises: both.count),
    ]
  }

  private static func count(_ members: [EnterpriseFigures]) -> Suppression.Figure {
    .init(.count(members.count), enterprises: members.count)
  }

  /// Blank where nobody has reported.
  private static func sum(_ values: [Int64]) -> Suppression.Figure {
    .init(values.isEmpty ? .none : Sum(values).cell, enterprises: values.count)
  }
}
