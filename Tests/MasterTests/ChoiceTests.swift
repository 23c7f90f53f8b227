import Master
import Replica
import SQLiteStore
import SyncCore
import TestSupport
import Testing

// Some choices of a field are for the city to set: a county moves a row among its own, the city publishes it.

private func schema(edits: String, decides: String = "city") -> String {
  """
  schema: choices
  version: 1
  title: Choices
  units: office.code
  records:
    office:
      key: code
      owner: city
      fields: {code: , name: }
    paper:
      key: id
      scope: {field: office}
      edits: \(edits)
      decides: \(decides)
      fields:
        id:
        office: {required: true, references: office.code}
        title:
        state:
          required: true
          values:
            draft: {zh: 草稿, en: Draft}
            ready: {zh: 待审, en: Ready}
            returned: {zh: 退回, en: Returned}
            published: {zh: 公布, en: Published, owner: city}
  """
}

/// One machine of A with a draft 1 and a published paper 2.
private func papers(edits: String = "reject", decides: String = "city") async throws -> (World, Replica) {
  let offices: [[Value]] = ["A", "B"].map { [.text($0), .null] }
  let world = try World(schema: schema(edits: edits, decides: decides), seed: [("office", offices)])
  let a = try await world.join("A")
  try world.shell(a, "INSERT INTO paper VALUES ('1', 'A', 't', 'draft'), ('2', 'A', 't', 'ready')")
  try await world.settle()
  try world.shell("UPDATE paper SET state = 'published' WHERE id = '2'")
  try await world.settle()
  return (world, a)
}

private func words(_ value: Value) -> String { if case .text(let text) = value { text } else { "\(value)" } }

extension World {
  /// Title and state of the master's row.
  fileprivate func paper(_ id: String) throws -> [String]? {
    try master.row(master.record("paper"), key: RowKey([.text(id)])).map { $0[2...].map(words) }
  }
}

extension Replica {
  fileprivate func set(_ id: String, _ state: String) throws {
    let paper = try record("paper")
    try edit(as: nil) { try update($0, paper, key: RowKey([.text(id)]), [3: .text(state)]) }
  }
}

@Test func aCountyMovesARowAmongItsOwnChoices() async throws {
  let (world, a) = try await papers()
  try a.set("1", "ready")
  try await world.settle()
  #expect(try world.paper("1") == ["t", "ready"])
  #expect(try world.master.conflicts(Conflict.State.allCases).isEmpty)
}

@Test func whatOnlyTheCitySetsIsRejectedFromACounty() async throws {
  let (world, a) = try await papers()
  // A shell asks nobody.
  try world.shell(a, "UPDATE paper SET state = 'published', title = 'u' WHERE id = '1'")
  try world.shell(a, "UPDATE paper SET state = 'draft' WHERE id = '2'")
  let summary = try await world.sync(a)
  #expect(summary.received.rejected == 2)
  try await world.settle()
  #expect(try world.paper("1") == ["u", "draft"])
  #expect(try world.paper("2") == ["t", "published"])
  let kept = try world.master.conflicts([.rejected]).map { $0.contenders.map { words($0.value) } }
  #expect(kept == [["published"], ["draft"]])
}

@Test func whatOnlyTheCitySetsBecomesAProposal() async throws {
  let (world, a) = try await papers(edits: "propose")
  try a.set("1", "published")
  try await world.settle()
  #expect(try world.paper("1") == ["t", "draft"])
  let proposal = try #require(try world.master.conflicts([.proposed]).first)
  _ = try world.master.decide(proposal.id, .take(1), reason: "r", actor: "li")
  try await world.settle()
  #expect(try a.rows(a.record("paper")).map { words($0[3]) } == ["published", "published"])
}

@Test func aCountyThatHasNotSeenThePublicationChangesNothing() async throws {
  let (world, a) = try await papers()
  try world.shell("UPDATE paper SET state = 'published' WHERE id = '1'")
  try a.set("1", "ready")
  try await world.settle()
  #expect(try world.paper("1") == ["t", "published"])
  #expect(try world.master.conflicts([.rejected]).map { words($0.master) } == ["published"])
}

@Test func anInsertWithAChoiceOfTheCitysIsParkedWhole() async throws {
  let (world, a) = try await papers()
  try world.shell(a, "INSERT INTO paper VALUES ('3', 'A', 't', 'published')")
  try await world.settle()
  let parked = try #require(try a.parked().first)
  #expect(parked.reason == "owner")
  #expect(parked.detail.en == "state: “Published” is for the city to set")
  #expect(try world.paper("3") == nil)
}

@Test func theReplicaRefusesEarlyWhatIsTheCitys() async throws {
  let (_, a) = try await papers()
  for (id, state) in [("1", "published"), ("2", "ready")] {
    let failure = try #require(throws: Failure.self) { try a.set(id, state) }
    #expect(failure.kind == .notAllowed)
    #expect(failure.message.en.hasPrefix("paper \(id): state: “Published” is for the city"), "\(failure.message.en)")
    #expect(failure.message.zh.contains("「公布」只能由市里"), "\(failure.message.zh)")
  }
  let paper = try a.record("paper")
  #expect(throws: Failure.self) {
    try a.edit(as: nil) { _ = try a.insert($0, paper, [0: .text("4"), 2: .text("t"), 3: .text("published")]) }
  }
  #expect(try a.status().pending == 0)
}

@Test func anOwnersDecisionSetsNothingThatIsTheCitys() async throws {
  let (world, one) = try await papers(decides: "owner")
  let two = try await world.join("A", actor: "two")
  try one.set("1", "ready")
  try two.set("1", "returned")
  try await world.settle()
  let conflict = try #require(try one.conflicts([.open]).first)
  try one.decide(
    Decision(
      conflict: conflict.id, choice: .value, value: .text("published"), reason: "r",
      edit: Edit(stamp: Stamp(raw: 0), actor: "wang"), version: conflict.version))
  let summary = try await world.sync(one)
  let refused = summary.received.news.contains { news in
    if case .refused(let decision, _) = news { decision.conflict == conflict.id } else { false }
  }
  #expect(refused)
  try await world.settle()
  #expect(try world.paper("1") == ["t", "ready"])
  #expect(try world.master.conflicts([.open]).map(\.id) == [conflict.id])
}
