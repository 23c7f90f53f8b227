import Foundation
import Simulation
import Testing

// A share of what Tools/simulate does at length.

private let ticks = 120

/// Expects that no promise is broken.
private func expectNoViolation(_ outcome: Simulation.Outcome, _ seed: UInt64) {
  let violation = outcome.violation.map { "\($0.invariant.rawValue): \($0.message)" }
  #expect(violation == nil, "Tools/simulate --seed \(seed) --ticks \(ticks) --shrink")
}

/// One town of every climate, and some with a schema that has everything.
private let towns: [UInt64] =
  Array(1...13) + [2_000_001, 2_000_002] + [3_000_001, 3_000_002, 3_000_003, 3_000_004, 4_000_001, 4_000_002]

/// Each is played once for all tests.
private let outcomes = Dictionary(
  uniqueKeysWithValues: towns.map { seed in (seed, Task.detached { Simulation(seed: seed, ticks: ticks).run() }) })

@Test(arguments: towns)
func noPromiseIsBroken(seed: UInt64) async throws {
  let run = try #require(outcomes[seed])
  let outcome = await run.value
  expectNoViolation(outcome, seed)
  #expect(outcome.tally["sync finished", default: 0] > 5)
}

/// No checker misses what is always refused.
@Test(arguments: [
  "edit", "swap of a unique value", "revert", "decision of a county", "withdrawal", "parked row taken up", "decision",
  "reopening", "admit", "dismiss", "merging of duplicates", "erasure", "transfer", "lock",
])
func everyKindOfActHappens(act: String) async {
  var count = 0
  for outcome in outcomes.values { count += await outcome.value.tally[act, default: 0] }
  #expect(count > 0)
}

/// Other towns every time. What one of them finds is run again with the command that the failure names.
@Test func noPromiseIsBrokenByAFreshSeed() {
  let seed = UInt64.random(in: 1000...999_999_999)
  expectNoViolation(Simulation(seed: seed, ticks: ticks).run(), seed)
}

@Test func theSameSeedGivesTheSameBytes() {
  let first = Simulation(seed: 7, ticks: 80).run()
  #expect(first.violation == nil)
  #expect(first.digest.count == 64)
  #expect(Simulation(seed: 7, ticks: 80).run().digest == first.digest)
  #expect(Simulation(seed: 8, ticks: 80).run().digest != first.digest)
}
