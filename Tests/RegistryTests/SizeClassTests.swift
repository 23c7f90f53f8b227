import Testing

@testable import Registry

@Suite struct SizeClassTests {
  static let industryCases: [(staff: Int64?, wan: Int64?, less: Int64, SizeClass?)] = [
    (1000, 40_000, 0, .large), (1000, 40_000, 1, .medium), (999, 40_000, 0, .medium), (1001, 40_001, 0, .large),
    (300, 2000, 0, .medium), (300, 2000, 1, .small), (299, 2000, 0, .small), (299, 90_000, 0, .small),
    (20, 300, 0, .small), (20, 300, 1, .micro), (19, 300, 0, .micro), (19, 90_000, 0, .micro), (9000, 1, 0, .micro),
    (0, 0, 0, .micro), (nil, nil, 0, nil), (nil, 299, 0, .micro), (nil, 300, 0, nil), (19, nil, 0, .micro),
    (20, nil, 0, nil), (-1, 300, 0, nil), (-1, 299, 0, .micro), (5000, -1, 0, nil), (.max, .max / 10_000, 0, .large),
  ]

  @Test("Industry: all lower bounds or the class below", arguments: industryCases)
  func industry(staff: Int64?, wan: Int64?, less: Int64, expected: SizeClass?) throws {
    let rule = try Registry.rules().sizeClass.version(in: 2018)
    for code in ["B06", "C2710", "D44"] {
      #expect(rule.size(industry: code, staff: staff, revenue: wan.map { $0 * 10_000 - less }) == expected)
    }
  }

  static let softwareCases: [(staff: Int64?, wan: Int64?, less: Int64, SizeClass?)] = [
    (300, 10_000, 0, .large), (300, 10_000, 1, .medium), (299, 10_000, 0, .medium), (100, 1000, 0, .medium),
    (100, 1000, 1, .small), (99, 1000, 0, .small), (10, 50, 0, .small), (10, 50, 1, .micro), (9, 50, 0, .micro),
  ]

  @Test("Software", arguments: softwareCases)
  func software(staff: Int64?, wan: Int64?, less: Int64, expected: SizeClass?) throws {
    let rule = try Registry.rules().sizeClass.version(in: 2017)
    #expect(rule.size(industry: "I6510", staff: staff, revenue: wan.map { $0 * 10_000 - less }) == expected)
  }

  @Test("The ends of the range, and industries that the rule leaves out")
  func extremes() throws {
    let rule = try Registry.rules().sizeClass.version(in: .max)
    #expect(rule.size(industry: "C27", staff: .max, revenue: .max) == .large)
    #expect(rule.size(industry: "C27", staff: .min, revenue: .min) == nil)
    for code in ["A01", "I64", "I", ""] { #expect(rule.size(industry: code, staff: 5000, revenue: .max) == nil) }
    #expect(SizeClass.allCases.map(\.label.zh) == ["大型", "中型", "小型", "微型"])
  }
}
