import Master
import Replica
import SyncCore
import TestSupport
import Testing

// A row that has its unit in its key, and landed with the unit that took over, stands by another key than its sender's.

private let ledgers = """
  schema: ledgers
  version: 1
  title: Ledgers
  units: office.code
  successor: successor
  records:
    office: {key: code, owner: city, fields: {code: , name: , successor: {references: office.code}}}
    ledger:
      key: [office, year]
      scope: {field: office}
      fields:
        office: {references: office.code}
        year: {type: integer}
        amount: {type: integer}
        phone: {restricted: true}
        code: {unique: true}
    firm: {key: id, owner: city, fields: {id: , name: }}
    share:
      key: [office, firm]
      scope: {field: office}
      fields: {office: {references: office.code}, firm: {references: firm.id}, phone: {restricted: true}}
  """

private func ledger(_ office: String) -> RowKey { RowKey([.text(office), .integer(2020)]) }

extension World {
  /// A's book for 2020 landed with B.
  fileprivate static func landed() async throws -> (World, Replica, Replica) {
    let offices: [[Value]] = ["A", "B"].map { [.text($0), .null, .null] }
    let world = try World(schema: ledgers, seed: [("office", offices)])
    let (a, b) = (try await world.join("A"), try await world.join("B"))
    try world.shell("UPDATE office SET successor = 'B' WHERE code = 'A'")
    try world.shell(a, "INSERT INTO ledger VALUES ('A', 2020, 5, 'PHONE-a', NULL)")
    try await world.settle()
    #expect(try b.rows(b.record("ledger")) == [[.text("B"), .integer(2020), .integer(5), .text("PHONE-a"), .null]])
    return (world, a, b)
  }

  /// B has taken over from A, and C from B, when A's book for 2020 comes; some have entered one of their own before.
  fileprivate static func chained(entering own: [String] = ["B"]) async throws -> World {
    let offices: [[Value]] = ["A", "B", "C"].map { [.text($0), .null, .null] }
    let world = try World(schema: ledgers, seed: [("office", offices)])
    let a = try await world.join("A")
    for office in ["B", "C"] {
      let replica = try await world.join(office)
      guard own.contains(office) else { continue }
      try world.shell(replica, "INSERT INTO ledger VALUES ('\(office)', 2020, 5, 'PHONE-\(office)', NULL)")
      try await world.sync(replica)
    }
    try world.shell(
      "UPDATE office SET successor = 'B' WHERE code = 'A'; UPDATE office SET successor = 'C' WHERE code = 'B'")
    try world.shell(a, "INSERT INTO ledger VALUES ('A', 2020, 5, 'PHONE-A', NULL)")
    try await world.settle()
    return world
  }

  fileprivate func eraseLedger(_ office: String) throws -> [RowKey] {
    clock.now += 1000
    return try master.erase(master.record("ledger"), key: ledger(office), reason: "asked for", actor: "li").map(\.key)
  }
}

@Test(arguments: ["A", "B"], [false, true])
func aRowThatLandedWithTheSuccessorIsErasedByEitherKey(office: String, isEditedThere: Bool) async throws {
  let (world, _, b) = try await World.landed()
  if isEditedThere {
    try world.shell(b, "UPDATE ledger SET amount = 6")
    try await world.settle()
  }
  #expect(try world.eraseLedger(office) == [ledger("A"), ledger("B")])
  try await world.settle()
  #expect(try world.master.row(world.master.record("ledger"), key: ledger("B"))?[3] == .null)
  #expect(try world.files(with: "PHONE-a") == [])
}

/// A has sent it before B took over, and it waited for a code of B's.
@Test(arguments: ["A", "B"]) func aRowThatWaitedBeforeItLandedIsErasedByEitherKey(office: String) async throws {
  let offices: [[Value]] = ["A", "B"].map { [.text($0), .null, .null] }
  let world = try World(schema: ledgers, seed: [("office", offices)])
  let (a, b) = (try await world.join("A"), try await world.join("B"))
  try world.shell(b, "INSERT INTO ledger VALUES ('B', 2019, 5, NULL, 'X')")
  try await world.sync(b)
  try world.shell(a, "INSERT INTO ledger VALUES ('A', 2020, 5, 'PHONE-A', 'X')")
  try await world.sync(a)
  try world.shell("UPDATE office SET successor = 'B' WHERE code = 'A'")
  try world.shell(b, "UPDATE ledger SET code = NULL")
  try await world.settle()
  #expect(try world.master.parked(waiting: false).map(\.state) == [.entered])
  #expect(try world.eraseLedger(office) == [ledger("A"), ledger("B")])
  try await world.settle()
  #expect(try world.master.row(world.master.record("ledger"), key: ledger("B"))?[3] == .null)
  #expect(try world.files(with: "PHONE-A") == [])
}

