import Master
import Replica
import SyncCore
import TestSupport
import Testing

// A firm that stands twice.

private let duplicateSchema =
  smallSchemaYAML + "\n" + """
      visit:
        key: id
        scope: {via: company}
        fields:
          id: {type: text}
          company: {type: text, required: true, references: company.id}
          note: {type: text}
    """

/// - Parameters:
///   - notesAreLatest: of two notes the later one counts.
///   - changes: texts of the schema that are others.
func duplicateTown(notesAreLatest: Bool = false, _ changes: [String: String] = [:]) throws -> World {
  let offices: [[Value]] = ["A", "B"].map { [.text($0), .text("Office \($0)")] }
  let note = "note: {type: text\(notesAreLatest ? ", policy: latest" : "")}"
  var schema = duplicateSchema.replacing("note: {type: text}", with: note)
  for (old, new) in changes { schema = schema.replacing(old, with: new) }
  return try World(schema: schema, seed: [("office", offices)])
}

extension World {
  func unite(_ duplicate: String, into keep: String) throws -> [Conflict] {
    try master.mergeRecords(
      master.record("company"), keep: RowKey([.text(keep)]), duplicate: RowKey([.text(duplicate)]), reason: "one firm",
      actor: "li"
    ).conflicts
  }

  /// The company, year and sales of every figure.
  func figures() throws -> [[Value]] {
    try master.rows(master.record("figure")).map { Array($0[0...2]) }
  }

  func contenders(_ conflicts: [Conflict]) -> [String: Value] {
    Dictionary(
      conflicts.compactMap { conflict in
        conflict.field.flatMap { field in conflict.contenders.last.map { (field, $0.value) } }
      }, uniquingKeysWith: { $1 })
  }
}

/// A machine of A and one of B; B's record of the firm is parked with what hangs on it.

func parkedDuplicate() async throws -> (World, Replica, Replica) {
  let world = try duplicateTown()
  let a = try await world.join("A")
  let b = try await world.join("B")
  try world.shell(
    a,
    """
    INSERT INTO company (id, office, code, name) VALUES ('a1', 'A', 'X', '甲');
    INSERT INTO figure (company, year, sales) VALUES ('a1', 2018, 1)
    """)
  try await world.sync(a)
  try world.shell(
    b,
    """
    INSERT INTO company (id, office, code, name, staff) VALUES ('b1', 'B', 'X', '乙', 5);
    INSERT INTO figure (company, year, sales) VALUES ('b1', 2018, 2), ('b1', 2019, 3);
    INSERT INTO visit VALUES ('v1', 'b1', 'seen')
    """)
  try await world.sync(b)
  return (world, a, b)
}

func standingDuplicate(
  notesAreLatest: Bool = false, _ changes: [String: String] = [:]
) async throws -> (World, Replica, Replica) {
  let world = try duplicateTown(notesAreLatest: notesAreLatest, changes)
  let one = try await world.join("A", actor: "one")
  let two = try await world.join("A", actor: "two")
  try world.shell(
    one,
    """
    INSERT INTO company (id, office, code, name, staff) VALUES ('a1', 'A', 'X', '甲', NULL), ('a2', 'A', 'Y', '乙', 5);
    INSERT INTO figure (company, year, sales) VALUES ('a1', 2018, 1), ('a2', 2018, 2), ('a2', 2019, 3);
    INSERT INTO visit VALUES ('v1', 'a2', 'seen')
    """)
  try await world.settle()
  return (world, one, two)
}
