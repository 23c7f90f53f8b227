import Master
import Replica
import SyncCore
import TestSupport
import Testing

// A row was entered by several of its keys by who has not heard that they are one, and is deleted before that is known.

extension World {
  /// The conflicts of the figure of 2021 of a firm.
  fileprivate func conflicts(of company: String) throws -> [Conflict] {
    let key = RowKey([.text(company), .integer(2021)])
    return try master.conflicts(Conflict.State.allCases).filter { $0.record == "figure" && $0.key == key }
  }
}

/// Nobody has used the key that is kept.
@Test(arguments: [false, true]) func aDeleteByOneOfTheKeysOfARowIsContested(deletesByEach: Bool) async throws {
  let (world, one, two) = try await standingDuplicate()
  try world.shell(one, "INSERT INTO company (id, office, code) VALUES ('a3', 'A', 'Z')")
  try await world.settle()
  for duplicate in ["a2", "a3"] { _ = try world.unite(duplicate, into: "a1") }
  try world.shell(two, "INSERT INTO figure (company, year, sales) VALUES ('a2', 2021, 9), ('a3', 2021, 9)")
  try two.freeze()
  try world.sendInVain(two)
  let figure = [Value.text("a1"), .integer(2021), .integer(9)]
  #expect(try world.figures().last == figure)
  try world.shell(two, "DELETE FROM figure WHERE year = 2021" + (deletesByEach ? "" : " AND company = 'a3'"))
  try await world.settle()
  #expect(try world.figures().filter { $0[1] == figure[1] } == (deletesByEach ? [] : [figure]))
  let conflicts = try world.conflicts(of: "a1")
  #expect(conflicts.map(\.state) == (deletesByEach ? [] : [.open]))
  #expect(conflicts.map { $0.contenders.map(\.deletes) } == (deletesByEach ? [] : [[true]]))
}

/// Whichever key comes first.
@Test(arguments: ["a1", "a2"]) func aRowThatIsDeletedByEachOfItsKeysGoes(kept: String) async throws {
  let (world, _, two) = try await standingDuplicate()
  _ = try world.unite(kept == "a1" ? "a2" : "a1", into: kept)
  try world.shell(two, "INSERT INTO figure (company, year, sales) VALUES ('a1', 2021, 9), ('a2', 2021, 9)")
  try two.freeze()
  try world.sendInVain(two)
  #expect(try world.figures().last == [.text(kept), .integer(2021), .integer(9)])
  try world.shell(two, "DELETE FROM figure WHERE year = 2021")
  try await world.settle()
  #expect(try world.figures().map { $0[1] } == [.integer(2018), .integer(2019)])
  #expect(try world.conflicts(of: kept).isEmpty)
}
