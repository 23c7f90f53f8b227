import SyncCore

public enum SizeClass: String, Sendable, CaseIterable {
  case large, medium, small, micro

  public var label: Label {
    switch self {
    case .large: Label(zh: "大型", en: "Large")
    case .medium: Label(zh: "中型", en: "Medium")
    case .small: Label(zh: "小型", en: "Small")
    case .micro: Label(zh: "微型", en: "Micro")
    }
  }
}

/// Size of enterprises (统计上大中小微型企业划分办法, 2017): a class needs all its lower bounds, else it is the class below.
public struct SizeClassRule: VersionedRule {
  public let version: RuleVersion
  let sectors: [Sector]

  struct Sector: Sendable {
    let name: String
    /// Beginnings of codes of GB/T 4754-2017.
    let codes: [String]
    /// Large, medium, small.
    let bounds: [(size: SizeClass, staff: Int64, revenue: Int64)]
  }

  static let keys = ["sectors"]

  init(_ version: RuleVersion, _ section: RuleSection) throws(Failure) {
    self.version = version
    let list = try section.section("sectors")
    var sectors: [Sector] = []
    for name in list.keys {
      sectors.append(
        try Sector(name: name, list.section(name, known: ["codes", "large", "medium", "small"])))
    }
    guard !sectors.isEmpty else { throw list.failure("no sectors") }
    self.sectors = sectors
  }

  /// The class of an enterprise by its industry code, or nil when the rule does not cover the industry, or a fact that
  /// is missing or negative could turn the class. Revenue is in yuan.
  public func size(industry: String, staff: Int64?, revenue: Int64?) -> SizeClass? {
    guard let sector = sectors.first(where: { $0.codes.contains(where: industry.hasPrefix) }) else { return nil }
    let staff = staff.flatMap { $0 < 0 ? nil : $0 }
    let revenue = revenue.flatMap { $0 < 0 ? nil : $0 }
    let least = sector.size(staff: staff ?? 0, revenue: revenue ?? 0)
    let most = sector.size(staff: staff ?? .max, revenue: revenue ?? .max)
    return least == most ? least : nil
  }
}

extension SizeClassRule.Sector {
  fileprivate init(name: String, _ section: RuleSection) throws(Failure) {
    self.name = name
    var codes: [String] = []
    for node in try section.list("codes") {
      guard let code = node.scalar?.string, !code.isEmpty else { throw section.failure("codes must be texts") }
      codes.append(code)
    }
    self.codes = codes
    var bounds: [(size: SizeClass, staff: Int64, revenue: Int64)] = []
    for size in SizeClass.allCases.dropLast() {
      let bound = try section.section(size.rawValue, known: ["staff", "revenue"])
      let (staff, revenue) = try (bound.number("staff", in: 1...Int64.max), bound.number("revenue", in: 1...Int64.max))
      if let last = bounds.last, staff >= last.staff || revenue >= last.revenue {
        throw bound.failure("bounds must fall from class to class")
      }
      bounds.append((size, staff, revenue))
    }
    self.bounds = bounds
  }

  fileprivate func size(staff: Int64, revenue: Int64) -> SizeClass {
    bounds.first { staff >= $0.staff && revenue >= $0.revenue }?.size ?? .micro
  }
}
