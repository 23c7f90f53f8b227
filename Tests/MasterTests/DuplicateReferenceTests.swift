import Master
import Replica
import SyncCore
import TestSupport
import Testing

// What names one of two rows that become one.

/// B's clerk moves a visit to the duplicate, where it waits; then the city gives the visit's firm to A.
@Test func aMergeLetsNothingIntoARowThatAnotherUnitHasByNow() async throws {
  let world = try duplicateTown()
  let a = try await world.join("A")
  let b = try await world.join("B")
  try world.shell(a, "INSERT INTO company (id, office, code) VALUES ('a1', 'A', 'X')")
  try world.shell(
    b, "INSERT INTO company (id, office, code) VALUES ('c1', 'B', 'Z'); INSERT INTO visit VALUES ('w1', 'c1', 'old')")
  try await world.settle()
  try world.shell(
    b,
    """
    INSERT INTO company (id, office, code) VALUES ('b1', 'B', 'X'); INSERT INTO visit VALUES ('w2', 'b1', 'new');
    UPDATE visit SET company = 'b1', note = 'new' WHERE id = 'w1'
    """)
  try await world.sync(b)
  #expect(try world.master.parked().map(\.reason).sorted() == ["reference", "reference", "unique"])
  try world.shell("UPDATE company SET office = 'A' WHERE id = 'c1'")
  try await world.sync(a)
  _ = try world.unite("b1", into: "a1")
  let visits: [[Value]] = [["w1", "c1", "old"], ["w2", "a1", "new"]].map { $0.map(Value.text) }
  #expect(try world.master.rows(world.master.record("visit")) == visits)
  #expect(try world.master.parked().map(\.reason) == ["scope"])
  try await world.settle()
  #expect(try a.rows(a.record("visit")) == visits)
}

/// A's clerk edits a firm that the city has given to B, and that is found to be another one of B's.
@Test func anEditOfTheDuplicateThatIsOutOfScopeGoesOnWaiting() async throws {
  let world = try duplicateTown()
  let (a, b) = (try await world.join("A"), try await world.join("B"))
  try world.shell(a, "INSERT INTO company (id, office, name, staff) VALUES ('a2', 'A', '甲', 5)")
  try world.shell(b, "INSERT INTO company (id, office, name) VALUES ('a1', 'B', '甲')")
  try await world.settle()
  try world.shell("UPDATE company SET office = 'B' WHERE id = 'a2'")
  try world.shell(a, "UPDATE company SET name = '甲公司', staff = 50 WHERE id = 'a2'")
  try await world.sync(a)
  #expect(try world.master.parked().map(\.reason) == ["scope"])
  #expect(try world.unite("a2", into: "a1").isEmpty)
  #expect(try world.cell("name", of: "a1") == .text("甲") && world.cell("staff", of: "a1") == .integer(5))
  try await world.settle()
  let parked = try #require(try world.master.parked().first)
  #expect(try parked.reason == "scope" && a.parked().count == 1)
  // Admitted, it finds the row that was kept.
  try world.master.admit([parked.id], reason: "licence", actor: "li")
  try await world.settle()
  #expect(try b.rows(b.record("company")).map { [$0[0], $0[3]] } == [[.text("a1"), .text("甲公司")]])
  #expect(try world.cell("staff", of: "a1") == .integer(50) && world.master.parked().isEmpty)
}

/// An official has marked the one as merged into the other before, whichever way round.
@Test(arguments: ["a1", "a2"]) func whatNamedTheOtherOfTwoRowsThatAreOneNamesNothing(named: String) async throws {
  let grade = "grade: {type: text, owner: city}"
  let other = "other: {type: text, references: company.id, weak: true, owner: city}"
  let (world, one, _) = try await standingDuplicate([grade: "\(grade)\n      \(other)"])
  try world.shell("UPDATE company SET other = '\(named)' WHERE id <> '\(named)'")
  try await world.settle()
  _ = try world.unite("a2", into: "a1")
  #expect(try world.cell("other", of: "a1") == .null)
  try await world.settle()
  #expect(try one.rows(one.record("company")).map { $0[0] } == [.text("a1")])
}

