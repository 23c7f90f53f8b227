import Presentation
import Registry
import SQLiteStore
import SyncCore

/// Enterprises that are large enough to be cultivated into small giants and are none yet.
public enum CandidatesReport: ReportKind {
  public static let name = "candidates"
  public static let summary = Label(
    zh: "科技小巨人后备企业:条件、缺什么、是否入库", en: "candidates for small giant: criteria, what is missing, whether listed")

  private struct Candidate {
    let id, name, org: String
    let uscc: String?
    let sales: Int64
    let revenue, rd: Int64?
  }

  public static func draw(_ source: ReportSource) throws -> Report {
    // The rules are those of the day, as for an application; the figures may be of a year before.
    let year = Int64(source.day.prefix(4)) ?? source.year
    let tiers = try source.rules.salesTier.version(in: year)
    let rule = try source.rules.smallGiant.version(in: year)
    let units = try Units(source.db)
    let entries = Dictionary(grouping: try CultivationEntry.all(source), by: \.enterprise)
    let candidates = try candidates(source, from: tiers.candidateFrom)
    let rows = try candidates.map { candidate in
      try row(candidate, rule, entries[candidate.id] ?? [], units, source)
    }
    return Report(
      name: name, title: Label(zh: "科技小巨人后备企业", en: "Candidates for small giant"),
      notes: [
        source.drawnFor,
        Label(
          zh: "应税销售 \(tiers.candidateFrom) 元以上(含)、现在不是有效科技小巨人的企业。\(tiers.version.name)",
          en: "taxable sales of \(tiers.candidateFrom) yuan and more, not a valid small giant. \(tiers.version.name)"),
        Label(zh: "条件依据:\(rule.version.name)", en: "criteria: \(rule.version.name)"),
        try silent(source),
      ] + source.ownOnly,
      sections: [
        .init("candidates", Label(zh: "后备企业", en: "Candidates"), columns: columns, rows: rows)
      ])
  }

  private static let columns: [Report.Column] = [
    .init("id", Label(zh: "编号", en: "Id")), .init("uscc", Label(zh: "统一社会信用代码", en: "Credit code")),
    .init("name", Label(zh: "企业", en: "Enterprise")), .init("org_name", Label(zh: "县区", en: "County")),
    .init("sales", Label(zh: "应税销售", en: "Taxable sales"), unit: .wan),
    .init("size", Label(zh: "规模", en: "Size")),
    .init("rd_share", Label(zh: "研发投入占比", en: "R&D ÷ revenue"), unit: .percent),
    .init("verdict", Label(zh: "认定条件", en: "Criteria")), .init("missing", Label(zh: "缺什么", en: "What is missing")),
    .init("cultivation", Label(zh: "入库", en: "Cultivation list")),
  ]

  private static let isNoGiant = """
    NOT EXISTS (
      SELECT 1 FROM recognition r WHERE r.enterprise_id = e.id AND r.scheme = 'small_giant' AND \(Valid.recognition()))
    """

  /// The largest first.
  private static func candidates(_ source: ReportSource, from least: Int64) throws -> [Candidate] {
    var candidates: [Candidate] = []
    let sql = """
      SELECT e.id, e.name, e.owner_org, e.uscc, y.taxable_sales, y.revenue, y.rd
      FROM enterprise e JOIN enterprise_year y ON y.enterprise_id = e.id AND y.year = ?2
      WHERE y.taxable_sales >= ?3 AND \(Valid.enterprise()) AND \(isNoGiant)
      ORDER BY y.taxable_sales DESC, e.name, e.id
      """
    try source.db.each(sql, [.text(source.day), .integer(source.year), .integer(least)]) { row in
      candidates.append(
        Candidate(
          id: row[0], name: row[1], org: row[2], uscc: row[3], sales: row[4], revenue: row[5], rd: row[6]))
    }
    return candidates
  }

  private static func row(
    _ candidate: Candidate, _ rule: SmallGiantRule, _ entries: [CultivationEntry], _ units: Units,
    _ source: ReportSource
  ) throws -> [Report.Cell] {
    let assessment = rule.assess(try EnterpriseFacts.smallGiant(source, candidate.id, rule: rule))
    let size = try EnterpriseFacts.size(source, candidate.id)
    var share = Report.Cell.none
    if let rd = candidate.rd, let revenue = candidate.revenue { share = Sum([rd]).share(of: Sum([revenue])) }
    // Of several nominations the one that counts most.
    let order: [CultivationState] = [.listed, .city, .county, .nominated, .void, .withdrawn]
    let state = order.first { state in entries.contains { $0.state == state } }
    return [
      .text(candidate.id), .text(candidate.uscc), .text(candidate.name), .label(units.name(candidate.org)),
      .integer(candidate.sales), size.map { .label($0.label) } ?? .none, share, verdict(assessment.verdict),
      assessment.open.isEmpty ? .none : .label(.list(assessment.open)),
      .verdict(
        state == .listed ? true : state == .withdrawn ? false : nil,
        state?.label ?? Label(zh: "未推荐", en: "Not nominated")),
    ]
  }

  private static func verdict(_ verdict: Verdict) -> Report.Cell {
    switch verdict {
    case .pass: .verdict(true, Label(zh: "符合", en: "met"))
    case .fail: .verdict(false, Label(zh: "不符合", en: "not met"))
    case .unknown: .verdict(nil, Label(zh: "数据不全", en: "figures missing"))
    }
  }

  private static func silent(_ source: ReportSource) throws -> Label {
    let sql = """
      SELECT count(*) FROM enterprise e LEFT JOIN enterprise_year y ON y.enterprise_id = e.id AND y.year = ?2
      WHERE y.taxable_sales IS NULL AND \(Valid.enterprise()) AND \(isNoGiant)
      """
    let count = try source.db.integer(sql, [.text(source.day), .integer(source.year)]) ?? 0
    return Label(
      zh: "另有 \(count) 家企业没有 \(source.year) 年应税销售,无法判断",
      en: "\(count) more enterprises have no taxable sales for \(source.year)")
  }
}
