import SyncCore
import Yams

/// The rules written as YAML: a list of versions a rule.
enum RulesFile {
  static func read(_ yaml: String) throws(Failure) -> Rules {
    let top = try RuleSection(
      parsed(yaml, path: "rules"), path: "rules", known: ["tech_sme", "size_class", "small_giant", "sales_tier"])
    return try Rules(
      techSME: versions("tech_sme", of: top, known: TechSMERule.keys, TechSMERule.init),
      sizeClass: versions("size_class", of: top, known: SizeClassRule.keys, SizeClassRule.init),
      smallGiant: versions("small_giant", of: top, known: SmallGiantRule.keys, SmallGiantRule.init),
      salesTier: versions("sales_tier", of: top, known: SalesTierRule.keys, SalesTierRule.init))
  }

  static func parsed(_ yaml: String, path: String) throws(Failure) -> Node {
    do {
      if let node = try Yams.compose(yaml: yaml) { return node }
    } catch {
      throw RuleSection.failure(path, 1, "no YAML: \(error)")
    }
    throw RuleSection.failure(path, 1, "empty")
  }

  private static func versions<Rule: VersionedRule>(
    _ key: String, of top: RuleSection, known: [String],
    _ rule: (RuleVersion, RuleSection) throws(Failure) -> Rule
  ) throws(Failure) -> [Rule] {
    var rules: [Rule] = []
    for node in try top.list(key) {
      let section = try RuleSection(node, path: key, known: ["version", "from"] + known)
      let version = try RuleVersion(name: section.text("version"), from: section.number("from", in: 1949...2100))
      if let last = rules.last, last.version.from >= version.from {
        throw section.failure("versions must go from the oldest to the newest, \(version.from) does not")
      }
      rules.append(try rule(version, section))
    }
    return rules
  }
}
