import SyncCore
import Testing

@testable import Registry

@Suite struct SmallGiantTests {
  let rule: SmallGiantRule

  init() throws { rule = try Registry.rules().smallGiant.version(in: 2018) }

  /// At every boundary.
  static var full: SmallGiantFacts {
    var facts = SmallGiantFacts()
    (facts.revenue, facts.revenueBefore) = (133_100_000, 100_000_000)
    (facts.profit, facts.tax, facts.rd) = (13_310_000, 0, 3_993_000)
    (facts.mainRevenue, facts.productRevenue) = (100, 60)
    (facts.domesticRank, facts.patents, facts.highTech, facts.techSME) = (5, 2, true, false)
    return facts
  }

  typealias Case = (
    name: String, item: Int, change: @Sendable (inout SmallGiantFacts) -> Void, verdict: Verdict
  )

  static let cases: [Case] = [
    ("revenue 5000万", 0, { ($0.revenue, $0.profit) = (50_000_000, 0) }, .pass),
    ("just below, no profit", 0, { ($0.revenue, $0.profit) = (49_999_999, 0) }, .fail),
    ("profit and tax 800万", 0, { ($0.revenue, $0.profit, $0.tax) = (1, 7_000_000, 1_000_000) }, .pass),
    ("just below both", 0, { ($0.revenue, $0.profit, $0.tax) = (49_999_999, 7_000_000, 999_999) }, .fail),
    ("tax unknown, revenue enough", 0, { $0.tax = nil }, .pass),
    ("tax unknown, revenue not", 0, { ($0.revenue, $0.tax) = (1, nil) }, .unknown),
    ("revenue unknown, profit enough", 0, { $0.revenue = nil }, .pass),
    ("revenue negative, little profit", 0, { ($0.revenue, $0.profit) = (-1, 1) }, .unknown),
    ("sum above the range", 0, { ($0.revenue, $0.profit, $0.tax) = (1, .max, .max) }, .pass),
    ("sum below the range", 0, { ($0.revenue, $0.profit, $0.tax) = (1, .min, .min) }, .fail),
    ("rank 1", 1, { $0.domesticRank = 1 }, .pass), ("rank 5", 1, { $0.domesticRank = 5 }, .pass),
    ("rank 6", 1, { $0.domesticRank = 6 }, .fail), ("rank 0", 1, { $0.domesticRank = 0 }, .unknown),
    ("rank unknown", 1, { $0.domesticRank = nil }, .unknown),
    ("10 % a year", 2, { ($0.revenue, $0.revenueBefore) = (1331, 1000) }, .pass),
    ("just below", 2, { ($0.revenue, $0.revenueBefore) = (1330, 1000) }, .fail),
    ("shrunk", 2, { ($0.revenue, $0.revenueBefore) = (1, 1000) }, .fail),
    ("from nothing", 2, { $0.revenueBefore = 0 }, .unknown),
    ("before unknown", 2, { $0.revenueBefore = nil }, .unknown),
    ("before negative", 2, { $0.revenueBefore = -1 }, .unknown), ("now unknown", 2, { $0.revenue = nil }, .unknown),
    ("most from little", 2, { ($0.revenue, $0.revenueBefore) = (.max, 1) }, .pass),
    ("most from most", 2, { ($0.revenue, $0.revenueBefore) = (.max, .max) }, .fail),
    ("margin 10 %", 3, { ($0.profit, $0.revenue) = (10, 100) }, .pass),
    ("just below", 3, { ($0.profit, $0.revenue) = (99, 1000) }, .fail),
    ("loss", 3, { $0.profit = -1 }, .fail), ("greatest loss", 3, { $0.profit = .min }, .fail),
    ("loss, revenue unknown", 3, { ($0.profit, $0.revenue) = (-1, nil) }, .fail),
    ("no revenue", 3, { $0.revenue = 0 }, .fail), ("profit unknown", 3, { $0.profit = nil }, .unknown),
    ("most of most", 3, { ($0.profit, $0.revenue) = (.max, .max) }, .pass),
    ("tech SME only", 4, { ($0.highTech, $0.techSME) = (false, true) }, .pass),
    ("one unknown", 4, { ($0.highTech, $0.techSME) = (nil, true) }, .pass),
    ("neither", 4, { ($0.highTech, $0.techSME) = (false, false) }, .fail),
    ("perhaps", 4, { ($0.highTech, $0.techSME) = (false, nil) }, .unknown),
    ("R&D 3 %", 5, { ($0.rd, $0.revenue) = (3, 100) }, .pass),
    ("just below", 5, { ($0.rd, $0.revenue) = (29, 1000) }, .fail), ("R&D unknown", 5, { $0.rd = nil }, .unknown),
    ("R&D negative", 5, { $0.rd = -1 }, .unknown),
    ("product 60 %", 6, { ($0.productRevenue, $0.mainRevenue) = (600, 1000) }, .pass),
    ("just below", 6, { ($0.productRevenue, $0.mainRevenue) = (599, 1000) }, .fail),
    ("more than all", 6, { ($0.productRevenue, $0.mainRevenue) = (101, 100) }, .unknown),
    ("main unknown", 6, { $0.mainRevenue = nil }, .unknown),
    ("2 patents", 7, { $0.patents = 2 }, .pass), ("1 patent", 7, { $0.patents = 1 }, .fail),
    ("most patents", 7, { $0.patents = .max }, .pass), ("patents negative", 7, { $0.patents = -2 }, .unknown),
    ("patents unknown", 7, { $0.patents = nil }, .unknown),
  ]

