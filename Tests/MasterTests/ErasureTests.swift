import Master
import Replica
import SyncClient
import SyncCore
import SyncProtocol
import TestSupport
import Testing

// Erased personal data is nowhere: not in the rows, not in the log, not at the counties, not in the bytes of any file.

/// Every place where a value may be kept, at the city and at the counties.
private func widespread() async throws -> World {
  let (world, one, two) = try await World.twoOfficers()
  // A conflict about the cell, one about the row, earlier values of it.
  try world.shell(one, "UPDATE person SET phone = 'PHONE-1', mobile = 'MOBILE-1', name = 'NAME-1'")
  try world.shell(two, "UPDATE person SET phone = 'PHONE-2', mobile = 'MOBILE-2'")
  try await world.syncAll()
  try world.shell("UPDATE person SET name = 'NAME-city'")
  try world.shell(two, "DELETE FROM person")
  try await world.syncAll()
  // The row moves to another office: archived here, known there.
  let three = try await world.join("B", actor: "three")
  try world.shell("UPDATE person SET office = 'B'")
  try await world.syncAll()
  // Late, from who has it no more, and parked: out of scope, and a twin of the code.
  try world.shell(three, "UPDATE person SET code = 'K'")
  try await world.syncAll()
  try world.shell(
    one, "INSERT INTO person (id, office, code, name, phone) VALUES ('p2', 'A', 'K', 'NAME-p2', 'PHONE-p2')")
  try await world.syncAll()
  return world
}
/// How the values of a person begin.
let erasableWords = ["PHONE", "MOBILE", "NAME"]

