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
    var rows = groups.map(\.head) + [totalHead]
    for column in columns.indices {
      let cells = Suppression.cells(parts.map { $0[column] }, total: total[column], isForPublication)
      for (index, cell) in cells.enumerated() { rows[index].append(cell) }
    }
    return rows.map(hidingShare)
  }

  /// A share would give the one of its two sums that is left out.
  static func hidingShare(_ row: [Report.Cell]) -> [Report.Cell] {
    row.suffix(3).contains(.suppressed) ? row.dropLast() + [.suppressed] : row
  }

  /// In the order of the columns.
  static func figures(of members: [EnterpriseFigures]) -> [Suppression.Figure] {
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
