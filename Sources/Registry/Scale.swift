import SyncCore

/// The points of one way to score: one number when the facts are known, else all that they allow.
struct Scale {
  let points: ClosedRange<Int>
  let most: Int
  let problem: Label?

  init(_ share: Share, _ bands: [Band]) {
    self.init(bands, problem: share.problem) { share.reaches($0) == true }
  }

  init(_ count: Quantity, _ bands: [Band]) {
    self.init(bands, problem: count.problem) { from in count.value.map { $0 >= from } == true }
  }

  private init(_ bands: [Band], problem: Label?, reaches: (Int64) -> Bool) {
    most = bands.first?.points ?? 0
    self.problem = problem
    let points = bands.first { reaches($0.from) }?.points ?? 0
    self.points = problem == nil ? points...points : 0...most
  }
}

extension Assessment.Item {
  /// The best of several ways to score.
  static func score(_ name: Label, _ value: Label?, _ scales: [Scale]) -> Self {
    let least = scales.map(\.points.lowerBound).max() ?? 0
    let points = least...(scales.map(\.points.upperBound).max() ?? least)
    let most = scales.map(\.most).max() ?? 0
    let verdict: Verdict = points.count > 1 ? .unknown : least > 0 ? .pass : .fail
    var reason: Label?
    if verdict == .unknown {
      reason = Label.joined(scales.filter { $0.points.upperBound > least }.compactMap(\.problem))
    } else if verdict == .fail {
      reason = Label(zh: "\(name.zh)得 0 分", en: "\(name.en): no points")
    }
    return Self(
      kind: .score, name: name, value: value, points: points, mostPoints: most, verdict: verdict, reason: reason)
  }

  static func total(of items: [Self], pass: Int) -> Self {
    let least = items.map(\.points.lowerBound).reduce(0, +)
    let points = least...items.map(\.points.upperBound).reduce(0, +)
    let verdict: Verdict = points.lowerBound >= pass ? .pass : points.upperBound < pass ? .fail : .unknown
    let range = points.count == 1 ? "\(least)" : "\(least)–\(points.upperBound)"
    let reason: Label? =
      switch verdict {
      case .pass: nil
      case .fail: Label(zh: "综合得分 \(range),不足 \(pass) 分", en: "total of \(range) points is below \(pass)")
      case .unknown: Label(zh: "综合得分 \(range),及格 \(pass) 分", en: "total of \(range) points, \(pass) needed")
      }
    return Self(
      kind: .total, name: Label(zh: "综合得分", en: "Total points"), value: Label(zh: "\(range) 分", en: range),
      points: points, mostPoints: items.map(\.mostPoints).reduce(0, +), verdict: verdict, reason: reason)
  }
}

extension Label {
  static func once(_ labels: [Label]) -> [Label] {
    labels.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
  }

  /// Each once, in a line; nil for none.
  static func joined(_ labels: [Label]) -> Label? {
    guard !labels.isEmpty else { return nil }
    let each = once(labels)
    return Label(zh: each.map(\.zh).joined(separator: ";"), en: each.map(\.en).joined(separator: "; "))
  }
}
