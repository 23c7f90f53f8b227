import SyncCore
import Testing

@testable import Registry

@Suite struct TechSMETests {
  let rule: TechSMERule

  init() throws { rule = try Registry.rules().techSME.version(in: 2018) }

  /// 20 + 50 + 30 points, and no direct pass.
  static var full: TechSMEFacts {
    var facts = TechSMEFacts()
    (facts.resident, facts.prohibited, facts.majorIncident, facts.blacklisted) = (true, false, false, false)
    (facts.staff, facts.techStaff) = (100, 30)
    (facts.sales, facts.assets, facts.rd, facts.cost) = (10_000, 10_000, 600, 10_000)
    (facts.classOneRights, facts.classTwoRights) = (1, 0)
    (facts.highTechCertificate, facts.nationalPrize) = (false, false)
    (facts.provincialInstitution, facts.ledStandard) = (false, false)
    return facts
  }

  private func assess(_ change: (inout TechSMEFacts) -> Void) -> Assessment {
    var facts = Self.full
    change(&facts)
    return rule.assess(facts)
  }

  private func points(_ name: String, _ assessment: Assessment) -> ClosedRange<Int>? {
    assessment.items.first { $0.name.en == name }?.points
  }

  @Test("All points, item by item")
  func fullMarks() {
    let assessment = rule.assess(Self.full)
    #expect(assessment.verdict == .pass)
    #expect(assessment.open == [])
    #expect(assessment.rule == "国科发政〔2017〕115号" && assessment.from == 2017)
    let scored = assessment.items.filter { $0.kind == .score || $0.kind == .total }
    #expect(scored.map(\.points) == [20...20, 50...50, 30...30, 100...100])
    #expect(scored.map(\.mostPoints) == [20, 50, 30, 100])
    #expect(assessment.items.map(\.kind.rawValue).filter { $0 == "condition" }.count == 7)
    #expect(assessment.items.filter { $0.kind == .direct }.count == 4)
  }

  static let staff: [(tech: Int64?, staff: Int64?, points: ClosedRange<Int>)] = [
    (300, 1000, 20...20), (299, 1000, 16...16), (250, 1000, 16...16), (249, 1000, 12...12), (200, 1000, 12...12),
    (199, 1000, 8...8), (150, 1000, 8...8), (149, 1000, 4...4), (100, 1000, 4...4), (99, 1000, 0...0),
    (3, 10, 20...20), (1, 3, 20...20), (2, 7, 16...16), (10, 10, 20...20), (0, 10, 0...0), (0, 0, 0...0),
    (nil, 10, 0...20), (1, nil, 0...20), (0, nil, 0...0), (11, 10, 0...20), (1, 0, 0...20), (-1, 10, 0...20),
    (1, -1, 0...20), (.min, .min, 0...20), (.max, .max, 20...20), (.max / 10, .max, 0...0),
    (.max / 10 + 1, .max, 4...4), (1, .max, 0...0),
  ]

  @Test("Tech staff share", arguments: staff)
  func staffShare(tech: Int64?, staff: Int64?, expected: ClosedRange<Int>) {
    let assessment = assess { ($0.techStaff, $0.staff) = (tech, staff) }
    #expect(points("Share of tech staff", assessment) == expected)
  }

