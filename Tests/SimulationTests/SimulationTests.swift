import Foundation
import Simulation
import Testing

/// Seeds that met much in little time; the long runs are those of Tools/simulate.
@Test(arguments: [1, 2, 3, 4, 5, 6] as [UInt64])
func noPromiseIsBroken(seed: UInt64) {
  let outcome = Simulation(seed: seed, ticks: 120).run()
  let violation = outcome.violation.map { "\($0.invariant.rawValue): \($0.message)" }
  #expect(violation == nil, "Tools/simulate --seed \(seed) --ticks 120 --shrink")
  #expect(outcome.tally["sync finished", default: 0] > 5)
}

@Test func theSameSeedGivesTheSameBytes() {
  let first = Simulation(seed: 7, ticks: 100).run()
  #expect(first.violation == nil)
  #expect(first.digest.count == 64)
  #expect(Simulation(seed: 7, ticks: 100).run().digest == first.digest)
  #expect(Simulation(seed: 8, ticks: 100).run().digest != first.digest)
}
