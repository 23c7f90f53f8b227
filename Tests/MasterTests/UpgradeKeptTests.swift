import Foundation
import Master
import Replica
import SQLiteStore
import SchemaFile
import SyncClient
import SyncCore
import SyncProtocol
import TestSupport
import Testing

// What the master keeps of an earlier version of its schema: conflicts, parked changes, tombstones, the log.

private func key(_ id: String) -> RowKey { RowKey([.text(id)]) }

@Test func aRowConflictOfAnEarlierVersionIsDecidedByALaterOne() async throws {
  let (world, one, two) = try await World.twoMachines()
  try world.shell(one, "DELETE FROM company WHERE id = 'c1'")
  try world.shell(two, "UPDATE company SET name = '新' WHERE id = 'c1'")
  try await world.sync(one)
  try await world.sync(two)
  let conflict = try #require(try world.master.conflicts([.open]).first)
  #expect(conflict.field == nil)
  try world.upgradeSmall(to: 3)
  let whole = try world.master.record("company")
  #expect(whole.image(conflict.contenders[0].value)?.count == whole.fields.count)
  _ = try world.master.decide(conflict.id, .take(1), reason: "r", actor: "li")
  try await world.settle()
  #expect(try world.cell("name") == .text("新") && world.cell("fax") == .null)
}

@Test func aTombstoneOfAnEarlierVersionIsComparedAsItWas() async throws {
  let (world, one, two) = try await World.twoMachines()
  try world.shell(one, "DELETE FROM company WHERE id = 'c1'")
  try await world.sync(one)
  try world.upgradeSmall(to: 2)
  // Made by the version before, of a row that is gone.
  try world.shell(two, "UPDATE company SET staff = 11 WHERE id = 'c1'")
  try await world.sync(two)
  #expect(try world.master.conflicts([.open]).map(\.field) == [nil])
  try await world.settle()
}

@Test func whatWasParkedByAnEarlierVersionEntersByALaterOne() async throws {
  let (world, one, two) = try await World.twoMachines()
  try world.shell(one, "INSERT INTO company (id, office, code) VALUES ('a', 'A', 'K')")
  try await world.sync(one)
  try world.shell(two, "INSERT INTO company (id, office, code, name) VALUES ('b', 'A', 'K', '乙')")
  try world.shell(two, "INSERT INTO figure VALUES ('b', 2025, 7, 'n')")
  try await world.sync(two)
  #expect(try world.master.parked().count == 2)
  try world.upgradeSmall(to: 3)
  #expect(try world.master.parked().map { $0.row.count } == [14, 5])
  try await world.settle()
  #expect(try two.parked().map { $0.row.count } == [14, 5])
  try world.shell(one, "UPDATE company SET code = NULL WHERE id = 'a'")
  try await world.settle()
  #expect(try world.master.parked().isEmpty && world.cell("name", of: "b") == .text("乙"))
  #expect(try world.cell("email", of: "b") == .null)
}

@Test func whatWasParkedIsTakenUpAfterAnUpgrade() async throws {
  let (world, one, two) = try await World.twoMachines()
  try world.shell(one, "INSERT INTO company (id, office, code) VALUES ('a', 'A', 'K')")
  try await world.sync(one)
  try world.shell(two, "INSERT INTO company (id, office, code, name) VALUES ('b', 'A', 'K', '乙')")
  try await world.sync(two)
  try world.upgradeSmall(to: 3)
  try await world.sync(two)
  let company = try two.record("company")
  let isTaken = try two.edit(as: nil) { db in
    try two.takeUp(db, company, key: key("b"), [2: .text("L"), 11: .text("mail")])
  }
  #expect(isTaken)
  try await world.settle()
  #expect(try [world.cell("code", of: "b"), world.cell("email", of: "b")] == [.text("L"), .text("mail")])
}