/// It went on to C; B has one of its own for that year, which is another one.
@Test(arguments: ["A", "C"]) func aRowThatLandedAtTheEndOfAChainIsErasedByEitherKey(office: String) async throws {
  let world = try await World.chained()
  #expect(try world.eraseLedger(office) == [ledger("A"), ledger("C")])
  try await world.settle()
  #expect(try world.files(with: "PHONE-A") == [] && world.files(with: "PHONE-B") != [])
  #expect(try world.eraseLedger("B") == [ledger("B")])
  try await world.settle()
  #expect(try world.files(with: "PHONE-B") == [])
}

/// C has entered one, too.
@Test func whichOfSeveralRowsHasLandedIsNotGuessed() async throws {
  let world = try await World.chained(entering: ["B", "C"])
  let failure = #expect(throws: Failure.self) { try world.eraseLedger("A") }
  #expect(failure?.kind == .data && failure?.message.en.contains("B,2020; C,2020") == true)
  #expect(try world.master.erasures() == [])
  #expect(try world.eraseLedger("C") == [ledger("A"), ledger("C")])
  try await world.settle()
  #expect(try world.files(with: "PHONE-A") == [] && world.files(with: "PHONE-C") == [])
}

/// By one key what stood there before is erased, too.
@Test(arguments: ["A", "B"])
func aRowThatLandedThoughOneStoodThereBeforeIsErasedByEitherKey(office: String) async throws {
  let offices: [[Value]] = ["A", "B"].map { [.text($0), .null, .null] }
  let world = try World(schema: ledgers, seed: [("office", offices)])
  let (a, _) = (try await world.join("A"), try await world.join("B"))
  try world.shell(a, "INSERT INTO ledger VALUES ('A', 2020, 5, 'PHONE-old', NULL)")
  try await world.settle()
  try world.shell(a, "DELETE FROM ledger")
  try await world.settle()
  try world.shell("UPDATE office SET successor = 'B' WHERE code = 'A'")
  try world.shell(a, "INSERT INTO ledger VALUES ('A', 2020, 5, 'PHONE-a', NULL)")
  try await world.settle()
  #expect(try world.eraseLedger(office) == [ledger("A"), ledger("B")])
  try await world.settle()
  #expect(try world.master.row(world.master.record("ledger"), key: ledger("B"))?[3] == .null)
  for word in ["PHONE-old", "PHONE-a"] { #expect(try world.files(with: word) == [], "\(word)") }
}

/// The firm that A's row names was merged into another one by then, of which A had not heard.
@Test(arguments: [["A", "f2"], ["B", "f1"]])
func aRowThatLandedAndNamesADuplicateIsErasedByEitherKey(named: [String]) async throws {
  let offices: [[Value]] = ["A", "B"].map { [.text($0), .null, .null] }
  let firms: [[Value]] = ["f1", "f2"].map { [.text($0), .null] }
  let world = try World(schema: ledgers, seed: [("office", offices), ("firm", firms)])
  let (a, b) = (try await world.join("A"), try await world.join("B"))
  func key(_ values: [String]) -> RowKey { RowKey(values.map(Value.text)) }
  _ = try world.master.mergeRecords(
    world.master.record("firm"), keep: key(["f1"]), duplicate: key(["f2"]), reason: "one firm", actor: "li")
  try world.shell("UPDATE office SET successor = 'B' WHERE code = 'A'")
  try world.shell(a, "INSERT INTO share VALUES ('A', 'f2', 'PHONE-a')")
  try await world.settle()
  #expect(try b.rows(b.record("share")) == [[.text("B"), .text("f1"), .text("PHONE-a")]])
  world.clock.now += 1000
  let erased = try world.master.erase(world.master.record("share"), key: key(named), reason: "asked for", actor: "li")
  #expect(erased.map(\.key) == [key(["A", "f2"]), key(["B", "f1"])])
  try await world.settle()
  #expect(try world.files(with: "PHONE-a") == [])
}

/// B has entered it by the key of a firm that was merged by then, and deleted it; then C took over, which has one of its own. Perhaps that
/// was so before, and was taken back.
@Test(arguments: ["f1", "f2"], [false, true])
func whatWasDeletedBeforeItsUnitWasTakenOverIsNotTheSuccessors(firm: String, wasTakenBack: Bool) async throws {
  let offices: [[Value]] = ["B", "C"].map { [.text($0), .null, .null] }
  let firms: [[Value]] = ["f1", "f2"].map { [.text($0), .null] }
  let world = try World(schema: ledgers, seed: [("office", offices), ("firm", firms)])
  let (b, c) = (try await world.join("B"), try await world.join("C"))
  func key(_ values: String...) -> RowKey { RowKey(values.map(Value.text)) }
  func erase(_ office: String, _ firm: String) throws -> [RowKey] {
    world.clock.now += 1000
    let share = try world.master.record("share")
    return try world.master.erase(share, key: key(office, firm), reason: "asked for", actor: "li").map(\.key)
  }
  for successor in wasTakenBack ? ["'C'", "NULL"] : [] {
    try world.shell("UPDATE office SET successor = \(successor) WHERE code = 'B'")
    try world.master.absorbNow()
  }
  _ = try world.master.mergeRecords(
    world.master.record("firm"), keep: key("f1"), duplicate: key("f2"), reason: "one firm", actor: "li")
  try world.shell(b, "INSERT INTO share VALUES ('B', 'f2', 'PHONE-B')")
  try await world.settle()
  try world.shell(b, "DELETE FROM share")
  try world.shell(c, "INSERT INTO share VALUES ('C', 'f1', 'PHONE-C')")
  try await world.settle()
  try world.shell("UPDATE office SET successor = 'C' WHERE code = 'B'")
  #expect(try erase("B", firm) == [key("B", "f1"), key("B", "f2")])
  try await world.settle()
  #expect(try world.files(with: "PHONE-B") == [] && world.files(with: "PHONE-C") != [])
  #expect(try erase("C", "f1") == [key("C", "f1")])
  try await world.settle()
  #expect(try world.files(with: "PHONE-C") == [])
}

/// A had one of its own, which it deleted before: that is another one.
@Test func aDeletedRowOfTheFormerUnitIsNotTheSuccessors() async throws {
  let offices: [[Value]] = ["A", "B"].map { [.text($0), .null, .null] }
  let world = try World(schema: ledgers, seed: [("office", offices)])
  for office in ["A", "B"] {
    let replica = try await world.join(office)
    try world.shell(replica, "INSERT INTO ledger VALUES ('\(office)', 2020, 5, 'PHONE-\(office)', NULL)")
    try await world.sync(replica)
  }
  try world.shell(world.replicas[0], "DELETE FROM ledger")
  try world.shell("UPDATE office SET successor = 'B' WHERE code = 'A'")
  try await world.settle()
  #expect(try world.eraseLedger("B") == [ledger("B")])
  try await world.settle()
  #expect(try world.files(with: "PHONE-B") == [] && world.files(with: "PHONE-A") != [])
  #expect(try world.eraseLedger("A") == [ledger("A")])
  try await world.settle()
  #expect(try world.files(with: "PHONE-A") == [])
}

/// A has entered one that waits, for B has its code: that is another one as long as it has not landed, and for good when its
/// clerk takes it back.
@Test(arguments: [false, true]) func aRowOfTheFormerUnitThatWaitsIsNotTheSuccessors(isTakenBack: Bool) async throws {
  let offices: [[Value]] = ["A", "B"].map { [.text($0), .null, .null] }
  let world = try World(schema: ledgers, seed: [("office", offices)])
  let (a, b) = (try await world.join("A"), try await world.join("B"))
  try world.shell(b, "INSERT INTO ledger VALUES ('B', 2019, 5, NULL, 'X'), ('B', 2020, 5, 'PHONE-B', NULL)")
  try await world.sync(b)
  try world.shell(a, "INSERT INTO ledger VALUES ('A', 2020, 5, 'PHONE-A', 'X')")
  try await world.sync(a)
  try world.shell("UPDATE office SET successor = 'B' WHERE code = 'A'")
  try await world.settle()
  #expect(try world.master.parked().map(\.reason) == ["unique"])
  if isTakenBack {
    let parked = try #require(try a.parked().first)
    try a.withdraw(parked.id, reason: "typed twice", actor: "wang")
    try await world.settle()
    #expect(try world.master.parked(waiting: false).map(\.state) == [.withdrawn])
  }
  #expect(try world.eraseLedger("B") == [ledger("B")])
  try await world.settle()
  #expect(try world.files(with: "PHONE-B") == [] && world.files(with: "PHONE-A") != [])
  #expect(try world.eraseLedger("A") == [ledger("A")])
  try await world.settle()
  #expect(try world.files(with: "PHONE-A") == [])
}
