import Testing
import TestSupport

@Test func twoMachinesAndTheMasterBecomeEqual() async throws {
  let world = try World.small()
  let one = try await world.join("A")
  let two = try await world.join("A")
  try world.shell(one, "INSERT INTO company (id, office, name) VALUES ('c1', 'A', '甲')")
  #expect(try await world.sync(one).pushed == 1)
  try await world.sync(two)
  #expect(try world.differences(one) == [])
  #expect(try world.differences(two) == [])
}
