import GRDB
import Replica
import SQLiteStore
import SyncCore
import TestSupport
import Testing

// A row is written by the columns that differ, and whole when there are more kinds of updates than statements are kept.

@Test func everySetOfColumnsIsWrittenAsItIs() async throws {
  let (_, replica) = try await World.settled()
  let record = try #require(replica.schema.record("company"))
  let columns = (2..<record.fields.count).map { $0 }
  let key = RowKey([.text("c1")])
  try replica.edit(as: nil) { db in
    let writer = try RowWriter(db, record)
    // More sets than are kept: 2 to the ninth.
    for set in 1..<512 {
      let before = try #require(try record.row(db, key: key))
      var after = before
      for (place, column) in columns.enumerated() where set >> place & 1 == 1 {
        after[column] = other(before[column], record.fields[column])
      }
      try writer.update(key, from: before, to: after)
      #expect(try record.row(db, key: key) == after)
    }
  }
}

@Test func textThatIsNotUTF8IsMovedOnAsItIs() async throws {
  let (_, replica) = try await World.settled()
  let record = try #require(replica.schema.record("company"))
  let key = RowKey([.text("c1")])
  let name = try #require(record.index(of: "name"))
  try replica.edit(as: nil) { db in
    let before = try #require(try record.row(db, key: key))
    var after = before
    after[name] = .blob([0xff])
    try RowWriter(db, record).update(key, from: before, to: after)
    #expect(
      try db.first("SELECT typeof(name), hex(name) FROM company WHERE id = 'c1'") == [.text("text"), .text("FF")])
  }
}

@Test func whatAReadWritesIsTakenBack() async throws {
  let (_, replica) = try await World.settled()
  let count = { try replica.read { try $0.integer("SELECT count(*) FROM company") } }
  let before = try count()
  try replica.read { try $0.run("INSERT INTO company (id, office) VALUES ('c9', 'A')") }
  #expect(try count() == before)
  #expect(try replica.pending() == [])
}

/// Another value that the field may hold.
private func other(_ value: Value, _ field: Field) -> Value {
  switch (value, field.kind.storage) {
  case (.null, "INTEGER"): .integer(1)
  case (.null, _): .text("一")
  case (.integer(let number), _): number == 1 ? .null : .integer(1)
  default: .null
  }
}
