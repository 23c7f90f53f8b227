import Presentation
import Registry
import SQLiteStore
import SyncCore

/// Valid small giants by the tiers of the plan, and those that nearly reach one.
public enum TiersReport: ReportKind {
  public static let name = "tiers"
  public static let summary = Label(zh: "科技小巨人规模分档", en: "small giants by tier of sales")
  public static let hasPublicForm = true

  /// Below a bound by no more than this part of it counts as near.
  private static let nearPercent: Int64 = 10

  public static func draw(_ source: ReportSource) throws -> Report {
    let rule = try source.rules.salesTier.version(in: source.year)
    let giants = try giants(source)
    let tiers = try tiers(rule, source)
    let units = try Units(source.db)
    var sections = [counts(tiers, giants, source)]
    // Each line of a list is what one enterprise has reported.
    if !source.isForPublication { sections += [list(tiers, giants, units), near(tiers, giants, units)] }
    return Report(
      name: name, title: Label(zh: "科技小巨人规模分档", en: "Small giants by tier"),
      notes: [
        source.drawnFor, Label(zh: "依据:\(rule.version.name)", en: "by \(rule.version.name)"),
        Label(zh: "第一档包含其余各档;各档家数不能相加", en: "the first tier includes the others; do not add them up"),
      ] + source.ownOnly, sections: sections)
  }

  private struct Tier {
    let code: String
    let name: Label
    let from: Int64
    let below: Int64?

    func holds(_ sales: Int64?) -> Bool {
      guard let sales, sales >= from else { return false }
      return below.map { limit in sales < limit } ?? true
    }
  }

  private struct Giant {
    let name, org: String
    let uscc: String?
    let sales: Int64?
  }

  private static func tiers(_ rule: SalesTierRule, _ source: ReportSource) throws -> [Tier] {
    let names = Dictionary(try source.indicators().map { ($0.code, $0.name) }, uniquingKeysWith: { first, _ in first })
    return rule.tiers.map { tier in
      Tier(
        code: tier.code, name: names[tier.code] ?? Label(zh: tier.code, en: tier.code), from: tier.from,
        below: tier.below)
    }
  }

  /// The largest first; those without sales last.
  private static func giants(_ source: ReportSource) throws -> [Giant] {
    var giants: [Giant] = []
    let sql = """
      SELECT e.name, e.owner_org, e.uscc, g.taxable_sales
      FROM (\(Formula.validGiants)) g JOIN enterprise e ON e.id = g.id ORDER BY g.taxable_sales DESC, e.name, e.id
      """
    try source.db.each(sql, [.text(source.day), .integer(source.year)]) { row in
      giants.append(Giant(name: row[0], org: row[1], uscc: row[2], sales: row[3]))
    }
    return giants
  }

  private static func counts(_ tiers: [Tier], _ giants: [Giant], _ source: ReportSource) -> Report.Section {
    let isHidden = source.isForPublication && hasFew(tiers, giants)
    let rows = tiers.map { tier in
      row(tier.code, tier.name, tier.from, tier.below, giants.filter { tier.holds($0.sales) })
    }
    let least = tiers.map(\.from).min() ?? 0
    func row(_ code: String, _ name: Label, _ from: Int64?, _ below: Int64?, _ giants: [Giant]) -> [Report.Cell] {
      let sales = giants.compactMap(\.sales)
      let sum = sales.isEmpty ? Report.Cell.none : isHidden ? .suppressed : Sum(sales).cell
      return [.text(code), .label(name), .yuan(from), .yuan(below), .count(giants.count), sum]
    }
    let low = giants.filter { $0.sales.map { $0 < least } ?? false }
    let silent = giants.filter { $0.sales == nil }
    return Report.Section(
      "tiers", Label(zh: "各档家数与应税销售", en: "Enterprises and sales of each tier"),
      columns: [
        .init("code", Label(zh: "代码", en: "Code")), .init("tier", Label(zh: "档次", en: "Tier")),
        .init("from", Label(zh: "下限(含)", en: "From"), unit: .yi),
        .init("below", Label(zh: "上限(不含)", en: "Below"), unit: .yi),
        .init("enterprises", Label(zh: "家数", en: "Enterprises"), hasBar: true),
        .init("sales", Label(zh: "应税销售", en: "Taxable sales"), unit: .yi),
      ],
      rows: rows + [
        row("below_tiers", Label(zh: "未达第一档", en: "Below every tier"), nil, least, low),
        row("unknown", Label(zh: "当年应税销售未报", en: "Sales not reported"), nil, nil, silent),
        row("all", Label(zh: "全部有效科技小巨人", en: "All valid small giants"), nil, nil, giants),
      ],
      chart: .init(.bars, Label(zh: "各档家数", en: "Enterprises by tier"), x: "tier", y: ["enterprises"]))
  }

  /// Whether the sums could tell the sales of fewer than three enterprises, for tiers overlap and can be subtracted.
  private static func hasFew(_ tiers: [Tier], _ giants: [Giant]) -> Bool {
    let known = giants.filter { $0.sales != nil }
    return Dictionary(grouping: known) { giant in tiers.map { $0.holds(giant.sales) } }.values
      .contains { $0.count < Suppression.fewest }
  }

  private static func list(_ tiers: [Tier], _ giants: [Giant], _ units: Units) -> Report.Section {
    let rows = giants.map { giant -> [Report.Cell] in
      let mine = tiers.filter { $0.holds(giant.sales) }.map(\.name)
      return head(giant, units) + [mine.isEmpty ? .none : .label(.list(mine))]
    }
    return Report.Section(
      "giants", Label(zh: "企业名单", en: "Enterprises"),
      columns: headColumns + [.init("tiers", Label(zh: "所在档次", en: "Tiers"))], rows: rows)
  }

  /// Those that lie below the lower bound of a tier by a tenth of it at most.
  private static func near(_ tiers: [Tier], _ giants: [Giant], _ units: Units) -> Report.Section {
    var rows: [[Report.Cell]] = []
    for tier in tiers {
      let from = tier.from - tier.from / 100 * nearPercent
      for giant in giants {
        guard let sales = giant.sales, sales >= from, sales < tier.from else { continue }
        rows.append(head(giant, units) + [.label(tier.name), .integer(tier.from - sales)])
      }
    }
    return Report.Section(
      "near", Label(zh: "接近下限的企业(差额不超过10%)", en: "Just below a bound, by a tenth of it at most"),
      columns: headColumns + [
        .init("tier", Label(zh: "将达档次", en: "Next tier")), .init("missing", Label(zh: "差额", en: "Missing"), unit: .wan),
      ], rows: rows)
  }

  private static let headColumns: [Report.Column] = [
    .init("uscc", Label(zh: "统一社会信用代码", en: "Credit code")), .init("name", Label(zh: "企业", en: "Enterprise")),
    .init("org_name", Label(zh: "县区", en: "County")),
    .init("sales", Label(zh: "应税销售", en: "Taxable sales"), unit: .wan),
  ]

  private static func head(_ giant: Giant, _ units: Units) -> [Report.Cell] {
    [.text(giant.uscc), .text(giant.name), .label(units.name(giant.org)), .yuan(giant.sales)]
  }
}
