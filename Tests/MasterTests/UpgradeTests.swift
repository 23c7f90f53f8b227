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

// The city's schema grows while counties are away.

extension World {
  /// A machine of A with three companies and a figure that the city knows.
  fileprivate static func threeCompanies() async throws -> (World, Replica) {
    let world = try World.small()
    let replica = try await world.join("A")
    try world.shell(
      replica,
      """
      INSERT INTO company (id, office, code, name, staff)
      VALUES ('c1', 'A', '1', '甲', 5), ('c2', 'A', '2', '乙', 7), ('c3', 'A', '3', '丙', 9);
      INSERT INTO figure (company, year, sales) VALUES ('c1', 2025, 100);
      """)
    try await world.settle()
    return (world, replica)
  }
}

extension Replica {
  fileprivate func value(_ field: String, of id: String = "c1", in name: String = "company") throws -> Value? {
    let record = try record(name)
    return try row(record, key: RowKey([.text(id)])).flatMap { row in record.index(of: field).map { row[$0] } }
  }
}

@Test func aCountyThatWasAwayThroughThreeVersionsCatchesUpWithItsEdits() async throws {
  let (world, replica) = try await World.threeCompanies()
  try world.shell(
    replica,
    """
    UPDATE company SET staff = 6, phone = '55' WHERE id = 'c1'; DELETE FROM company WHERE id = 'c2';
    INSERT INTO company (id, office, name) VALUES ('c4', 'A', '丁'); UPDATE figure SET sales = 200;
    """)
  for version in 2...4 {
    try world.upgradeSmall(to: version)
    try world.shell("UPDATE company SET email = 'v\(version)', fax = '\(version)' WHERE id = 'c1'")
  }
  try world.shell("INSERT INTO visit VALUES ('v1', 'c1', 'seen'); UPDATE company SET kind = 'other' WHERE id = 'c3'")
  #expect(try replica.schema.version == 1 && replica.status().pending == 4)
  let summary = try await world.sync(replica)
  #expect(summary.upgraded == 4 && summary.pushed == 4 && summary.received.conflicts == 0)
  #expect(try replica.schema.version == 4 && replica.status().inFlight == 0 && replica.status().pending == 0)
  #expect(try replica.meta().schemaText == readSchemaFile(4).text)
  #expect(
    try [replica.value("email"), replica.value("staff"), world.cell("staff")] == [
      .text("v4"), .integer(6), .integer(6),
    ])
  #expect(try replica.value("kind", of: "c3") == .text("other"))
  #expect(try replica.rows(replica.record("stub")).count == 3 && replica.rows(replica.record("visit")).count == 1)
  try await world.settle()
  // What is new is captured like anything else.
  try world.shell(
    replica, "UPDATE company SET fax = '9', email = NULL, parent = 'c3' WHERE id = 'c1'; UPDATE visit SET note = 'x'")
  try await world.settle()
  #expect(try [world.cell("fax"), world.cell("email"), world.cell("parent")] == [.text("9"), .null, .text("c3")])
}

@Test func aDeleteByWhoDidNotKnowAFieldThatTheCityFilledInIsARowConflict() async throws {
  let (world, replica) = try await World.threeCompanies()
  try world.shell(replica, "DELETE FROM company WHERE id IN ('c2', 'c3')")
  try world.upgradeSmall(to: 2)
  try world.shell("UPDATE company SET fax = '1' WHERE id = 'c3'")
  let summary = try await world.sync(replica)
  #expect(summary.received.conflicts == 1)
  #expect(try world.master.conflicts([.open]).map { [$0.key.description, $0.field ?? "*"] } == [["c3", "*"]])
  #expect(try replica.value("fax", of: "c3") == .text("1") && replica.value("fax", of: "c2") == nil)
  try await world.settle()
}

@Test func anOldBatchThatArrivesAfterTwoUpgradesLeavesAloneWhatItDidNotKnow() async throws {
  let (world, replica) = try await World.threeCompanies()
  try world.shell(
    replica, "UPDATE company SET staff = 6 WHERE id = 'c1'; INSERT INTO company (id, office) VALUES ('c1x', 'A')")
  try replica.freeze()
  let bytes = try replica.unacknowledged().flatMap { $0 }
  try world.upgradeSmall(to: 2)
  try world.shell("UPDATE company SET fax = '1', email = 'e' WHERE id = 'c1'")
  try world.upgradeSmall(to: 3)
  // Sent, and the answer is lost: a receipt, and the schema in place of a page.
  let reply = try SealedEnvelope.split(world.master.exchange(replica.hello().bytes + bytes))
  #expect(reply.map(\.header.kind) == [.receipt, .schema])
  #expect(try [world.cell("staff"), world.cell("fax"), world.cell("email")] == [.integer(6), .text("1"), .text("e")])
  #expect(try world.cell("fax", of: "c1x") == .null)
  #expect(try replica.unacknowledged().flatMap { $0 } == bytes)
  // The file is upgraded, and the batch goes again, byte for byte.
  try replica.upgrade(to: String(decoding: reply[1].unverifiedBody(), as: UTF8.self))
  #expect(try replica.unacknowledged().flatMap { $0 } == bytes && replica.status().inFlight == 2)
  let again = try SealedEnvelope.split(world.master.exchange(replica.hello().bytes + bytes))
  #expect(again.map(\.header.kind) == [.receipt, .page] && again[0].bytes == reply[0].bytes)
  try await world.settle()
  let history = try world.master.history(world.master.record("company"), key: RowKey([.text("c1")]))
  #expect(history.count == 3)
}