@Test func theMasterOfAnyDayHasTheSchemaOfThatDay() async throws {
  let (world, one, _) = try await World.twoMachines()
  var days: [(version: Int, copy: Master, point: LogPoint)] = []
  for version in 1...5 {
    if version > 1 { try world.upgradeSmall(to: version) }
    days.append((version, try world.copyOfMaster(), try world.master.logPoint()))
    try world.shell(one, "UPDATE company SET staff = \(version * 10), name = 'n\(version)'")
    try await world.sync(one)
  }
  for (version, copy, point) in days {
    let then = try world.master.replayed(upTo: point.arrival)
    #expect(then.schema.version == version)
    #expect(try copy.differences(from: then).map(\.en) == [])
    #expect(try then.verify().map(\.en) == [] && then.verifyReplay().map(\.en) == [])
    #expect(try then.logPoint() == point)
    if version < 5 { #expect(try world.master.differences(from: then).count == 1) }
  }
  // A file of that day goes on by itself.
  let path = world.folder.appendingPathComponent("then.sqlite").path
  let then = try world.master.replayed(upTo: days[2].point.arrival, into: path)
  let (schema, text) = try readSchemaFile(4)
  try then.upgrade(to: schema, text: text, actor: nil)
  let reopened = try Master.open(path: path, key: world.master.key, readSchema: readSchema)
  #expect(try reopened.schema == schema && reopened.verifyReplay().map(\.en) == [])
  try await world.settle()
}

@Test func projectionsThatAreNewOrShowMoreAreFilled() async throws {
  let (world, one, _) = try await World.twoMachines()
  let other = try await world.join("B")
  try world.upgradeSmall(to: 4)
  try await world.settle()
  let stub = try other.record("stub")
  #expect(try other.rows(stub) == [[.text("c1"), .text("甲"), .null]])
  try world.shell(one, "UPDATE company SET code = 'K', fax = '5' WHERE id = 'c1'")
  try await world.settle()
  #expect(try other.rows(stub) == [[.text("c1"), .text("甲"), .text("5")]])
  try world.upgradeSmall(to: 5)
  try await world.settle()
  #expect(try other.rows(other.record("stub")) == [[.text("c1"), .text("甲"), .text("5"), .text("K")]])
}

@Test func anUpgradeInTheMiddleOfAPullStartsItAnew() async throws {
  let (world, one, two) = try await World.twoMachines()
  for n in 1...9 { try world.shell(one, "INSERT INTO company (id, office, code) VALUES ('m\(n)', 'A', 'M\(n)')") }
  try await world.sync(one)
  try world.shell(two, "UPDATE company SET staff = 3 WHERE id = 'c1'")
  world.master.pageLimit = PageLimit(rows: 2)
  let way = Preceded(world.master) { page in
    if page == 2 { try world.upgradeSmall(to: 2) }
    if page == 4 { try world.upgradeSmall(to: 3) }
  }
  let summary = try await SyncClient(two, transport: way).sync()
  #expect(summary.pushed == 1 && summary.received.pulled >= 9)
  #expect(try two.schema.version == 3 && two.status().inFlight == 0)
  world.master.pageLimit = PageLimit()
  try await world.settle()
}

@Test(arguments: ["\"colour\":1,", "\"requires\":9,"])
func aProgramThatCannotFollowSaysWhatItNeedsAndLosesNothing(newer: String) async throws {
  let (world, _, _) = try await World.twoMachines()
  // The reader of an old program, until it is replaced.
  let program = Program()
  let replica = try await world.join("A", reading: program.read)
  try world.shell(replica, "UPDATE company SET staff = 3 WHERE id = 'c1'")
  let (schema, plain) = try readSchemaFile(2)
  let text = plain.replacing("{\"name\":\"small\"", with: "{\(newer)\"name\":\"small\"")
  #expect(text != plain)
  program.replace = (newer, "")
  try world.master.upgrade(to: schema, text: text, actor: nil)
  program.isNew = false
  for _ in 1...2 {
    let failure = await #expect(throws: Failure.self) { try await world.sync(replica) }
    #expect(failure?.kind == .configuration)
    #expect(failure?.message.en.contains("the city is at version 2 of the schema (this replica at 1)") == true)
    #expect(failure?.message.en.contains("install a newer program") == true)
  }
  #expect(try replica.schema.version == 1 && replica.status().inFlight == 1 && replica.unacknowledged().count == 1)
  #expect(try replica.verify() == [])
  // Work goes on.
  try world.shell(replica, "UPDATE company SET name = 'offline' WHERE id = 'c1'")
  #expect(try replica.status().pending == 1)
  program.isNew = true
  let summary = try await world.sync(replica)
  #expect(summary.pushed == 2 && replica.schema.version == 2)
  #expect(try [world.cell("staff"), world.cell("name")] == [.integer(3), .text("offline")])
}

/// A program that is replaced by one that knows more.
private final class Program: @unchecked Sendable {
  var isNew = false
  var replace = ("", "")
  var read: ReadSchema {
    { [self] text in try readSchema(isNew ? text.replacing(replace.0, with: replace.1) : text) }
  }
}

@Test func aNewFieldMayHoldPersonalData() async throws {
  let (world, one, two) = try await World.twoMachines()
  try world.shell(one, "UPDATE company SET staff = 12 WHERE id = 'c1'")
  let yaml = smallSchema(2).replacing("fax: {type: text, policy: latest}", with: "fax: {restricted: true}")
  try world.upgrade(yaml)
  try await world.settle()
  try world.shell(one, "UPDATE company SET fax = 'SECRET' WHERE id = 'c1'")
  try await world.settle()
  #expect(try two.row(two.record("company"), key: key("c1"))?[12] == .text("SECRET"))
  try world.master.erase(world.master.record("company"), key: key("c1"), reason: "asked", actor: "li")
  try await world.settle()
  #expect(try world.cell("fax") == .null && two.row(two.record("company"), key: key("c1"))?[12] == .null)
}
