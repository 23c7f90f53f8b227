import Master
import SchemaFile
import SyncCore
import TestSupport
import Testing

// The backup from which a city is restored is of an earlier schema: upgrades come back like any act of the city's own.

@Test func anUpgradeThatCannotBeTakenAgainLeavesTheSchemaAsItWas() async throws {
  let (drill, file) = try await Drill.backedUp()
  let world = drill.world
  try world.upgradeSmall(to: 3)
  try await world.settle()
  // Made by version 3, and arrives when the city has version 4.
  try world.shell(drill.two, "UPDATE company SET name = 'two', fax = '2' WHERE id = 'c1'")
  try drill.two.freeze()
  try world.upgradeSmall(to: 4)
  try await world.settle()

  try world.restore(from: file)
  #expect(world.master.schema.version == 1)
  // The rows of the projection that version 4 brings find no place.
  try world.shell(
    """
    CREATE TRIGGER hindrance BEFORE INSERT ON sync_feed WHEN new.record = 'stub' BEGIN SELECT raise(ABORT, 'no'); END
    """)
  for replica in world.replicas { #expect(try await !world.giveBack(replica)) }
  #expect(world.master.schema.version == 3)
  #expect(try world.master.recovery()?.held.count == 2)

  try world.master.release(reason: "it cannot be taken", actor: "li")
  #expect(world.master.schema.version == 3)
  #expect(try world.master.recovery()?.aside.count == 1)
  #expect(try [world.cell("name"), world.cell("fax")] == [.text("two"), .text("2")])
  #expect(try world.master.verify().map(\.en) == [])
  // Made once more, it is the one that the counties have.
  try world.shell("DROP TRIGGER hindrance")
  try world.upgradeSmall(to: 4)
  try await world.settle()
}

@Test func aRecordThatComesBackWithAnUpgradeIsClosedWhileTheCityRecovers() async throws {
  let (drill, file) = try await Drill.backedUp()
  let world = drill.world
  try world.upgradeSmall(to: 3)
  try await world.settle()
  try world.restore(from: file)
  _ = try await world.giveBack(drill.one)
  #expect(world.master.schema.version == 3)
  #expect(try world.master.recovery() != nil)

  let visit = "INSERT INTO visit (id, company) VALUES ('v1', 'c1')"
  let error = #expect(throws: (any Error).self) { try world.shell(visit) }
  #expect(error.map { "\($0)".contains("the city recovers") } == true)
  for replica in [drill.two, drill.b] { _ = try await world.giveBack(replica) }
  try world.shell(visit)
  try await world.settle()
  #expect(try world.master.verify().map(\.en) == [])
}

/// Version 3 is lost with two backups, and what was made by it is not: it is set aside.
/// - Returns: also how the cells stood.
private func loseVersion3(_ sql: String) async throws -> (Drill, then: [Value?]) {
  let (drill, _) = try await Drill.backedUp()
  let world = drill.world
  try world.upgradeSmall(to: 2)
  try await world.settle()
  let file = try world.backup("before.backup")
  try world.upgradeSmall(to: 3)
  for round in 1...2 {
    try await world.settle()
    _ = try world.backup("lost\(round).backup")
  }
  try await world.settle()
  try world.shell("UPDATE company SET grade = 'g' WHERE id = 'c1'")
  try await world.sync(drill.one)
  for sql in [sql, "UPDATE company SET phone = '2' WHERE id = 'c1'"] {
    try world.shell(drill.two, sql)
    try await world.sync(drill.two)
  }
  let then = try world.cells
  try world.restore(from: file)
  for replica in world.replicas { _ = try await world.giveBack(replica) }
  try world.master.release(reason: "the backups cannot be read", actor: "li")
  #expect(world.master.schema.version == 2)
  let aside = try #require(try world.master.recovery()).aside
  #expect(aside.map(\.number) == [1, 2] && aside.allSatisfy(\.needsUpgrade))
  // Meanwhile the machine is refused, and keeps what it has.
  await #expect(throws: Failure.self) { try await world.sync(drill.two) }
  return (drill, then)
}

extension World {
  fileprivate var cells: [Value?] { get throws { try ["name", "fax", "phone", "grade"].map { try cell($0) } } }
}

/// It comes in when the city makes that upgrade again.
@Test(arguments: ["UPDATE company SET name = 'two', fax = '2'", "INSERT INTO visit VALUES ('v1', 'c1', 'seen')"])
func whatWasMadeByAnUpgradeThatIsLostWaitsForIt(sql: String) async throws {
  let (drill, then) = try await loseVersion3(sql)
  let world = drill.world
  try world.upgradeSmall(to: 3)
  #expect(try world.master.recovery()?.aside.isEmpty == true)
  try await world.settle()
  #expect(try world.cells == then)
  #expect(try world.master.rows(world.master.record("visit")).count == (sql.contains("visit") ? 1 : 0))
}

/// The city goes on to a later version first, and what an official did by the one that is lost is read by what the city had then.
@Test func aVersionThatIsLostIsMadeKnownAgainAfterALaterOne() async throws {
  let (drill, then) = try await loseVersion3("UPDATE company SET name = 'two', fax = '2'")
  let world = drill.world
  let third = try SchemaFile.read(smallSchema(3))
  #expect(try !world.master.canRecall(third, text: SchemaFile.canonicalJSON(third)))
  try world.upgrade(smallSchema(4))
  #expect(try world.master.verify().map(\.en) == [])
  #expect(try world.master.recovery()?.aside.map(\.needsUpgrade) == [true, true])
  await #expect(throws: Failure.self) { try await world.sync(drill.two) }
  // One by that number that is no step between, and one that the city has had.
  let other = smallSchema(3).replacing("  visit:", with: "  call:")
  #expect(throws: Failure.self) { try world.upgrade(other) }
  #expect(throws: Failure.self) { try world.upgrade(smallSchema(2)) }
  try world.upgrade(smallSchema(3))
  #expect(world.master.schema.version == 4)
  #expect(try world.master.recovery()?.aside.isEmpty == true)
  try await world.settle()
  #expect(try world.cells == then)
}

/// The machine that brings the version comes before the city goes past it, or after.
@Test(arguments: [true, false]) func aVersionThatTheCityHasGonePastIsKnownAgain(comesBefore: Bool) async throws {
  let (drill, file) = try await Drill.backedUp()
  let (world, two) = (drill.world, drill.two)
  try world.upgradeSmall(to: 2)
  try await world.sync(two)
  try world.shell(two, "UPDATE company SET name = 'two', fax = '2' WHERE id = 'c1'")
  try await world.sync(two)
  try await drill.restoreWithoutTwo(from: file)
  if comesBefore { await #expect(throws: Failure.self) { try await world.sync(two) } }
  try world.upgrade(smallSchema(3))
  try await world.settle()
  #expect(try [world.cell("name"), world.cell("fax")] == [.text("two"), .text("2")])
  #expect(world.replicas.allSatisfy { $0.schema.version == 3 })
  #expect(try world.master.recovery()?.aside == [])
}

/// The machine that has the version has sent nothing by it, and is refused.
@Test func anotherTextOfALostVersionDoesNotTakeItsPlace() async throws {
  let (drill, file) = try await Drill.backedUp()
  let (world, two) = (drill.world, drill.two)
  try world.upgradeSmall(to: 2)
  try await world.sync(two)
  try world.shell(two, "DELETE FROM sync_inbox")
  try await drill.restoreWithoutTwo(from: file)
  try world.upgrade(smallSchema(3))
  await #expect(throws: Failure.self) { try await world.sync(two) }
  let draft = smallSchema(2).replacing("[plain, special]", with: "[plain]")
  let failure = #expect(throws: Failure.self) { try world.upgrade(draft) }
  #expect(failure?.message.en.contains("not version 2 as machines have it") == true)
  try world.upgrade(smallSchema(2))
  try await world.settle()
  #expect(world.replicas.allSatisfy { $0.schema.version == 3 })
}

/// Nobody has the version by which a machine made its first batch, and the city knows that of the second.
@Test func whatIsReadOnlyAfterALaterBatchOfItsMachineStaysListed() async throws {
  let (drill, file) = try await Drill.backedUp()
  let (world, two) = (drill.world, drill.two)
  for version in 2...3 {
    try world.upgradeSmall(to: version)
    try await world.sync(two)
    try world.shell(two, "UPDATE company SET fax = '\(version)' WHERE id = 'c1'")
    try await world.sync(two)
  }
  try world.shell(two, "DELETE FROM sync_inbox")
  try await drill.restoreWithoutTwo(from: file)
  try world.upgrade(smallSchema(3))
  try await world.settle()
  #expect(try world.cell("fax") == .text("3"))
  func aside() throws -> [Bool] { try world.master.recovery()?.aside.map(\.needsUpgrade) ?? [] }
  #expect(try aside() == [true])
  try world.upgrade(smallSchema(2))
  #expect(try aside() == [false])
  try await world.settle()
  #expect(try aside() == [false] && world.cell("fax") == .text("3"))
}

/// Seed 22397 of the simulator: a later upgrade came back and the one before it did not, and who was at the one before could never be
/// heard again.
@Test func anUpgradeWhosePredecessorIsLostIsMadeAgain() async throws {
  let (drill, file) = try await Drill.backedUp()
  let world = drill.world
  try world.upgradeSmall(to: 2)
  for round in 1...2 {
    try await world.settle()
    _ = try world.backup("lost\(round).backup")
  }
  try await world.settle()
  try world.shell(drill.two, "UPDATE company SET name = 'two', fax = '2' WHERE id = 'c1'")
  try drill.two.freeze()
  try world.upgradeSmall(to: 3)
  try await world.sync(drill.one)
  try world.shell(drill.one, "UPDATE company SET phone = '1' WHERE id = 'c1'")
  try await world.sync(drill.one)
  try world.restore(from: file)
  for replica in world.replicas { _ = try? await world.giveBack(replica) }
  try world.master.release(reason: "the backups cannot be read", actor: "li")
  #expect(world.master.schema.version == 1)
  await #expect(throws: Failure.self) { try await world.sync(drill.two) }
  for version in 2...3 { try world.upgradeSmall(to: version) }
  try await world.settle()
  let cells = try ["name", "fax", "phone"].map { try world.cell($0) }
  #expect(cells == ["two", "2", "1"].map(Value.text))
  #expect(try world.master.verify().isEmpty)
}

/// Its predecessor is known, but the city has gone on from there already.
@Test func anUpgradeOfAnotherHistoryTakesTheCityBackToNoEarlierVersion() async throws {
  let (drill, file) = try await Drill.backedUp()
  let world = drill.world
  try world.shell("UPDATE company SET grade = 'f' WHERE id = 'c1'")
  for replica in [drill.one, drill.two, drill.b] { try await world.sync(replica) }
  // Two of three have heard of the batch, and have it no more.
  for replica in [drill.one, drill.b] { try world.shell(replica, "DELETE FROM sync_inbox") }
  for phone in 2...3 {
    try world.shell(drill.two, "UPDATE company SET phone = '\(phone)' WHERE id = 'c1'")
    try await world.sync(drill.two)
  }
  try world.upgradeSmall(to: 2)
  try await world.sync(drill.two)
  try await drill.restoreWithoutTwo(from: file)
  #expect(try world.master.recovery()?.losses.count == 1)
  try world.upgradeSmall(to: 3)
  world.lose(drill.two)
  try await world.settle()
  world.add(drill.two)
  try world.restore(from: file)
  try await world.giveBack([drill.one, drill.b, drill.two, drill.one, drill.two])
  #expect(world.master.schema.version == 3)
  if try world.master.recovery()?.isRecovering == true { try world.master.release(reason: "r", actor: "li") }
  try await world.settle()
  #expect(world.replicas.allSatisfy { $0.schema.version == 3 })
  #expect(try world.cell("phone") == .text("3"))
}