/// Firms that may name another one, which is the county's to say.
private let naming: [String: String] = {
  let grade = "grade: {type: text, owner: city}"
  return [grade: "\(grade)\n      other: {type: text, references: company.id, weak: true}"]
}()

/// The row that is kept names the duplicate, and that a third one.
@Test func whatNamedTheDuplicateNamesWhatThatOneNamed() async throws {
  let (world, one, _) = try await standingDuplicate(naming)
  try world.shell(
    one,
    """
    INSERT INTO company (id, office) VALUES ('a3', 'A');
    UPDATE company SET other = 'a2' WHERE id = 'a1';
    UPDATE company SET other = 'a3' WHERE id = 'a2'
    """)
  try await world.settle()
  _ = try world.unite("a2", into: "a1")
  #expect(try world.cell("other", of: "a1") == .text("a3"))
  #expect(try !world.master.conflicts([.open]).compactMap(\.field).contains("other"))
  try await world.settle()
}

/// A clerk enters a firm once more, which is to belong to the one that is there.
@Test func aParkedDuplicateThatNamesTheRowThatIsKeptNamesNothing() async throws {
  let world = try duplicateTown(naming)
  let one = try await world.join("A", actor: "one")
  let two = try await world.join("A", actor: "two")
  try world.shell(one, "INSERT INTO company (id, office) VALUES ('a1', 'A')")
  try await world.settle()
  try world.shell(one, "UPDATE company SET code = 'X'")
  try await world.sync(one)
  try world.shell(two, "INSERT INTO company (id, office, code, name, other) VALUES ('a2', 'A', 'X', '甲', 'a1')")
  try await world.sync(two)
  #expect(try world.master.parked().map(\.reason) == ["unique"])
  _ = try world.unite("a2", into: "a1")
  #expect(try world.cell("other", of: "a1") == .null && world.cell("name", of: "a1") == .text("甲"))
  try await world.settle()
  #expect(try two.rows(two.record("company")).map { $0[0] } == [.text("a1")])
}

/// - Parameter named: what somebody lets the other one name, not knowing that the two are one.
@Test(arguments: ["a1", "a2"])
func aLateEditThatNamesTheOtherOfTwoRowsThatAreOneNamesNothing(named: String) async throws {
  let (world, _, two) = try await standingDuplicate(naming)
  _ = try world.unite("a2", into: "a1")
  try world.shell(two, "UPDATE company SET other = '\(named)', peak = 7 WHERE id <> '\(named)'")
  try await world.settle()
  #expect(try world.cell("other", of: "a1") == .null && world.cell("peak", of: "a1") == .integer(7))
}

/// What somebody wants in a contested cell was a row of its own when they entered it.
@Test(arguments: [false, true])
func aContenderThatNamesADuplicateNamesTheRowThatIsKept(isCountys: Bool) async throws {
  let scope = "scope: {via: company}"
  let world = try duplicateTown([scope: "\(scope)\n    decides: owner"])
  let one = try await world.join("A", actor: "one")
  let two = try await world.join("A", actor: "two")
  try world.shell(
    one,
    """
    INSERT INTO company (id, office) VALUES ('a1', 'A'), ('a2', 'A'), ('a3', 'A');
    INSERT INTO visit VALUES ('v1', 'a3', 'n')
    """)
  try await world.settle()
  try world.shell(one, "UPDATE visit SET company = 'a1'")
  try world.shell(two, "UPDATE visit SET company = 'a2'")
  try await world.settle()
  let conflict = try #require(try world.master.conflicts([.open]).first)
  #expect(conflict.contenders.map(\.value) == [.text("a2")])
  #expect(try world.unite("a2", into: "a3").isEmpty)
  if isCountys {
    try two.decide(
      Decision(
        conflict: conflict.id, choice: .take, contender: 1, reason: "moved",
        edit: Edit(stamp: Stamp(raw: 0), actor: "two"), version: conflict.version))
  } else {
    _ = try world.master.decide(conflict.id, .take(1), reason: "moved", actor: "li", version: conflict.version)
  }
  try await world.settle()
  #expect(try two.rows(two.record("visit")) == [["v1", "a3", "n"].map(Value.text)])
  #expect(try two.conflicts([.decided]).compactMap(\.decision?.value) == [.text("a3")])
}
