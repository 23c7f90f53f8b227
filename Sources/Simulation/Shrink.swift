/// Delta debugging: leaves out events as long as the same promise is broken (Zeller, Hildebrandt, "Simplifying and isolating
/// failure-inducing input", 2002).
struct Shrink {
  /// How many trials it may take.
  var trials: Int
  /// Whether these events are enough.
  let breaks: ([Event]) -> Bool

  /// - Returns: a shorter list of events that is enough, in the same order.
  mutating func shortest(_ events: [Event]) -> [Event] {
    var best = events
    var parts = 2
    while best.count > 1, trials > 0 {
      let size = max(1, (best.count + parts - 1) / parts)
      let shorter = withoutParts(best, of: size)
      let found = shorter.count < best.count
      best = shorter
      if size == 1, !found { break }
      parts = min(best.count, found ? max(2, parts) : parts * 2)
    }
    return best
  }

  /// Leaves out every part of this size that can be left out.
  private mutating func withoutParts(_ events: [Event], of size: Int) -> [Event] {
    var best = events
    var start = 0
    while start < best.count, trials > 0 {
      let rest = Array(best[..<start] + best[min(start + size, best.count)...])
      trials -= 1
      if breaks(rest) { best = rest } else { start += size }
    }
    return best
  }
}

extension Simulation {
  /// What went wrong, with as few events as were found to be enough, told in plain words.
  public func shortStory(of violation: Violation, trials: Int = 600) -> (violation: Violation, story: [String]) {
    let events = Event.list(seed: seed, ticks: ticks).filter { $0.id <= violation.event ?? .max }
    var shrink = Shrink(trials: trials) { run($0).violation?.invariant == violation.invariant }
    let outcome = run(shrink.shortest(events), telling: true)
    return (outcome.violation ?? violation, outcome.story)
  }
}