/// Its header may have another layout.
@Test func whoSpeaksANewerVersionIsToldToUpgradeTheOlderSide() async throws {
  let (world, replica) = try await World.threeCompanies()
  var message = try replica.hello().bytes
  message[4] = Header.version + 1
  message.replaceSubrange(100..<104, with: [0xff, 0xff, 0xff, 0xff])
  let refusal = #expect(throws: Refusal.self) { try world.master.exchange(message) }
  #expect(refusal?.code == .schema)
}

@Test func aNewChoiceArrivesOnlyAfterTheUpgrade() async throws {
  let (world, replica) = try await World.threeCompanies()
  try world.upgradeSmall(to: 3)
  try await world.settle()
  #expect(throws: (any Error).self) { try world.shell(replica, "UPDATE company SET kind = 'other' WHERE id = 'c1'") }
  try world.upgradeSmall(to: 4)
  try world.shell("UPDATE company SET kind = 'other' WHERE id = 'c1'")
  #expect(throws: (any Error).self) { try world.shell(replica, "UPDATE company SET kind = 'other' WHERE id = 'c2'") }
  try await world.sync(replica)
  try world.shell(replica, "UPDATE company SET kind = 'other' WHERE id = 'c2'")
  #expect(try replica.value("kind") == .text("other"))
  try await world.settle()
}

@Test func aWiderCheckLetsInMore() async throws {
  let (world, replica) = try await World.threeCompanies()
  #expect(throws: (any Error).self) { try world.shell(replica, "UPDATE company SET staff = -1 WHERE id = 'c1'") }
  try world.upgradeSmall(to: 3)
  try await world.settle()
  try world.shell(replica, "UPDATE company SET staff = -1 WHERE id = 'c1'")
  for place in [replica.path, world.master.path] {
    #expect(throws: (any Error).self) { try world.shell(place, "UPDATE company SET staff = -6 WHERE id = 'c1'") }
  }
  try await world.settle()
  #expect(try world.cell("staff") == .integer(-1))
}

@Test func aServedMasterFollowsAnUpgradeByAnotherProcess() async throws {
  let (world, replica) = try await World.threeCompanies()
  let clock = world.clock
  let other = try Master.open(
    path: world.master.path, key: world.master.key, clock: { clock.now }, readSchema: readSchema)
  let schema = try readSchemaFile(2)
  try other.upgrade(to: schema.schema, text: schema.text, actor: "official")
  try other.edit(as: "li") { db in
    let company = try other.record("company")
    try other.update(db, company, key: RowKey([.text("c1")]), [11: .text("e"), 12: .text("f")])
  }
  try world.shell(replica, "UPDATE company SET staff = 8 WHERE id = 'c1'")
  try await world.sync(replica)
  #expect(try [replica.value("email"), replica.value("staff")] == [.text("e"), .integer(8)])
  #expect(world.master.schema.version == 2)
  try await world.settle()
  // A process that was made without a reader says so.
  let path = world.folder.appendingPathComponent("blind.sqlite").path
  let blind = try Master.create(
    path: path, key: world.master.key, schema: readSchemaFile(1).schema, schemaText: readSchemaFile(1).text, actor: "x")
  let reader = try Master.open(path: path, key: world.master.key, readSchema: readSchema)
  try reader.upgrade(to: schema.schema, text: schema.text, actor: nil)
  #expect(throws: Failure.self) { try blind.verify() }
}

@Test func aReplicaThatIsOpenTwiceIsUpgradedForBoth() async throws {
  let world = try World.small()
  let key = SigningKey()
  let clock = world.clock
  let meta = try await Join.enrol(
    server: "loopback", code: world.master.enrol(org: "A").code, key: key, transport: Loopback(master: world.master),
    clock: { clock.now })
  let path = world.folder.appendingPathComponent("twice.sqlite").path
  let one = try Replica.create(
    path: path, key: key, meta: meta, schema: readSchema(meta.schemaText), actor: "one", clock: { clock.now },
    readSchema: readSchema)
  let two = try Replica.open(path: path, key: key, clock: { clock.now }, readSchema: readSchema)
  try world.upgradeSmall(to: 2)
  try await world.sync(one)
  try two.edit(as: nil) { db in
    _ = try two.insert(db, two.record("company"), [0: .text("c1"), 11: .text("e")])
  }
  try await world.sync(two)
  #expect(try world.cell("email") == .text("e"))
}

