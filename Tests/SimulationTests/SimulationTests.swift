import Simulation
import Testing

@Test(arguments: UInt64(1)...6)
func noPromiseIsBroken(seed: UInt64) {
  let violation = Simulation(seed: seed, ticks: 150).run().violation
  #expect(violation == nil, "Tools/simulate --seed \(seed) --ticks 150 --shrink")
}
