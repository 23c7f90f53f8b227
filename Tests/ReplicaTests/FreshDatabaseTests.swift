import Foundation
import SQLiteStore
import SyncCore
import Testing

@Suite struct FreshDatabaseTests {
  private let folder = FileManager.default.temporaryDirectory.appendingPathComponent("fresh-\(UUID().uuidString)")
  private var path: String { folder.appendingPathComponent("replica.sqlite").path }

  init() throws { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) }

  private func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() }

  @Test func aFileHasItsNameOnlyWhenItIsWhole() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let fresh = try FreshDatabase(path)
    try fresh.database.durably(path) { try $0.execute(sql: "CREATE TABLE t (a); INSERT INTO t VALUES (7)") }
    #expect(try !names().contains("replica.sqlite"))
    let database = try fresh.finish()
    #expect(try database.read { try $0.integer("SELECT a FROM t") } == 7)
    try database.close()
    #expect(try names() == ["replica.sqlite"])
  }

  @Test func whatAnInterruptionLeftIsReplaced() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let fresh = try FreshDatabase(path)
    try fresh.database.durably(path) { try $0.execute(sql: "CREATE TABLE old (a); INSERT INTO old VALUES (1)") }
    // The files as they are at this moment, as if the program had ended here.
    let left = try names().map { ($0, try Data(contentsOf: folder.appendingPathComponent($0))) }
    try fresh.finish().close()
    try FileManager.default.removeItem(atPath: path)
    for (name, bytes) in left { try bytes.write(to: folder.appendingPathComponent(name)) }
    #expect(left.contains { $0.0.hasSuffix("-wal") && !$0.1.isEmpty })

    let again = try FreshDatabase(path)
    #expect(try again.database.read { try $0.integer("SELECT count(*) FROM sqlite_master") } == 0)
    try again.finish().close()
    #expect(try names() == ["replica.sqlite"])
  }

  @Test func theLogOfADeletedFileIsNoPartOfTheNewOne() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let old = try FreshDatabase(path).finish()
    try old.durably(path) { try $0.execute(sql: "CREATE TABLE old (a)") }
    let log = try Data(contentsOf: URL(fileURLWithPath: path + "-wal"))
    #expect(!log.isEmpty)
    try old.close()
    try FileManager.default.removeItem(atPath: path)
    try log.write(to: URL(fileURLWithPath: path + "-wal"))
    let database = try FreshDatabase(path).finish()
    #expect(try database.read { try $0.integer("SELECT count(*) FROM sqlite_master") } == 0)
    try database.close()
  }

  /// A sync has written more than one step by then.
  @Test func whoFindsNoRoomIsToldThatOneStepWasTakenBack() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let database = try FreshDatabase(path).finish()
    try database.durably(path) { try $0.execute(sql: "CREATE TABLE t (a); PRAGMA max_page_count = 8") }
    let failure = #expect(throws: Failure.self) {
      try database.durably(path) { try $0.execute(sql: "INSERT INTO t VALUES (zeroblob(100000))") }
    }
    #expect(failure?.kind == .disk)
    #expect(failure?.message.en.contains("what was being written to \(path) was taken back") == true)
    #expect(try database.read { try $0.integer("SELECT count(*) FROM t") } == 0)
    try database.close()
  }

  @Test func twoProgramsDoNotMakeOneFile() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let first = try FreshDatabase(path)
    #expect(throws: Failure.self) { try FreshDatabase(path) }
    try first.finish().close()
    // Nor does a later one write over it.
    #expect(throws: Failure.self) { try FreshDatabase(path) }
    #expect(try names() == ["replica.sqlite"])
  }
}