@Test func erasedValuesAreInNoFile() async throws {
  let world = try await widespread()
  #expect(try world.files(with: "PHONE").count >= 4)
  #expect(try world.master.conflicts(Conflict.State.allCases).count >= 2)
  #expect(try world.master.parked().count == 1)
  let note = try world.person("note")
  try world.erase("p1")
  try world.erase("p2")
  // At the city at once, also in its write-ahead log.
  for word in erasableWords { #expect(try !world.files(with: word).contains { $0.hasPrefix("master") }, "\(word)") }
  try await world.syncAll()
  for word in erasableWords { #expect(try world.files(with: word) == [], "\(word)") }
  try await world.settle()
  #expect(try world.person("phone") == .null && world.person("name") == .text("已删除"))
  #expect(try world.person("note") == note)
  #expect(try world.replicas[2].cell("name") == .text("已删除"))
  // What waits at the city goes on waiting without the values.
  #expect(try world.master.parked().first?.row.contains(.text("已删除")) == true)
  #expect(try world.replicas[0].parked().first?.row.contains(.text("已删除")) == true)
}

@Test func oneFieldIsErasedAndTheOthersStay() async throws {
  let world = try await widespread()
  let name = try world.person("name")
  let erasures = try world.erase("p1", ["phone"])
  try await world.settle()
  #expect(try world.files(with: "PHONE-1") == [] && world.files(with: "PHONE-2") == [])
  #expect(try world.files(with: "MOBILE-2").count >= 2)
  #expect(try world.person("name") == name && world.person("mobile") != .null)
  #expect(erasures.map(\.fields) == [["phone"]])
  // A conflict whose values are gone has nothing left to decide.
  let phone = try world.master.conflicts(Conflict.State.allCases).filter { $0.field == "phone" }
  #expect(phone.map(\.state) == [.decided] && phone.map(\.master) == [.null])
  #expect(phone[0].decision?.reason == "asked for" && phone[0].contenders.map(\.value) == [.null])
}

@Test func whatWasErasedIsListedAndSigned() async throws {
  let (world, one, _) = try await World.twoOfficers()
  let three = try await world.join("B", actor: "three")
  let erasures = try world.erase("p1", ["phone"])
  #expect(try world.master.erasures() == erasures)
  #expect(erasures.map(\.reason) == ["asked for"] && erasures.map(\.edit.actor) == ["li"])
  let body = try #require(try world.loggedBodies().last)
  #expect(try Batch(body, schema: world.master.schema).erasures == erasures)
  try await world.settle()
  func heard(_ replica: Replica) throws -> Int64? {
    try replica.read { try $0.integer("SELECT count(*) FROM sync_erasure") }
  }
  #expect(try heard(one) == 1)
  // Another office never had the row, and hears nothing of it.
  #expect(try heard(three) == 0)
}

@Test func historyShowsWhatWasErased() async throws {
  let (world, _, two) = try await World.twoOfficers()
  try world.shell(two, "UPDATE person SET phone = 'PHONE-2', note = 'm'")
  try await world.sync(two)
  let record = try world.person
  try world.erase("p1", ["phone"])
  let history = try world.master.history(record, key: RowKey([.text("p1")]))
  let column = try #require(record.index(of: "phone"))
  #expect(history.map(\.erased) == [[column], [column], []])
  guard case .change(let first) = history[0].what, case .erasure(let erasure) = history[2].what else {
    Issue.record("\(history)")
    return
  }
  #expect(first.new[column] == .null && first.new[record.index(of: "name") ?? 0] == .text("NAME-one"))
  #expect(erasure.fields == ["phone"] && history[2].edit.actor == "li")
  #expect(try two.history(two.record("person"), key: RowKey([.text("p1")])).count == 1)
}

@Test func aRowThatIsDeletedAlreadyCanBeErased() async throws {
  let (world, one, _) = try await World.twoOfficers()
  try world.shell(one, "DELETE FROM person")
  try await world.settle()
  #expect(try world.files(with: "PHONE-one").count == 3)
  try world.erase()
  try await world.settle()
  for word in erasableWords { #expect(try world.files(with: word) == [], "\(word)") }
  #expect(try world.master.erasures().count == 1)
}

/// The row was deleted when it was erased, and no row changed. Who enters the person anew, and hears of it with the receipt, has
/// entered new values (seed 8 of the simulated town).
@Test(arguments: [false, true])
func whoIsEnteredAnewOutlivesTheErasureOfTheDeletedRow(bySnapshot: Bool) async throws {
  let (world, one, two) = try await World.twoOfficers()
  try world.shell(one, "DELETE FROM person")
  try await world.syncAll()
  try world.erase()
  world.clock.now += 1000
  try world.shell(two, "UPDATE sync_clock SET stamp = \(world.clock.now << 16)")
  try world.shell(two, "INSERT INTO person (id, office, name, phone) VALUES ('p1', 'A', 'FRESH-name', 'FRESH')")
  if bySnapshot {
    try two.freeze()
    let reply = try world.master.exchange(two.hello().bytes + two.unacknowledged().flatMap { $0 })
    let receipts = try SealedEnvelope.split(reply).filter { $0.header.kind == .receipt }
    try world.takeSnapshot(two, receipts.map { try $0.open(with: world.master.key.publicKey) })
  }
  try await world.settle()
  #expect(try world.person("phone") == .text("FRESH") && world.person("name") == .text("FRESH-name"))
  #expect(try two.cell("phone") == .text("FRESH") && one.cell("phone") == .text("FRESH"))
  for word in erasableWords { #expect(try world.files(with: word) == [], "\(word)") }
}

/// Of rows that were listed because their time has passed.
@Test func whatWasProlongedAfterItWasListedIsNotErased() async throws {
  let (world, one, _) = try await World.twoOfficers()
  try world.shell(
    one, "INSERT INTO person (id, office, name, phone, note) VALUES ('p2', 'A', 'NAME-2', 'PHONE-2', 'n')")
  try await world.sync(one)
  let record = try world.person
  let note = try #require(record.index(of: "note"))
  let keys = try world.master.rows(record).map(record.rowKey(of:))
  try world.shell(one, "UPDATE person SET phone = 'FRESH', note = 'longer' WHERE id = 'p1'")
  try await world.sync(one)
  let erasures = try world.master.erase(
    record, keys: keys, where: { $0[note] == .text("n") }, reason: "expired", actor: "li")
  #expect(erasures.map(\.key) == [RowKey([.text("p2")])])
  #expect(try world.person("phone") == .text("FRESH") && world.person("phone", of: "p2") == .null)
}

/// Of one nothing stands any more, of the other not the phone; what they were is in the log, and at the counties.
@Test func whatWasDeletedOrEmptiedBeforeItExpiredIsErased() async throws {
  let (world, one, _) = try await World.twoOfficers()
  try world.shell(
    one,
    """
    INSERT INTO person (id, office, name, phone, note) VALUES ('p2', 'A', 'x', 'PHONE-2', 'old'),
      ('p3', 'A', 'x', 'PHONE-3', 'old'), ('p4', 'A', 'x', 'PHONE-4', 'new'), ('p5', 'A', 'x', 'PHONE-5', 'new')
    """)
  try await world.sync(one)
  try world.shell(
    one, "DELETE FROM person WHERE id IN ('p2', 'p5'); UPDATE person SET phone = NULL WHERE id = 'p3'")
  try await world.settle()
  let record = try world.person
  let note = try #require(record.index(of: "note"))
  func erase() throws -> [RowKey] {
    world.clock.now += 1000
    let keys = try world.master.erasable(record, fields: ["phone"]) { $0[note] == .text("old") }
    return try world.master.erase(
      record, keys: keys, where: { $0[note] == .text("old") }, fields: ["phone"], reason: "expired", actor: "li"
    ).map(\.key)
  }
  #expect(try erase() == ["p2", "p3"].map { RowKey([.text($0)]) })
  try await world.settle()
  for word in ["PHONE-2", "PHONE-3"] { #expect(try world.files(with: word) == [], "\(word)") }
  #expect(try world.files(with: "PHONE-4") != [] && world.files(with: "PHONE-5") != [])
  // And nothing is left to be erased.
  #expect(try erase() == [])
}

/// It was parked, for another person has the code, and waits, or was dismissed.
@Test(arguments: [false, true]) func whatNeverEnteredIsErasedWhenItExpires(isDismissed: Bool) async throws {
  let (world, one, two) = try await World.twoOfficers()
  try world.shell(
    one, "INSERT INTO person (id, office, code, name) VALUES ('p2', 'A', 'K', 'x'), ('p5', 'A', 'L', 'x')")
  try await world.sync(one)
  try world.shell(
    two,
    """
    INSERT INTO person (id, office, code, name, phone, note) VALUES ('p3', 'A', 'K', 'NAME-3', 'PHONE-3', 'old'),
      ('p4', 'A', 'L', 'NAME-4', 'PHONE-4', 'new')
    """)
  try await world.sync(two)
  let parked = try world.master.parked()
  #expect(parked.map(\.reason) == ["unique", "unique"])
  if isDismissed { try world.master.dismiss(parked.map(\.id), reason: "typed twice", actor: "li") }
  try await world.settle()
  let record = try world.person
  let note = try #require(record.index(of: "note"))
  func erase() throws -> [RowKey] {
    world.clock.now += 1000
    let keys = try world.master.erasable(record) { $0[note] == .text("old") }
    return try world.master.erase(
      record, keys: keys, where: { $0[note] == .text("old") }, reason: "expired", actor: "li"
    ).map(\.key)
  }
  #expect(try erase() == [RowKey([.text("p3")])])
  try await world.settle()
  for word in ["NAME-3", "PHONE-3"] { #expect(try world.files(with: word) == [], "\(word)") }
  #expect(try world.files(with: "PHONE-4") != [])
  // And nothing is left to be erased.
  #expect(try erase() == [])
}

@Test func theErasureTakesAToolsEditAlong() async throws {
  let (world, _, _) = try await World.twoOfficers()
  try world.shell("UPDATE person SET phone = 'PHONE-tool'")
  try world.erase()
  try await world.settle()
  #expect(try world.person("phone") == .null)
  for word in erasableWords { #expect(try world.files(with: word) == [], "\(word)") }
}

@Test func theErasureReachesTheDuplicatesOfTheRow() async throws {
  let (world, _, two) = try await World.twoOfficers()
  try world.shell(two, "INSERT INTO person (id, office, name, phone) VALUES ('p2', 'A', 'NAME-p2', 'PHONE-p2')")
  try await world.syncAll()
  let keys = ["p1", "p2"].map { RowKey([.text($0)]) }
  _ = try world.master.mergeRecords(try world.person, keep: keys[0], duplicate: keys[1], reason: "one", actor: "li")
  try await world.syncAll()
  // Named by either key.
  #expect(try world.erase("p2").map(\.key) == keys)
  try await world.settle()
  for word in erasableWords { #expect(try world.files(with: word) == [], "\(word)") }
}

/// The row that was kept points nowhere, and a tool has entered somebody by the key of the duplicate.
@Test func theErasureLeavesARowThatStandsUnderAFormerKey() async throws {
  let (world, one, two) = try await World.twoOfficers()
  try world.shell(two, "INSERT INTO person (id, office, name, phone) VALUES ('p2', 'A', 'NAME-p2', 'PHONE-p2')")
  try await world.syncAll()
  let keys = ["p1", "p2"].map { RowKey([.text($0)]) }
  _ = try world.master.mergeRecords(try world.person, keep: keys[0], duplicate: keys[1], reason: "one", actor: "li")
  try await world.syncAll()
  try world.shell("UPDATE person SET office = 'C' WHERE id = 'p1'")
  try world.shell("INSERT INTO person (id, office, name, phone) VALUES ('p2', 'A', 'NAME-anew', 'PHONE-anew')")
  for replica in [one, two] { try await world.sync(replica) }
  let failure = #expect(throws: Failure.self) { try world.erase("p1") }
  #expect(failure?.kind == .data && failure?.message.en.contains("erase it first") == true)
  #expect(try world.person("phone", of: "p2") == .text("PHONE-anew"))
  #expect(try world.master.erasures() == [])
  // What was said under its key before is erased with it.
  #expect(try world.erase("p2").map(\.key) == [keys[1]])
  #expect(try world.erase("p1").map(\.key) == [keys[0]])
  for word in erasableWords { #expect(try !world.files(with: word).contains { $0.hasPrefix("master") }, "\(word)") }
}

/// What A contested is a conflict of a row of B by now: A never saw that, and has its own values in it (seed 27295 of the simulated town).
@Test(arguments: [true, false]) func theErasureReachesWhoContestedADuplicateOfTheRow(isDeleted: Bool) async throws {
  let (world, one, two) = try await World.twoOfficers()
  let b = try await world.join("B")
  try world.shell(b, "INSERT INTO person (id, office, name) VALUES ('p2', 'B', 'NAME-b')")
  try await world.sync(b)
  try world.shell(
    one, isDeleted ? "DELETE FROM person WHERE id = 'p1'" : "UPDATE person SET name = 'NAME-first' WHERE id = 'p1'")
  try world.shell(two, "UPDATE person SET name = 'NAME-second' WHERE id = 'p1'")
  for replica in [one, two] { try await world.sync(replica) }
  let keys = ["p2", "p1"].map { RowKey([.text($0)]) }
  _ = try world.master.mergeRecords(try world.person, keep: keys[0], duplicate: keys[1], reason: "one", actor: "li")
  try await world.syncAll()
  #expect(try world.files(with: "NAME-second").contains { $0.contains(two.path.split(separator: "/").last ?? "") })
  try world.erase("p2")
  try await world.settle()
  for word in ["NAME-first", "NAME-second", "NAME-b"] + erasableWords {
    #expect(try world.files(with: word) == [], "\(word)")
  }
}

/// The duplicate never entered: it was parked, and is on record there.
@Test(arguments: ["A", "B"]) func theErasureReachesADuplicateThatWasParked(unit: String) async throws {
  let (world, _, two) = try await World.twoOfficers()
  let other = try await world.join(unit)
  try world.shell(other, "INSERT INTO person (id, office, code, name) VALUES ('p2', '\(unit)', 'X', 'NAME-b')")
  try world.shell(two, "INSERT INTO person (id, office, code, name) VALUES ('p3', 'A', 'X', 'NAME-parked')")
  for replica in [other, two] { try await world.sync(replica) }
  #expect(try world.master.parked().count == 1)
  let keys = ["p2", "p3"].map { RowKey([.text($0)]) }
  _ = try world.master.mergeRecords(try world.person, keep: keys[0], duplicate: keys[1], reason: "one", actor: "li")
  try await world.syncAll()
  try world.erase("p2")
  try await world.settle()
  for word in ["NAME-parked", "NAME-b"] { #expect(try world.files(with: word) == [], "\(word)") }
}

@Test func aValueEnteredAfterTheErasureIsKept() async throws {
  let (world, one, two) = try await World.twoOfficers()
  try world.erase()
  try await world.settle()
  world.clock.now += 1000
  try world.shell(one, "UPDATE person SET phone = 'FRESH', name = 'FRESH-name'")
  try await world.settle()
  #expect(try two.cell("phone") == .text("FRESH") && world.person("name") == .text("FRESH-name"))
  // And erased in its turn.
  try world.erase("p1", ["name"])
  try await world.settle()
  #expect(try world.files(with: "FRESH-name") == [] && world.files(with: "FRESH").count == 3)
  #expect(try world.master.erasures().count == 2)
}

@Test func aCountyCannotErase() async throws {
  let (world, _, _) = try await World.twoOfficers()
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
  let erasure = Erasure(
    record: "person", key: RowKey([.text("p1")]), fields: ["phone"], reason: "",
    edit: Edit(stamp: Stamp(milliseconds: clock.now), actor: "clerk"))
  let batch = try message(.batch, 1, Batch(erasures: [erasure]).encoded(world.master.schema))
  let refusal = #expect(throws: Refusal.self) {
    try world.master.exchange(message(.hello, 1, HelloBody(last: 1, seen: 0).bytes) + batch)
  }
  #expect(refusal?.code == .tampered)
  #expect(try world.master.erasures() == [] && world.person("phone") == .text("PHONE-one"))
}

@Test func whatCannotBeErasedIsRefused() async throws {
  let (world, _, _) = try await World.twoOfficers()
  let key = RowKey([.text("p1")])
  for (record, key, fields, kind) in [
    ("person", key, ["note"], Failure.Kind.usage), ("person", key, [], .usage), ("visit", key, nil, .usage),
    ("person", RowKey([.text("nobody")]), nil, .notFound),
  ] as [(String, RowKey, [String]?, Failure.Kind)] {
    let record = try world.master.record(record)
    let failure = #expect(throws: Failure.self) {
      try world.master.erase(record, key: key, fields: fields, reason: "", actor: nil)
    }
    #expect(failure?.kind == kind)
  }
  #expect(try world.master.erasures() == [])
  try await world.settle()
}
