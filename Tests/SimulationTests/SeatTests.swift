import CSQLite
import Foundation
import Testing

@testable import Simulation

// What is left of a town that has gone would be used by whoever goes on in the same program.

private func place() -> URL {
  FileManager.default.temporaryDirectory.appendingPathComponent("seat-\(UUID().uuidString)")
}

/// Whoever closes a file may write to it. A disk that still has an open file stays.
@Test func aToolClosesItsFileBeforeItsDiskGoes() throws {
  let path = place().path
  defer { try? FileManager.default.removeItem(atPath: path) }
  #expect(FileManager.default.createFile(atPath: path, contents: nil))
  var seat: Seat? = Seat(path: path, clock: SimulatedClock(.init()))
  try seat?.shell(["CREATE TABLE t (x)"], foreignKeys: true)
  let name = try #require(seat?.disk.name)
  #expect(sqlite3_vfs_find(name) != nil)
  seat = nil
  #expect(sqlite3_vfs_find(name) == nil)
}

@Test func whoWaitsForAnAnswerGoesWithTheTown() throws {
  var town: Town? = try Town(seed: 1, folder: place())
  var random = SplitMix64(1)
  if let town { try town.send(town.machines[0], &random) }
  weak var errand = town?.machines[0].exchanges.first?.errand
  #expect(errand != nil)
  town = nil
  #expect(errand == nil)
}

/// SQL tells days as a number with a fraction, which is a little less than the millisecond as often as it is a little more.
@Test func aStampIsTheMillisecondOfTheClock() throws {
  let town = try Town(seed: 1, folder: place())
  let machine = town.machines[0]
  for step in 1...100 {
    town.time.now += Int64(step) * 137
    try machine.seat.shell(["UPDATE office SET name = '\(step)' WHERE code = 'A'"], foreignKeys: true)
    let stamp = try machine.replica.read { try $0.integer("SELECT max(sync_stamp) FROM sync_base_office") }
    #expect(stamp.map { $0 >> 16 } == machine.seat.clock.now)
  }
}
