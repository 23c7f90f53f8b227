import Foundation
import GRDB
import Master
import Replica
import SQLiteStore
import SyncCore
import TestSupport
import Testing

// An application has the file open, and makes tables and indexes with a collation and a function that only it has.

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
