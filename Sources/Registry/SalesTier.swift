import SyncCore

/// Candidates for small giant and the tiers that the city's plan counts, by taxable sales in yuan.
public struct SalesTierRule: VersionedRule {
  public let version: RuleVersion
  /// Taxable sales of a candidate at least, in yuan.
  public let candidateFrom: Int64
  /// In yuan, in the order of the rule. The bound above is outside; nil has no end.
  public let tiers: [(code: String, from: Int64, below: Int64?)]

  static let keys = ["candidate_from", "tiers"]

  init(_ version: RuleVersion, _ section: RuleSection) throws(Failure) {
    self.version = version
    candidateFrom = try section.number("candidate_from")
    let list = try section.section("tiers")
    var tiers: [(code: String, from: Int64, below: Int64?)] = []
    for code in list.keys {
      let tier = try list.section(code, known: ["from", "below"])
      let from = try tier.number("from")
      let below = tier.has("below") ? try tier.number("below") : nil
      if let below, below <= from { throw tier.failure("below must be above from") }
      tiers.append((code, from, below))
    }
    guard !tiers.isEmpty else { throw list.failure("no tiers") }
    self.tiers = tiers
  }

  /// Whether an enterprise belongs on the list of candidates.
  public func isCandidate(taxableSales: Int64?) -> Verdict {
    Verdict(Self.known(taxableSales).map { $0 >= candidateFrom })
  }

  /// The tiers it counts in, by the codes of their indicators, in the order of the rule; nil when the sales are
  /// missing or negative.
  public func tiers(taxableSales: Int64?) -> [String]? {
    Self.known(taxableSales).map { sales in
      tiers.filter { tier in sales >= tier.from && tier.below.map { sales < $0 } ?? true }.map(\.code)
    }
  }

  private static func known(_ sales: Int64?) -> Int64? { sales.flatMap { $0 < 0 ? nil : $0 } }
}
