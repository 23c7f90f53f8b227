/// Delta debugging: leaves out events as long as the same promise is broken (Zeller, Hildebrandt, "Simplifying and isolating
/// failure-inducing input", 2002).
struct Shrink {
  let simulation: Simulation
  let violation: Violation
  /// How many runs it may take.
  var runs: Int

  /// - Returns: a shorter list of events that breaks the same promise.
  mutating func shortest(_ events: [Event]) -> [Event] {
    var best = events
    if let last = violation.event, let end = best.firstIndex(where: { $0.id == last }) { best = Array(best[...end]) }
    var parts = 2
    while best.count > 1, runs > 0 {
      let size = max(1, (best.count + parts - 1) / parts)
      var found = false
      var start = 0
      while start < best.count, runs > 0 {
        let rest = Array(best[..<start] + best[min(start + size, best.count)...])
        if breaks(rest) {
          best = rest
          found = true
        } else {
          start += size
        }
      }
      if size == 1, !found { break }
      parts = found ? max(2, parts - 1) : min(best.count, parts * 2)
    }
    return best
  }

  private mutating func breaks(_ events: [Event]) -> Bool {
    guard events.contains(where: { $0.kind == .settle }) || violation.invariant != .conservation else { return false }
    runs -= 1
    return simulation.run(events).violation?.invariant == violation.invariant
  }
}

extension Simulation {
  /// What went wrong, with as few events as were found to be enough.
  public func shortStory(of violation: Violation, runs: Int = 400) -> (violation: Violation, story: [String]) {
    var shrink = Shrink(simulation: self, violation: violation, runs: runs)
    let events = shrink.shortest(Event.list(seed: seed, ticks: ticks))
    let outcome = run(events, telling: true)
    return (outcome.violation ?? violation, outcome.story)
  }
}
