import Foundation
import Simulation
import Testing

// A share of what Tools/simulate does at length.

/// Runs a seed, and expects that no promise is broken.
private func run(_ seed: UInt64, ticks: Int) -> [String: Int] {
  let outcome = Simulation(seed: seed, ticks: ticks).run()
  let violation = outcome.violation.map { "\($0.invariant.rawValue): \($0.message)" }
  #expect(violation == nil, "Tools/simulate --seed \(seed) --ticks \(ticks) --shrink")
  return outcome.tally
}

/// One town of every climate, and some with a schema that has everything.
private let towns: [UInt64] =
  Array(1...13) + [2_000_001, 2_000_002] + [3_000_001, 3_000_002, 3_000_003, 3_000_004, 4_000_001, 4_000_002]

@Test(arguments: towns)
func noPromiseIsBroken(seed: UInt64) {
  #expect(run(seed, ticks: 120)["sync finished", default: 0] > 5)
}

/// Other towns every time. What one of them finds is run again with the command that the failure names.
@Test func noPromiseIsBrokenByAFreshSeed() {
  _ = run(.random(in: 1000...999_999_999), ticks: 120)
}

@Test func theSameSeedGivesTheSameBytes() {
  let first = Simulation(seed: 7, ticks: 80).run()
  #expect(first.violation == nil)
  #expect(first.digest.count == 64)
  #expect(Simulation(seed: 7, ticks: 80).run().digest == first.digest)
  #expect(Simulation(seed: 8, ticks: 80).run().digest != first.digest)
}
