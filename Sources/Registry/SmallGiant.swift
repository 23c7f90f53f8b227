import SyncCore

/// What is known of a candidate; nil is unknown. Money is in yuan.
public struct SmallGiantFacts: Sendable, Equatable {
  /// Revenue of the year, and of the year that lies `growth_years` (three) before it.
  public var revenue, revenueBefore: Int64?
  public var profit, tax, rd: Int64?
  /// Main revenue, and what the leading product brings of it.
  public var mainRevenue, productRevenue: Int64?
  /// Rank of the leading product in the domestic market, from 1.
  public var domesticRank: Int64?
  public var patents: Int64?
  public var highTech, techSME: Bool?

  public init() {}
}

/// Science and technology small giants (科技小巨人), Jiangsu 2018: every criterion must be met.
public struct SmallGiantRule: VersionedRule {
  public let version: RuleVersion
  let leastRevenue, leastProfitAndTax, worstRank, growthPercent: Int64
  /// How many years lie between the two revenues that are compared.
  public let growthYears: Int64
  let marginPercent, rdPercent, productPercent, leastPatents: Int64

  static let keys = [
    "least_revenue", "least_profit_and_tax", "worst_rank", "growth_percent", "growth_years", "margin_percent",
    "rd_percent", "product_percent", "least_patents",
  ]

  init(_ version: RuleVersion, _ section: RuleSection) throws(Failure) {
    self.version = version
    leastRevenue = try section.number("least_revenue")
    leastProfitAndTax = try section.number("least_profit_and_tax")
    worstRank = try section.number("worst_rank", in: 1...1000)
    // (100 + percent) to the power of the years stays within 64 bits.
    growthPercent = try section.number("growth_percent", in: 1...100)
    growthYears = try section.number("growth_years", in: 1...5)
    marginPercent = try section.number("margin_percent", in: 1...100)
    rdPercent = try section.number("rd_percent", in: 1...100)
    productPercent = try section.number("product_percent", in: 1...100)
    leastPatents = try section.number("least_patents")
  }

  public func assess(_ facts: SmallGiantFacts) -> Assessment {
    let revenue = Quantity(name: Label(zh: "营业收入", en: "Revenue"), given: facts.revenue)
    let profit = Quantity(name: Label(zh: "利润", en: "Profit"), given: facts.profit, least: .min)
    let rd = Quantity(name: Label(zh: "研发费用", en: "R&D spend"), given: facts.rd)
    let main = Quantity(name: Label(zh: "主营业务收入", en: "Main revenue"), given: facts.mainRevenue)
    let product = Quantity(name: Label(zh: "主导产品收入", en: "Product revenue"), given: facts.productRevenue)
    let patents = Quantity(name: Label(zh: "专利", en: "Patents"), given: facts.patents, unit: Quantity.pieces)
    let items: [Assessment.Item] = [
      scale(facts, revenue, profit), rank(facts), growth(facts, revenue),
      .share(marginPercent, Share(part: profit, whole: revenue), Label(zh: "利润率", en: "Margin")),
      kind(facts),
      .share(rdPercent, Share(part: rd, whole: revenue), Label(zh: "研发投入占比", en: "R&D share")),
      .share(
        productPercent, Share(part: product, whole: main, isContained: true),
        Label(zh: "主导产品占主营业务收入", en: "Product share of main revenue")),
      .atLeast(leastPatents, patents),
    ]
    return Assessment(version, groups: [(Verdict.all(items.map(\.verdict)), items)])
  }
}

extension SmallGiantRule {
  /// Revenue, or profit and tax.
  private func scale(_ facts: SmallGiantFacts, _ revenue: Quantity, _ profit: Quantity) -> Assessment.Item {
    let tax = Quantity(name: Label(zh: "税收", en: "Tax"), given: facts.tax, least: .min)
    let sum = Quantity(
      name: Label(zh: "利税总额", en: "Profit and tax"), given: Self.sum(facts.profit, facts.tax), least: .min)
    let name = Label(zh: "营业收入或利税总额", en: "Revenue, or profit and tax")
    let ways = [Self.atLeast(leastRevenue, revenue), Self.atLeast(leastProfitAndTax, sum)]
    let verdict = Verdict.any(ways)
    return .condition(
      name, Label.joined([revenue, sum].compactMap(\.named)), verdict.fact,
      problem: Label.joined([revenue, profit, tax].compactMap(\.problem)),
      failing: Label(
        zh: "营业收入不足 \(leastRevenue)元,利税总额也不足 \(leastProfitAndTax)元",
        en: "Revenue below \(leastRevenue) yuan, profit and tax below \(leastProfitAndTax) yuan"))
  }

  private static func atLeast(_ limit: Int64, _ quantity: Quantity) -> Verdict {
    Verdict(quantity.value.map { $0 >= limit })
  }

  /// Held at the ends of the range, which decides the same.
  private static func sum(_ profit: Int64?, _ tax: Int64?) -> Int64? {
    guard let profit, let tax else { return nil }
    let (sum, overflow) = profit.addingReportingOverflow(tax)
    return overflow ? (profit < 0 ? .min : .max) : sum
  }

  private func rank(_ facts: SmallGiantFacts) -> Assessment.Item {
    let rank = Quantity(
      name: Label(zh: "国内市场占有率名次", en: "Rank in the domestic market"),
      given: facts.domesticRank, unit: Label(zh: "", en: ""), least: 1)
    return .atMost(worstRank, rank)
  }

  /// Mean growth a year: revenue ≥ revenue before × (1 + percent)^years.
  private func growth(_ facts: SmallGiantFacts, _ revenue: Quantity) -> Assessment.Item {
    let before = Quantity(
      name: Label(zh: "\(growthYears) 年前的营业收入", en: "Revenue \(growthYears) years before"), given: facts.revenueBefore)
    var met: Bool?
    if let now = revenue.value, let base = before.value, base > 0 {
      met = Share.isAtLeast((now, power(100)), (base, power(100 + growthPercent)))
    }
    let fromNothing = Label(
      zh: "\(before.name.zh)为 0,算不出增长率,请人工核定", en: "\(before.name.en) was 0, growth has no meaning; decide by hand")
    return .condition(
      Label(zh: "近 \(growthYears) 年平均增长", en: "Mean growth over \(growthYears) years"),
      Label.joined([before, revenue].compactMap(\.named)), met,
      problem: Label.joined([revenue, before].compactMap(\.problem)) ?? fromNothing,
      failing: Label(zh: "年均增长不足 \(growthPercent)%", en: "mean growth below \(growthPercent) % a year"))
  }

  private func power(_ base: Int64) -> Int64 { (0..<growthYears).reduce(1) { product, _ in product * base } }

  private func kind(_ facts: SmallGiantFacts) -> Assessment.Item {
    let name = Label(zh: "高新技术企业或科技型中小企业", en: "High-tech enterprise or tech SME")
    return .fact(name, Verdict.any([Verdict(facts.highTech), Verdict(facts.techSME)]).fact)
  }
}

extension Verdict {
  fileprivate var fact: Bool? { self == .unknown ? nil : self == .pass }
}

extension Quantity {
  fileprivate var named: Label? { shown.map { Label(zh: "\(name.zh) \($0.zh)", en: "\(name.en) \($0.en)") } }
}
