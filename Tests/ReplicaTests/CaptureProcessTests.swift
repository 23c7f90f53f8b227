import Foundation
import GRDB
import Replica
import SQLiteStore
import SyncCore
import TestSupport
import Testing

// Real processes on the same file.

@Test func twoShellsAtOnceLoseNothing() async throws {
  let (world, replica) = try await World.settled()
  let programs = try ["x", "y"].map { name in
    let rows = (1...200).map { "INSERT INTO company (id, office) VALUES ('\(name)\($0)', 'A');" }
    let script = world.folder.appendingPathComponent("\(name).sql")
    try ([".timeout 30000", ".bail on"] + rows).joined(separator: "\n").write(
      to: script, atomically: true, encoding: .utf8)
    return try Program(["sqlite3", replica.path, ".read \(script.path)"])
  }
  for program in programs { #expect(program.wait().status == 0) }
  let changes = try replica.pendingChanges()
  #expect(changes.count == 400)
  #expect(Set(changes.map(\.edit.stamp)).count == 400)
  #expect(try await world.sync(replica).pushed == 400)
  #expect(try world.differences(replica) == [])
}

@Test func aKilledWriterLosesOnlyWhatItDidNotCommit() async throws {
  let (world, replica) = try await World.settled()
  let script = """
    import sqlite3, sys
    db = sqlite3.connect(sys.argv[1], timeout=30, isolation_level=None)
    for n in range(10**9):
      db.execute("BEGIN IMMEDIATE")
      db.execute("INSERT INTO figure VALUES ('c1', ?, ?, NULL)", (3000 + n, n))
      db.execute("COMMIT")
    """
  let python = try Program(["python3", "-c", script, replica.path])
  while try python.isRunning && (replica.integer("SELECT count(*) FROM figure") ?? 0) < 50 { usleep(1000) }
  python.kill()
  #expect(python.wait().status == SIGKILL)
  let rows = try #require(try replica.integer("SELECT count(*) FROM figure"))
  #expect(rows >= 50)
  #expect(try replica.pending().count == Int(rows) - 1)
  #expect(try replica.verify() == [])
  try await world.sync(replica)
  #expect(try world.differences(replica) == [])
}

@Test func pythonIsCapturedExactly() async throws {
  let (world, replica) = try await World.settled()
  let script = """
    import sqlite3, sys
    db = sqlite3.connect(sys.argv[1])
    db.execute("UPDATE company SET name = ?, staff = ? WHERE id = 'c1'", ("é\u{301}", 2**62 + 1))
    db.executemany("INSERT INTO figure VALUES (?, ?, ?, ?)", [("c2", y, y, "") for y in (1, 2)])
    db.commit()
    db.execute("DELETE FROM company")
    """
  #expect(try Program(["python3", "-c", script, replica.path]).wait().status == 0)
  #expect(
    try replica.pending() == [
      "~ company c1 name 甲→é\u{301}, staff 5→4611686018427387905", "+ figure c2,1 sales=1 note=''",
      "+ figure c2,2 sales=2 note=''",
    ])
  try await world.sync(replica)
  #expect(try world.differences(replica) == [])
}

@Test func aToolMustNameTheKey() async throws {
  let world = try World(
    schema:
      "schema: k\nversion: 1\ntitle: K\nrecords:\n  item:\n    key: id\n    fields:\n      id: {type: integer}\n      name:\n"
  )
  let replica = try await world.join("A")
  #expect(throws: DatabaseError.self) { try world.shell(replica, "INSERT INTO item (name) VALUES ('x')") }
  #expect(throws: DatabaseError.self) { try world.shell(replica, "INSERT INTO item VALUES (NULL, 'x')") }
  try world.shell(replica, "INSERT INTO item VALUES (9223372036854775807, 'x')")
  #expect(throws: DatabaseError.self) { try world.shell(replica, "INSERT OR REPLACE INTO item VALUES (NULL, 'y')") }
  #expect(try replica.pending() == ["+ item 9223372036854775807 name=x"])
}