  static let spend: [(rd: Int64?, sales: Int64?, cost: Int64?, points: ClosedRange<Int>)] = [
    (600, 10_000, nil, 50...50), (599, 10_000, 10_000, 40...40), (500, 10_000, 10_000, 40...40),
    (499, 10_000, 10_000, 30...30), (400, 10_000, 10_000, 30...30), (399, 10_000, 10_000, 20...20),
    (300, 10_000, 10_000, 20...20), (299, 10_000, 10_000, 10...10), (200, 10_000, 10_000, 10...10),
    (199, 10_000, 10_000, 0...0),
    (300, 100_000, 1000, 50...50), (299, 100_000, 1000, 40...40), (250, 100_000, 1000, 40...40),
    (249, 100_000, 1000, 30...30), (200, 100_000, 1000, 30...30), (199, 100_000, 1000, 20...20),
    (150, 100_000, 1000, 20...20), (149, 100_000, 1000, 10...10), (100, 100_000, 1000, 10...10),
    (99, 100_000, 1000, 0...0),
    (500, 10_000, nil, 40...50), (nil, 10_000, 10_000, 0...50), (0, nil, nil, 0...0), (0, 0, 0, 0...0),
    (5, 0, 10, 50...50), (5, 0, 0, 0...0), (20_000, 10_000, 10, 50...50), (-1, 10_000, 10_000, 0...50),
    (.max, .max, .max, 50...50), (.max / 50, .max, .max, 0...0), (.max / 50 + 1, .max, .max, 10...10),
  ]

  @Test("R&D spend, by sales or by cost, the better", arguments: spend)
  func research(rd: Int64?, sales: Int64?, cost: Int64?, expected: ClosedRange<Int>) {
    let assessment = assess { ($0.rd, $0.sales, $0.cost) = (rd, sales, cost) }
    #expect(points("R&D spend", assessment) == expected)
  }

  static let rights: [(one: Int64?, two: Int64?, points: ClosedRange<Int>)] = [
    (1, nil, 30...30), (2, 0, 30...30), (0, 4, 24...24), (0, 3, 18...18), (0, 2, 12...12), (0, 1, 6...6), (0, 0, 0...0),
    (0, .max, 24...24), (nil, 4, 24...30), (0, nil, 0...24), (nil, nil, 0...30), (-1, 2, 12...30), (0, -1, 0...24),
  ]

  @Test("Intellectual property", arguments: rights)
  func property(one: Int64?, two: Int64?, expected: ClosedRange<Int>) {
    let assessment = assess { ($0.classOneRights, $0.classTwoRights) = (one, two) }
    #expect(points("Intellectual property", assessment) == expected)
  }

  static let base: [(name: String, change: @Sendable (inout TechSMEFacts) -> Void, Verdict)] = [
    ("staff 500", { ($0.staff, $0.techStaff) = (500, 500) }, .pass),
    ("staff 501", { ($0.staff, $0.techStaff) = (501, 501) }, .fail),
    ("staff unknown", { $0.staff = nil }, .unknown), ("staff negative", { $0.staff = -1 }, .unknown),
    ("sales 2亿", { ($0.sales, $0.rd) = (200_000_000, 12_000_000) }, .pass),
    ("sales 2亿 + 1", { ($0.sales, $0.rd) = (200_000_001, 20_000_000) }, .fail),
    ("sales unknown", { $0.sales = nil }, .unknown), ("sales most", { $0.sales = .max }, .fail),
    ("assets 2亿", { $0.assets = 200_000_000 }, .pass), ("assets 2亿 + 1", { $0.assets = 200_000_001 }, .fail),
    ("assets negative", { $0.assets = -1 }, .unknown), ("assets 0", { $0.assets = 0 }, .pass),
    ("foreign", { $0.resident = false }, .fail), ("resident unknown", { $0.resident = nil }, .unknown),
    ("prohibited", { $0.prohibited = true }, .fail), ("prohibited unknown", { $0.prohibited = nil }, .unknown),
    ("incident", { $0.majorIncident = true }, .fail), ("incident unknown", { $0.majorIncident = nil }, .unknown),
    ("blacklisted", { $0.blacklisted = true }, .fail), ("blacklist unknown", { $0.blacklisted = nil }, .unknown),
    ("fails whatever is missing", { ($0.blacklisted, $0.assets, $0.rd) = (true, nil, nil) }, .fail),
    ("a direct pass does not heal it", { ($0.blacklisted, $0.ledStandard) = (true, true) }, .fail),
  ]

  @Test("Base conditions", arguments: base)
  func conditions(name: String, change: @Sendable (inout TechSMEFacts) -> Void, expected: Verdict) {
    let assessment = assess(change)
    #expect(assessment.verdict == expected)
    #expect(assessment.open.isEmpty == (expected == .pass))
  }

