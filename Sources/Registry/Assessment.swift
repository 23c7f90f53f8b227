import SyncCore

/// Of a condition or of a whole rule. `unknown` is the answer only while a missing fact could turn it.
public enum Verdict: String, Sendable {
  case pass, fail, unknown

  init(_ fact: Bool?) { self = fact.map { $0 ? .pass : .fail } ?? .unknown }

  static func all(_ verdicts: some Sequence<Verdict>) -> Verdict {
    verdicts.reduce(.pass) { $0 == .fail || $1 == .fail ? .fail : $0 == .unknown ? .unknown : $1 }
  }

  static func any(_ verdicts: some Sequence<Verdict>) -> Verdict {
    verdicts.reduce(.fail) { $0 == .pass || $1 == .pass ? .pass : $0 == .unknown ? .unknown : $1 }
  }
}

/// How an enterprise stands against one version of one rule, item by item.
public struct Assessment: Sendable, Equatable {
  public struct Item: Sendable, Equatable {
    public enum Kind: String, Sendable {
      /// Must be met.
      case condition
      /// Brings points.
      case score
      /// The points together.
      case total
      /// Takes the place of the points.
      case direct
    }
    public var kind: Kind
    public var name: Label
    /// What the facts say; nil when they say nothing usable.
    public var value: Label?
    /// Least and most that the facts allow: one number when nothing is missing, 0 where there are no points.
    public var points = 0...0
    /// The points that the rule gives at most; 0 where there are no points.
    public var mostPoints = 0
    /// A `score` passes with any points at all, once they are known.
    public var verdict: Verdict
    /// What is missing or fails; nil for an item that passes.
    public var reason: Label?
  }

  /// The rule's document, and the year from which it holds.
  public var rule: String
  public var from: Int64
  public var items: [Item]
  public var verdict: Verdict
  /// Why the verdict is not `pass`: reasons of the items that made it so.
  public var open: [Label]

  /// A rule that holds when all of `groups` do; the reasons are of the groups with the verdict of the whole.
  init(_ version: RuleVersion, groups: [(verdict: Verdict, items: [Item])]) {
    let verdict = Verdict.all(groups.map(\.verdict))
    rule = version.name
    from = version.from
    items = groups.flatMap(\.items)
    self.verdict = verdict
    let deciding = groups.filter { $0.verdict == verdict }.flatMap(\.items).filter { $0.verdict == verdict }
    open = verdict == .pass ? [] : Label.once(deciding.compactMap(\.reason))
  }
}
