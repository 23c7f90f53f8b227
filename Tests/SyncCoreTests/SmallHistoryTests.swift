import SyncCore
import Testing

/// Three edits by each of two machines (a value, nothing, a delete, the row again), sent in every order, for every policy; and
/// for some with answers that come before or after the next edit (I1, I2, M3).
struct SmallHistoryTests {
  static let settings: [SmallHistory.Setting] =
    Policy.allCases.flatMap { policy in
      [first(policy), .some(.null), nil].flatMap { first in
        var settings = [SmallHistory.Setting(policy: policy, first: first)]
        if policy == .latest { settings.append(.init(policy: policy, first: first, isReversed: true)) }
        if policy == .review { settings += [.keep, .remove].map { .init(policy: policy, delete: $0, first: first) } }
        return settings
      }
    } + [Policy.review, .latest, .max].map { .init(policy: $0, first: 50, isSlow: true) }

  private static func first(_ policy: Policy) -> Value {
    switch policy {
    case .union: "a,b"
    case .text: "a\nb\nc"
    default: 50
    }
  }

  @Test(arguments: settings) func nothingIsLostInAnyOrder(setting: SmallHistory.Setting) {
    var walk = Walk()
    walk.turn(SmallHistory(setting), 0)
    #expect(walk.problem == nil)
    #expect(walk.count > 1000)
  }

  /// Whoever comes first: the same values are known, and what is computed or goes by the clock is the same.
  @Test(arguments: settings) func bothOrdersEndAlike(setting: SmallHistory.Setting) {
    let start = SmallHistory(setting)
    for one in edited(start, 0) {
      for both in edited(one, 1) {
        let (first, second) = (sent(both, [0, 1]), sent(both, [1, 0]))
        let story = "\(setting): \(both.machines.map(\.current))"
        if [.max, .min, .sum, .union, .text, .latest].contains(setting.policy),
          (first.contests + second.contests).isEmpty
        {
          #expect(parts(first.cell) == parts(second.cell), "\(story)")
        }
        if ![.max, .min, .sum, .union, .text].contains(setting.policy) {
          #expect(known(first) == known(second), "\(story)")
        }
      }
    }
  }

  /// All that up to three edits of a machine may come to.
  private func edited(_ history: SmallHistory, _ machine: Int) -> [SmallHistory] {
    guard history.machines[machine].editsLeft > 0 else { return [] }
    return SmallHistory.Edit.allCases.flatMap { edit -> [SmallHistory] in
      var next = history
      guard next.edit(machine, edit) else { return [] }
      return (next.machines[machine].isDirty ? [next] : []) + edited(next, machine)
    }
  }

  private func sent(_ history: SmallHistory, _ order: [Int]) -> SmallHistory {
    var history = history
    for machine in order { #expect(history.send(machine) == nil) }
    return history
  }

  /// Every value that stands or is kept, and nil when a delete was carried out or is kept.
  private func known(_ history: SmallHistory) -> Set<Value?> {
    var known: Set<Value?> = [history.cell]
    for contest in history.contests {
      if contest.column == nil { known.insert(nil) }
      for side in [\Contest.master, \.incoming] { if let value = contest.cell(side) { known.insert(value) } }
    }
    return known.subtracting([history.setting.first])
  }

  /// The members of a union have no order.
  private func parts(_ value: Value?) -> [String] {
    if case .text(let text)? = value {
      text.split(separator: ",").map(String.init).sorted()
    } else {
      ["\(value as Any)"]
    }
  }
}

/// Goes through every history, depth first.
private struct Walk {
  var count = 0
  var problem: String?
  private var path: [(machine: Int, act: Act)] = []

  private enum Act {
    case edits(SmallHistory.Edit)
    case sends, receives
  }

  /// Every way in which a machine may go on up to its next batch. What it does alone nobody else sees, so that only the order
  /// of batches matters.
  mutating func turn(_ history: SmallHistory, _ machine: Int) {
    let state = history.machines[machine]
    if state.isAwaiting {
      var next = history
      next.receive(machine)
      step(machine, .receives) { $0.turn(next, machine) }
    }
    if state.editsLeft > 0 {
      for edit in SmallHistory.Edit.allCases {
        var next = history
        if next.edit(machine, edit) { step(machine, .edits(edit)) { $0.turn(next, machine) } }
      }
    }
    if state.isAwaiting { return }
    if state.isDirty {
      var next = history
      let broken = next.send(machine)
      if !history.setting.isSlow { next.receive(machine) }
      step(machine, .sends) { walk in
        if let broken { walk.fail(broken, next) } else { walk.goOn(next) }
      }
    } else if state.editsLeft == 0 {
      goOn(history)
    }
  }

  private mutating func goOn(_ history: SmallHistory) {
    let busy = history.machines.indices.filter { history.machines[$0].editsLeft > 0 || history.machines[$0].isDirty }
    for machine in busy { turn(history, machine) }
    if busy.isEmpty { end(history) }
  }

  /// Everything that was handed over is there, was replaced by who had seen it, or is kept.
  private mutating func end(_ history: SmallHistory) {
    count += 1
    guard [.review, .city, .county, .latest].contains(history.setting.policy) else { return }
    let lost = history.handedOver.first { value in
      !value.isNull && history.cell != value && !history.replaced.contains(value)
        && !history.contests.contains { $0.cell(\.master) == value || $0.cell(\.incoming) == value }
    }
    if let lost { fail("\(lost) is nowhere", history) }
  }

  private mutating func step(_ machine: Int, _ act: Act, _ body: (inout Walk) -> Void) {
    if problem != nil { return }
    path.append((machine, act))
    body(&self)
    path.removeLast()
  }

  private mutating func fail(_ what: String, _ history: SmallHistory) {
    if problem == nil { problem = "\(what): \(path.map { "\($0.machine) \($0.act)" }) (\(history.setting))" }
  }
}
