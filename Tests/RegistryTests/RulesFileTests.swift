import SyncCore
import Testing

@testable import Registry

@Suite struct RulesFileTests {
  private static let yaml = String(decoding: PackageResources.rules_yaml, as: UTF8.self)

  static let broken: [(old: String, new: String, reason: String)] = [
    ("most_staff: 500", "most_stuff: 500", "line 6, please correct it: tech_sme: unknown key most_stuff"),
    ("    most_staff: 500\n", "", "most_staff is missing"),
    ("most_staff: 500", "most_staff: -1", "most_staff is no whole number from 0"),
    ("most_staff: 500", "most_staff: 5e2", "most_staff is no whole number"),
    ("most_sales: 200000000", "most_sales: 9223372036854775808", "most_sales is no whole number"),
    ("most_sales: 200000000", "most_sales: [2]", "most_sales is no whole number"),
    ("pass_points: 60", "pass_points: 101", "from 1 to 100"),
    ("{30: 20, 25: 16", "{25: 16, 30: 20", "30 does not"), ("{30: 20, 25: 16", "{30: 16, 25: 16", "25 does not"),
    ("{30: 20,", "{101: 20,", "101 is no lower bound"), ("{1: 30}", "{}", "class_one_rights: no bands"),
    ("{1: 30}", "30", "class_one_rights: not a mapping"), ("{1: 30}", "{x: 30}", "x is no lower bound"),
    ("from: 2017", "from: 1948", "from is no whole number from 1949"),
    ("version: 江苏省 2018", "version: ''", "version is no text"), ("sales_tier:", "tiers:", "unknown key tiers"),
    ("small_giant:\n", "small_giant: []\nsize:\n", "unknown key size"),
    ("medium: {staff: 300,", "medium: {staff: 1000,", "bounds must fall"),
    ("codes: [I65]", "codes: []", "codes is no list"), ("codes: [I65]", "codes: ['']", "codes must be texts"),
    ("growth_years: 3", "growth_years: 6", "from 1 to 5"), ("worst_rank: 5", "worst_rank: 0", "from 1 to"),
    ("below: 1000000000", "below: 500000000", "below must be above from"),
    ("below: 1000000000", "under: 1000000000", "unknown key under"),
    ("most_staff: 500", "most_staff: 500\n    most_staff: 500", "no YAML"), ("tech_sme:", "tech_sme: {", "no YAML"),
  ]

  @Test("A malformed file is refused with the reason", arguments: broken)
  func refused(old: String, new: String, reason: String) throws {
    let pieces = Self.yaml.split(separator: old, maxSplits: 1, omittingEmptySubsequences: false)
    try #require(pieces.count == 2, "\(old) is not in the file")
    let failure = #expect(throws: Failure.self) { try RulesFile.read(pieces.joined(separator: new)) }
    #expect(failure?.kind == .defect)
    #expect(failure?.message.en.contains(reason) == true, "\(failure?.message.en ?? "")")
  }

  @Test("Nothing, and something else", arguments: ["", "a text", "[1, 2]", "{}", "tech_sme: 1", "tech_sme: [1]"])
  func other(yaml: String) {
    #expect(throws: Failure.self) { try RulesFile.read(yaml) }
  }

  @Test("A year takes the newest version that it has reached; none before the first")
  func years() throws {
    let tiers = """
        - {version: later, from: 2020, candidate_from: 7, tiers: {t: {from: 1}}}
      """
    let rules = try RulesFile.read(Self.yaml + tiers.split(separator: "\n").joined(separator: "\n") + "\n").salesTier
    #expect(try rules.version(in: 2019).isCandidate(taxableSales: 7) == .fail)
    #expect(try rules.version(in: 2020).isCandidate(taxableSales: 7) == .pass)
    #expect(try rules.version(in: 2030).version.name == "later")
    let early = #expect(throws: Failure.self) { try rules.version(in: 2017) }
    #expect(early?.kind == .notFound && early?.message.en.contains("the first is of 2018") == true)
    #expect(throws: Failure.self) {
      try RulesFile.read(Self.yaml + tiers.split(separator: "2020").joined(separator: "2018") + "\n")
    }
  }
}
