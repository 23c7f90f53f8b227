import Foundation
import GRDB
import Master
import Replica
import SQLiteStore
import SyncCore
import TestSupport
import Testing

// An application has the file open, and makes tables, indexes and triggers with a collation and a function that only it has.

extension World {
  fileprivate func application(_ path: String, _ sql: String) throws {
    var configuration = Configuration()
    configuration.prepareDatabase { db in
      db.add(collation: DatabaseCollation("pinyin") { $0.compare($1) })
      db.add(function: DatabaseFunction("initial", argumentCount: 1, pure: true) { $0[0] })
    }
    try DatabaseQueue(path: path, configuration: configuration).write { try $0.execute(sql: sql) }
  }
}

@Test(arguments: [
  ("CREATE TABLE app (name TEXT COLLATE pinyin)", "app"),
  ("CREATE TABLE app (name); CREATE INDEX app_by_name ON app (name COLLATE pinyin)", "app_by_name"),
  ("CREATE TABLE app (name); CREATE INDEX app_by_name ON app (initial(name))", "app_by_name"),
])
func aTableThatNeedsWhatOnlyItsProgramHasStopsNothing(sql: String, name: String) async throws {
  let (world, one, two) = try await World.twoOfficers()
  for path in [one.path, world.master.path] { try world.application(path, sql) }
  try world.erase()
  #expect(try world.master.holdsOldPages())
  for _ in 1...2 { try await world.sync(one) }
  #expect(try one.holdsOldPages())
  for told in [try one.verify().map(\.en), try world.master.verify().map(\.en)] {
    #expect(told.count == 1 && told[0].hasPrefix("\(name) of another program needs what these programs lack (no such "))
  }
  let file = try world.backup()
  // Once it is gone, so is what was erased.
  for path in [one.path, world.master.path] { try world.shell(path, "DROP TABLE app") }
  one.tidy()
  try world.master.tidy()
  #expect(try !one.holdsOldPages() && !world.master.holdsOldPages())
  try await world.sync(two)
  for word in erasableWords { #expect(try world.files(with: word).allSatisfy { file.hasSuffix($0) }, "\(word)") }
  // The backup is whole.
  try world.restore(from: file)
  try await world.giveBack([one, two, one, two])
  #expect(try world.master.recovery()?.isRecovering == false)
  try world.shell("DROP TABLE app")
  try await world.settle()
  #expect(try world.person("name") == .text("已删除"))
}

@Test func anIndexThatNeedsWhatOnlyItsProgramHasStopsTheSync() async throws {
  let (world, one, _) = try await World.twoOfficers()
  try world.application(one.path, "CREATE INDEX mine ON person (note COLLATE pinyin)")
  let failure = await #expect(throws: Failure.self) { try await world.sync(one) }
  #expect(failure?.kind == .data)
  #expect(failure?.message.en.contains("the index mine of another program on person needs what") == true)
  #expect(try one.verify().map(\.en) == [failure?.message.en ?? ""])
  try world.shell(one, "DROP INDEX mine; CREATE INDEX mine ON person (lower(note)) WHERE note COLLATE NOCASE > 'a'")
  try await world.settle()
}

private let failing = [
  """
  CREATE TABLE search (x);
  CREATE TRIGGER mine AFTER INSERT ON person BEGIN INSERT INTO search VALUES (initial(new.note)); END
  """,
  """
  CREATE VIRTUAL TABLE search USING fts5(x);
  CREATE TRIGGER mine AFTER UPDATE OF note ON person BEGIN INSERT INTO search VALUES (new.note); END
  """,
  """
  CREATE TABLE search (x);
  CREATE TRIGGER mine AFTER DELETE ON person BEGIN DELETE FROM search WHERE x = old.id; END;
  DROP TABLE search
  """,
]
private let told = "person: a trigger of another program (mine) uses what these programs lack or do not allow ("

@Test(arguments: failing) func aTriggerThatUsesWhatTheseProgramsLackStopsTheSync(sql: String) async throws {
  let (world, one, two) = try await World.twoOfficers()
  try world.application(one.path, sql)
  let failure = await #expect(throws: Failure.self) { try await world.sync(one) }
  #expect(failure?.kind == .data && failure?.message.en.hasPrefix(told) == true)
  #expect(try one.verify().map(\.en) == [failure?.message.en ?? ""])
  // What it is to do instead.
  try world.shell(
    one,
    """
    DROP TRIGGER mine; DROP TABLE IF EXISTS search; CREATE TABLE noted (id);
    CREATE TRIGGER mine AFTER INSERT ON person BEGIN INSERT INTO noted VALUES (new.id); END
    """)
  try world.shell(two, "INSERT INTO person (id, office, name, note) VALUES ('p2', 'A', 'NAME-two', 'n')")
  for replica in [two, one] { try await world.sync(replica) }
  #expect(try one.read { try $0.first("SELECT group_concat(id) FROM noted") } == [.text("p2")])
  try await world.settle()
}

@Test func anEditThatATriggerHindersNamesIt() async throws {
  let (world, one, _) = try await World.twoOfficers()
  try world.application(one.path, failing[1])
  let (person, key) = (try one.record("person"), RowKey([.text("p1")]))
  let note = try #require(person.index(of: "note"))
  let failure = #expect(throws: Failure.self) {
    try one.edit(as: "li") { try one.update($0, person, key: key, [note: .text("m")]) }
  }
  #expect(failure?.kind == .data && failure?.message.en.hasPrefix(told) == true)
}

/// The repair names it once the tables are as they should be.
@Test func aTriggerThatUsesWhatTheseProgramsLackStopsTheRepair() async throws {
  let (world, one, _) = try await World.twoOfficers()
  try world.application(one.path, failing[1])
  try world.shell(one, "DROP TABLE sync_base_person")
  let failure = #expect(throws: Failure.self) { try one.repair() }
  #expect(failure?.kind == .data && failure?.message.en.hasPrefix(told) == true)
  try world.shell(one, "DROP TRIGGER mine; DROP TABLE search")
  #expect(try !one.repair().isEmpty)
  try one.refuseAlteredObjects()
}

@Test func aTriggerInTheMasterThatUsesWhatTheseProgramsLackStopsTheCity() async throws {
  let (world, one, _) = try await World.twoOfficers()
  try world.application(world.master.path, failing[1])
  try world.shell(one, "UPDATE person SET note = 'm' WHERE id = 'p1'")
  let failure = await #expect(throws: Failure.self) { try await world.sync(one) }
  #expect(failure?.kind == .data && failure?.message.en.hasPrefix(told) == true)
  #expect(try world.master.verify().contains { $0.en == failure?.message.en })
  // A repair names it, too, once the tables are as they should be.
  try world.behind(world.master.path, "UPDATE person SET phone = 'unseen' WHERE id = 'p1'")
  try world.shell("DROP TABLE sync_base_person")
  let repair = #expect(throws: Failure.self) { try world.master.repair(adopting: false, actor: "li") }
  #expect(repair == failure)
  try world.shell("DROP TRIGGER mine; DROP TABLE search")
  #expect(try world.master.repair(adopting: false, actor: "li").unlogged.count == 1)
  try await world.settle()
  #expect(try world.person("note") == .text("m") && world.person("phone") == .text("PHONE-one"))
}
