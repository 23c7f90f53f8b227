import Replica
import SyncCore
import TestSupport
import Testing

// Rows that refer to each other, of which edits cannot be sent.

private let schema = """
  schema: nodes
  version: 1
  units: office.code
  records:
    office: {key: code, owner: city, fields: {code: }}
    node:
      key: id
      scope: all
      fields:
        id:
        office: {required: true, references: office.code}
        code: {unique: true}
        parent: {references: node.id}
        successor: {references: node.id}
        serial: {type: uuid}
  """

/// A serial number with which a row cannot be sent.
private let capitals = "0000000E-0000-4000-8000-000000000001"

/// Nodes of the city's: n1 refers to itself, r1 and r2 to each other.
private func nodes() async throws -> (World, Replica) {
  let world = try World(schema: schema, seed: [("office", [[.text("A")], [.text("B")]])])
  let (a, _) = (try await world.join("A"), try await world.join("A"))
  try world.shell(
    """
    INSERT INTO node (id, office, code, parent, successor) VALUES
      ('n1', 'A', 'K1', 'n1', NULL), ('n2', 'A', NULL, NULL, NULL),
      ('r1', 'A', 'K2', 'r2', NULL), ('r2', 'A', NULL, NULL, 'r1')
    """)
  try await world.settle()
  return (world, a)
}

extension Replica {
  fileprivate func nodes() throws -> [Value] { try rows(record("node")).map { $0[0] } }
}

/// What refers to itself, or to each other, goes once.
@Test(arguments: [["n1"], ["r1", "r2"]]) func rowsThatReferToThemselvesAreSetAside(ids: [String]) async throws {
  let (world, a) = try await nodes()
  let list = ids.map { "'\($0)'" }.joined(separator: ", ")
  try world.shell(a, "UPDATE node SET serial = '\(capitals)' WHERE id IN (\(list))")
  try world.shell("DELETE FROM node WHERE id IN (\(list))")
  try await world.sync(a)
  #expect(try a.nodes().count == 4)
  try world.shell("UPDATE node SET code = '\(ids.count == 1 ? "K1" : "K2")' WHERE id = 'n2'")
  try await world.settle()
  #expect(try Set(a.parked().map(\.ref.key)) == Set(ids.map { RowKey([.text($0)]) }))
  #expect(try a.nodes().count == 4 - ids.count)
}

/// Only its own reference would be set aside with a held row: what it refers to stays until it refers to it no more.
@Test func aRowStaysForAHeldOneWhoseReferenceIsNotEdited() async throws {
  let (world, a) = try await nodes()
  try world.shell("INSERT INTO node (id, office, code, parent) VALUES ('t', 'A', 'K3', NULL), ('s', 'A', 'K4', 't')")
  try await world.settle()
  try world.shell(
    a,
    """
    UPDATE node SET serial = '\(capitals)' WHERE id IN ('s', 't');
    UPDATE node SET parent = NULL, code = 'K7' WHERE id = 's'
    """)
  try world.shell("UPDATE node SET parent = 'n2', code = 'K5' WHERE id = 's'; DELETE FROM node WHERE id = 't'")
  try await world.sync(a)
  // As they were, but for the serial number of one; another has the code that it is to have.
  try world.shell(
    a,
    """
    UPDATE node SET serial = NULL WHERE id = 't';
    UPDATE node SET parent = 't', code = 'K4' WHERE id = 's';
    INSERT INTO node (id, office, code, serial) VALUES ('n9', 'A', 'K5', '\(capitals)')
    """)
  try await world.sync(a)
  #expect(try a.nodes().contains(.text("t")) && a.parked().isEmpty)
  try world.shell(a, "UPDATE node SET serial = NULL WHERE id IN ('n9', 's')")
  try await world.settle()
  #expect(try a.nodes() == ["n1", "n2", "r1", "r2", "s"].map { Value.text($0) })
  #expect(try a.parked().map(\.ref.key) == [RowKey([.text("n9")])])
}

/// Its edit is not set aside for its own sake when something else is.
@Test func anEditOfADeletedRowThatRefersToItselfStays() async throws {
  let (world, a) = try await nodes()
  try world.shell(
    a,
    """
    UPDATE node SET serial = '\(capitals)' WHERE id = 'n1';
    INSERT INTO node (id, office, code, serial) VALUES ('n9', 'A', 'K9', '\(capitals)')
    """)
  try world.shell("DELETE FROM node WHERE id = 'n1'; UPDATE node SET code = 'K9' WHERE id = 'n2'")
  try await world.sync(a)
  #expect(try a.parked().map(\.ref.key) == [RowKey([.text("n9")])])
  #expect(try a.diff().map(\.ref.key) == [RowKey([.text("n1")])])
}