@Test func aSchemaThatTheCityDoesNotKnowIsRefusedWithItsVersion() async throws {
  let (world, replica) = try await World.threeCompanies()
  let old = try world.copyOfMaster()
  try world.upgradeSmall(to: 2)
  try await world.sync(replica)
  let refusal = #expect(throws: Refusal.self) { try old.exchange(replica.hello(stale: true).bytes) }
  #expect(refusal?.code == .schema && refusal?.en.contains("the city is at version 1 of “small”") == true)
  var bytes = try replica.hello().bytes
  bytes[4] = 9
  let other = #expect(throws: Refusal.self) { try world.master.exchange(bytes) }
  #expect(
    other?.code == .schema && other?.en.contains("version 9 of the protocol came, the city speaks version") == true)
  try await world.settle()
}

/// Between the page that says so and the snapshot that it is to take.
@Test func whoAsksForASnapshotByAnEarlierVersionIsToldToSyncAgain() async throws {
  let (world, replica) = try await World.threeCompanies()
  let hello = try replica.hello(stale: true).bytes
  try world.upgradeSmall(to: 2)
  let refusal = #expect(throws: Refusal.self) { try world.master.snapshot(hello) }
  #expect(refusal?.code == .busy && refusal?.en.hasSuffix("nothing is lost, sync again") == true)
  try await world.sync(replica)
  _ = try world.master.snapshot(try replica.hello(stale: true).bytes)
  try await world.settle()
}

@Test func aCountyCannotUpgrade() async throws {
  let world = try World.small()
  let (key, clock) = (SigningKey(), world.clock)
  let meta = try await Join.enrol(
    server: "loopback", code: world.master.enrol(org: "A").code, key: key, transport: Loopback(master: world.master),
    clock: { clock.now })
  func message(_ kind: MessageKind, _ number: Int64, _ body: [UInt8]) throws -> [UInt8] {
    let header = Header(
      kind: kind, replica: meta.replica, epoch: meta.epoch, number: number, cursor: 0,
      stamp: Stamp(milliseconds: clock.now), schema: meta.schemaHash)
    return try Envelope(header, body: body, key: key).bytes
  }
  let schema = try readSchemaFile(2)
  let step = SchemaStep(
    version: 2, text: schema.text, edit: Edit(stamp: Stamp(milliseconds: clock.now), actor: "clerk"))
  let batch = try message(.batch, 1, Batch(schemas: [step]).encoded(world.master.schema))
  let refusal = #expect(throws: Refusal.self) {
    try world.master.exchange(message(.hello, 1, HelloBody(last: 1, seen: 0).bytes) + batch)
  }
  #expect(refusal?.code == .tampered && world.master.schema.version == 1)
}

@Test func whatIsNoAdditionChangesNothing() async throws {
  let (world, _) = try await World.threeCompanies()
  let before = try world.master.logPoint()
  for (from, to, names) in [
    ("min: 0}", "min: 1}", "company.staff: min was 0"), ("version: 2", "version: 1", "version: is 1"),
    ("      phone: {type: text, policy: latest}\n", "", "company.phone: the field is removed"),
  ] {
    let yaml = smallSchema(2).replacing(from, with: to)
    let failure = #expect(throws: Failure.self) { try world.upgrade(yaml) }
    #expect(failure?.kind == .data && failure?.message.en.contains(names) == true, "\(failure?.message.en ?? "")")
  }
  #expect(try world.master.logPoint() == before && world.master.schema.version == 1)
  // The same again is nothing to do.
  #expect(try world.upgrade(smallSchema(1)) == [] && world.master.logPoint() == before)
  try await world.settle()
}

@Test func anAlteredFileIsNotUpgraded() async throws {
  let (world, replica) = try await World.threeCompanies()
  try world.shell("DROP TRIGGER sync_capture_update_company")
  let failure = #expect(throws: Failure.self) { try world.upgradeSmall(to: 2) }
  #expect(failure?.message.en.contains("sync_capture_update_company was removed") == true)
  #expect(throws: Failure.self) { try replica.upgrade(to: "{}") }
  try world.shell(replica, "DROP TRIGGER sync_capture_update_company")
  let text = try readSchemaFile(2).text
  #expect(throws: Failure.self) { try replica.upgrade(to: text) }
  #expect(replica.schema.version == 1 && world.master.schema.version == 1)
}

@Test func aTextOfASchemaThatWasAlteredIsNamed() async throws {
  let (world, _) = try await World.threeCompanies()
  try world.upgradeSmall(to: 3)
  try world.shell("UPDATE sync_schema SET text = replace(text, 'Small', 'Smell') WHERE version = 2")
  #expect(try world.master.verify().map(\.en) == ["the text of version 2 of the schema was altered; restore a backup"])
}

/// A version as it is written, and as it travels.
func readSchemaFile(_ version: Int) throws -> (schema: Schema, text: String) {
  let schema = try SchemaFile.read(smallSchema(version))
  return (schema, try SchemaFile.canonicalJSON(schema))
}