  static let meritCases: [(name: String, change: @Sendable (inout TechSMEFacts) -> Void, Verdict)] = [
    ("16 + 20 + 24", { ($0.techStaff, $0.rd, $0.classOneRights, $0.classTwoRights) = (25, 300, 0, 4) }, .pass),
    ("16 + 10 + 24", { ($0.techStaff, $0.rd, $0.classOneRights, $0.classTwoRights) = (25, 299, 0, 4) }, .fail),
    ("4 + 50 + 6", { ($0.techStaff, $0.classOneRights, $0.classTwoRights) = (10, 0, 1) }, .pass),
    ("20 + 40", { ($0.rd, $0.classOneRights) = (500, 0) }, .pass),
    ("16 + 40", { ($0.techStaff, $0.rd, $0.classOneRights) = (25, 500, 0) }, .fail),
    ("8 + 40 + 12", { ($0.techStaff, $0.rd, $0.classOneRights, $0.classTwoRights) = (15, 500, 0, 2) }, .pass),
    ("4 + 50 + 0", { ($0.techStaff, $0.classOneRights) = (10, 0) }, .fail),
    ("0 + 50 + 30: no staff points", { $0.techStaff = 9 }, .fail),
    ("no staff at all", { ($0.staff, $0.techStaff) = (0, 0) }, .fail),
    (
      "a missing fact that cannot turn it",
      {
        $0.classTwoRights = nil
        $0.cost = nil
      }, .pass
    ),
    ("20 + 50 without any right", { ($0.classOneRights, $0.classTwoRights) = (nil, nil) }, .pass),
    ("20 + ? + 30", { $0.rd = nil }, .unknown),
    ("0 + ? + ?: no staff points", { ($0.techStaff, $0.rd, $0.classOneRights) = (0, nil, nil) }, .fail),
    ("too few even so", { ($0.techStaff, $0.rd, $0.classOneRights) = (10, 200, nil) }, .fail),
    ("fails by points, a certificate unknown", { ($0.techStaff, $0.highTechCertificate) = (0, nil) }, .unknown),
    ("passes by points, a certificate unknown", { $0.highTechCertificate = nil }, .pass),
    ("certificate", { ($0.techStaff, $0.highTechCertificate) = (0, true) }, .pass),
    ("prize", { ($0.techStaff, $0.nationalPrize) = (0, true) }, .pass),
    ("institution", { ($0.techStaff, $0.provincialInstitution) = (0, true) }, .pass),
    ("standard, points unknown", { ($0.techStaff, $0.ledStandard) = (nil, true) }, .pass),
  ]

  @Test("Points or a direct pass", arguments: meritCases)
  func merit(name: String, change: @Sendable (inout TechSMEFacts) -> Void, expected: Verdict) {
    #expect(assess(change).verdict == expected)
  }

  @Test("Nothing known: every fact is asked for; a failure names only what fails")
  func reasons() {
    let nothing = rule.assess(TechSMEFacts())
    #expect(nothing.verdict == .unknown)
    #expect(nothing.open.contains(Label(zh: "缺少资产总额,请补报", en: "Assets missing; please report it")))
    #expect(nothing.open.contains { $0.en.contains("Class II rights missing") })
    #expect(Set(nothing.open).count == nothing.open.count)
    #expect(assess { ($0.blacklisted, $0.rd) = (true, nil) }.open.map(\.en) == ["“Blacklisted” is yes"])
    #expect(assess { $0.techStaff = 9 }.open.first?.zh == "科技人员占比得 0 分")
    #expect(
      assess { $0.techStaff = 101 }.open.first?.en == "Tech staff (101) is above Staff (100); please compare")
    #expect(
      assess { ($0.rd, $0.techStaff) = (0, 10) }.open.map(\.en).contains("total of 34 points is below 60"))
  }
}
