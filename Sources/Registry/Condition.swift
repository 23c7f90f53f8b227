import SyncCore

/// The shapes of condition that the rules share.
extension Assessment.Item {
  static func condition(_ name: Label, _ value: Label?, _ met: Bool?, problem: Label?, failing: Label) -> Self {
    Self(
      kind: .condition, name: name, value: value, verdict: Verdict(met),
      reason: met == nil ? problem : met == false ? failing : nil)
  }

  static func atMost(_ limit: Int64, _ quantity: Quantity) -> Self {
    condition(
      quantity.name, quantity.shown, quantity.value.map { $0 <= limit }, problem: quantity.problem,
      failing: Label(
        zh: "\(quantity.name.zh)超过 \(limit)\(quantity.unit.zh)",
        en: "\(quantity.name.en) above \(limit)\(quantity.unit.en)"))
  }

  static func atLeast(_ limit: Int64, _ quantity: Quantity) -> Self {
    condition(
      quantity.name, quantity.shown, quantity.value.map { $0 >= limit }, problem: quantity.problem,
      failing: Label(
        zh: "\(quantity.name.zh)不足 \(limit)\(quantity.unit.zh)",
        en: "\(quantity.name.en) below \(limit)\(quantity.unit.en)"))
  }

  static func share(_ percent: Int64, _ share: Share, _ name: Label) -> Self {
    condition(
      name, share.shown, share.reaches(percent), problem: share.problem,
      failing: Label(zh: "\(name.zh)不足 \(percent)%", en: "\(name.en) below \(percent) %"))
  }

  /// A fact that is true or false, and which of both is asked for.
  static func fact(_ name: Label, _ fact: Bool?, wanted: Bool = true, kind: Kind = .condition) -> Self {
    var item = condition(
      name, fact.map { $0 ? Label(zh: "是", en: "yes") : Label(zh: "否", en: "no") }, fact.map { $0 == wanted },
      problem: Label(zh: "缺少「\(name.zh)」,请补报", en: "“\(name.en)” missing; please report it"),
      failing: Label(zh: "「\(name.zh)」为\(wanted ? "否" : "是")", en: "“\(name.en)” is \(wanted ? "no" : "yes")"))
    item.kind = kind
    return item
  }
}