@Test func aRowThatRefersToItselfIsRevertedAndDeleted() async throws {
  let (world, a) = try await nodes()
  let record = try a.record("node")
  try world.shell(a, "INSERT INTO node (id, office, parent) VALUES ('n5', 'A', 'n5')")
  try a.revert(record, key: RowKey([.text("n5")]))
  try a.edit(as: nil) { try a.delete($0, record, key: RowKey([.text("n1")])) }
  try await world.settle()
  #expect(try a.nodes() == [.text("n2"), .text("r1"), .text("r2")])
}

/// Nodes of the city's: e1 and e2 are of c0.
private func hanging() async throws -> (World, Replica) {
  let (world, a) = try await nodes()
  try world.shell(
    """
    INSERT INTO node (id, office, code, parent) VALUES
      ('c0', 'A', NULL, NULL), ('c1', 'A', NULL, NULL), ('c2', 'A', NULL, NULL), ('e1', 'A', 'K3', 'c0'),
      ('e2', 'A', 'K4', 'c0')
    """)
  try await world.settle()
  return (world, a)
}

/// What makes room for an edit that is set aside with its parent is planned as it is after that.
@Test func aHeldEditThatTakesItsCodeBackFromAnotherIsSetAsideWithIt() async throws {
  let (world, a) = try await hanging()
  try world.shell(
    a,
    """
    UPDATE node SET parent = 'c1', code = NULL, serial = '\(capitals)' WHERE id = 'e1';
    UPDATE node SET code = 'K3', serial = '\(capitals)' WHERE id = 'e2'
    """)
  try world.shell("DELETE FROM node WHERE id = 'c1'; UPDATE node SET parent = 'c2' WHERE id = 'e2'")
  try await world.settle()
  let aside = try a.parked().map(\.ref.key)
  #expect(aside.count == 2 && Set(aside) == [RowKey([.text("e1")]), RowKey([.text("e2")])])
}

@Test func aHeldEditOfARowThatTheCityEditsIsSetAsideOnceWithItsParent() async throws {
  let (world, a) = try await hanging()
  try world.shell(a, "UPDATE node SET parent = 'c1', serial = '\(capitals)' WHERE id = 'e1'")
  try world.shell("DELETE FROM node WHERE id = 'c1'; UPDATE node SET code = 'K5' WHERE id = 'e1'")
  try await world.settle()
  #expect(try a.parked().map(\.ref.key) == [RowKey([.text("e1")])])
}

/// It refers again to what was deleted here, which another row of the city's keeps from being deleted at the city.
@Test func aParentOfWhatIsSetAsideThatWasDeletedIsBack() async throws {
  let (world, a) = try await hanging()
  try world.shell(
    a,
    "UPDATE node SET parent = 'c1', serial = '\(capitals)' WHERE id = 'e1'; DELETE FROM node WHERE id = 'c0'")
  try world.shell("DELETE FROM node WHERE id = 'c1'")
  let news = try await world.sync(a).received.news
  #expect(news.count == 2)
  #expect(try a.parked().map(\.ref.key) == [RowKey([.text("e1")])])
  #expect(try a.nodes().contains(.text("c0")))
  try await world.settle()
  let conflicts = try world.master.conflicts([.open])
  #expect(conflicts.map(\.key) == [RowKey([.text("c0")])])
  #expect(conflicts.flatMap(\.contenders).map(\.deletes) == [true])
}

/// A row that is out of the table for a moment, so that another may have its code, was not deleted.
@Test func aParentThatMakesRoomIsNotToBeDeleted() async throws {
  let (world, a) = try await hanging()
  try world.shell("INSERT INTO node (id, office, code, parent) VALUES ('e3', 'A', 'K5', 'e2')")
  try await world.settle()
  try world.shell(
    a,
    """
    UPDATE node SET serial = '\(capitals)', code = NULL WHERE id IN ('e2', 'e3');
    UPDATE node SET code = 'K4' WHERE id = 'e3';
    UPDATE node SET code = 'K5', office = 'B', parent = 'c1', successor = 'c2' WHERE id = 'e2'
    """)
  try world.shell("UPDATE node SET code = 'K6' WHERE id = 'e3'; UPDATE node SET code = 'K5' WHERE id = 'n2'")
  try await world.settle()
  #expect(try Set(a.parked().map(\.ref.key)) == [RowKey([.text("e2")]), RowKey([.text("e3")])])
  #expect(try world.master.conflicts([.open]).isEmpty)
}
