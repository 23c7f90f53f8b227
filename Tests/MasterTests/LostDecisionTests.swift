import Master
import Replica
import SyncCore
import TestSupport
import Testing

/// A county has decided offline when the city loses its disk. What its clerk looked at is lost, and the city has another value by its
/// number and version.
@Test(arguments: [Decision.Choice.take, .keep])
func aDecisionForAValueThatIsLostIsRefused(choice: Decision.Choice) async throws {
  let yaml = smallSchemaYAML.replacing("edits: propose", with: "edits: propose\n    decides: owner")
  let world = try World.small(schema: yaml)
  let one = try await world.join("A", actor: "one")
  let two = try await world.join("A", actor: "two")
  let three = try await world.join("A", actor: "three")
  func name(_ name: String, by replica: Replica) async throws {
    try world.shell(replica, "UPDATE company SET name = '\(name)' WHERE id = 'c1'")
    try await world.sync(replica)
  }
  try world.shell(one, "INSERT INTO company (id, office, name) VALUES ('c1', 'A', '甲')")
  try await world.settle()
  try world.shell(two, "UPDATE company SET name = '丙' WHERE id = 'c1'")
  try await name("乙", by: one)
  try await world.settle()
  let file = try world.backup()
  let first = try #require(try world.master.conflicts([.open]).first)
  if choice == .take {
    try await name("己", by: two)
  } else {
    _ = try world.master.decide(first.id, .take(1), reason: "r", actor: "li")
    _ = try world.master.reopen(first.id, reason: "new papers", actor: "li")
  }
  try await world.sync(one)
  let seen = try #require(try one.conflicts([.open]).first)
  try one.decide(
    Decision(
      conflict: seen.id, choice: choice, contender: choice == .take ? 2 : nil, reason: "licence",
      edit: Edit(stamp: Stamp(raw: 0), actor: "wang")))
  world.lose(two)
  try world.shell(one, "DELETE FROM sync_inbox")
  try world.restore(from: file)
  try await world.giveBack([one, three])
  try world.master.release(reason: "the machine is lost", actor: "li")
  for value in choice == .take ? ["庚"] : ["庚", "辛"] { try await name(value, by: three) }
  let open = try #require(try world.master.conflicts([.open]).first)
  #expect(open.version == seen.version && open.subject == seen.subject && open != seen)
  let news = try await world.sync(one).received.news
  guard case .refused(let decision, _)? = news.first else { return #expect(Bool(false), "\(news)") }
  #expect(decision.conflict == open.id)
  #expect(try world.master.conflicts([.open]) == [open])
  #expect(try world.cell("name") == .text("乙"))
  try await world.settle()
}