  @Test("Each criterion", arguments: cases)
  func criterion(_ each: Case) {
    var facts = Self.full
    each.change(&facts)
    let assessment = rule.assess(facts)
    let item = assessment.items[each.item]
    #expect(item.verdict == each.verdict, "\(each.name)")
    #expect((item.reason == nil) == (each.verdict == .pass), "\(each.name): \(item)")
    if each.verdict == .fail { #expect(assessment.verdict == .fail) }
    if each.verdict == .unknown { #expect(assessment.verdict != .pass) }
  }

  @Test("All criteria at their boundaries pass; nothing known is unknown; one failure decides")
  func whole() {
    let assessment = rule.assess(Self.full)
    #expect(assessment.verdict == .pass && assessment.items.count == 8 && assessment.open == [])
    let nothing = rule.assess(SmallGiantFacts())
    #expect(nothing.verdict == .unknown && nothing.items.allSatisfy { $0.verdict == .unknown && $0.reason != nil })
    var facts = SmallGiantFacts()
    facts.patents = 1
    #expect(rule.assess(facts).verdict == .fail)
    #expect(rule.assess(facts).open == [Label(zh: "专利不足 2项", en: "Patents below 2")])
  }

  static let salesCases: [(sales: Int64?, candidate: Verdict, tiers: [String]?)] = [
    (nil, .unknown, nil), (-1, .unknown, nil), (.min, .unknown, nil), (0, .fail, []), (49_999_999, .fail, []),
    (50_000_000, .pass, []), (50_000_001, .pass, []), (99_999_999, .pass, []), (100_000_000, .pass, ["1"]),
    (499_999_999, .pass, ["1"]), (500_000_000, .pass, ["1", "2"]), (999_999_999, .pass, ["1", "2"]),
    (1_000_000_000, .pass, ["1", "3"]), (1_000_000_001, .pass, ["1", "3"]), (.max, .pass, ["1", "3"]),
  ]

  @Test("Candidates and tiers, by the indicators of the plan", arguments: salesCases)
  func tiers(sales: Int64?, candidate: Verdict, tiers: [String]?) throws {
    let rule = try Registry.rules().salesTier.version(in: 2018)
    #expect(rule.isCandidate(taxableSales: sales) == candidate)
    #expect(rule.tiers(taxableSales: sales) == tiers?.map { "small_giant_tier\($0)" })
  }
}
