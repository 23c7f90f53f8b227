import SyncCore

/// A document that sets a rule, and the year from which it holds.
public struct RuleVersion: Sendable, Equatable {
  public var name: String
  public var from: Int64
}

/// A rule in one of its versions.
public protocol VersionedRule: Sendable {
  var version: RuleVersion { get }
}

/// Every version of every rule, each list from the oldest to the newest.
public struct Rules: Sendable {
  public internal(set) var techSME: [TechSMERule]
  public internal(set) var sizeClass: [SizeClassRule]
  public internal(set) var smallGiant: [SmallGiantRule]
  public internal(set) var salesTier: [SalesTierRule]
}

extension Array where Element: VersionedRule {
  /// The version that holds in a year.
  public func version(in year: Int64) throws(Failure) -> Element {
    if let rule = last(where: { $0.version.from <= year }) { return rule }
    let first = first?.version.from ?? 0
    throw Failure(
      .notFound, zh: "\(year) 年还没有这项规则,最早的从 \(first) 年起,请改选年份",
      en: "no version of this rule holds in \(year), the first is of \(first); choose a later year")
  }
}

extension Registry {
  /// The rules that the registry brings along.
  public static func rules() throws(Failure) -> Rules {
    try RulesFile.read(String(decoding: PackageResources.rules_yaml, as: UTF8.self))
  }
}
