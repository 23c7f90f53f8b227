import Master
import Replica
import SyncCore
import TestSupport
import Testing

// What is rehearsed: a city that loses its disk.

/// Three counties, a lively log, a backup in its middle.
struct Drill {
  let world: World
  let one, two, b: Replica
  var late: Replica?

  init() async throws {
    world = try World.small()
    one = try await world.join("A", actor: "one")
    two = try await world.join("A", actor: "two")
    b = try await world.join("B", actor: "b")
  }

  /// A company that everybody has, and a backup of that.
  static func backedUp() async throws -> (Drill, backup: String) {
    let drill = try await Drill()
    try drill.company("c1", "A", on: drill.one)
    try await drill.world.settle()
    return (drill, try drill.world.backup())
  }

  /// The same, and a machine that was enrolled after it and has entered a company.
  static func enrolledAfterBackup(_ office: String) async throws -> (Drill, backup: String, late: Replica) {
    let (drill, file) = try await backedUp()
    let late = try await drill.world.join(office, actor: "late")
    try drill.company("l1", office, on: late)
    try await drill.world.sync(late)
    return (drill, file, late)
  }

  /// The city is restored, and goes on without what the machine `two` knows.
  func restoreWithoutTwo(from backup: String) async throws {
    try world.restore(from: backup)
    for replica in [one, b] { _ = try await world.giveBack(replica) }
    try world.master.release(reason: "away", actor: "li")
  }

  func company(_ id: String, _ office: String, on replica: Replica) throws {
    try world.shell(
      replica, "INSERT INTO company (id, office, name, phone, staff) VALUES ('\(id)', '\(office)', 'n', '1', 1)")
  }

  /// Each machine edits what it has seen of the last one.
  func chain(_ round: Int) async throws {
    for (replica, name) in [(one, "one"), (two, "two")] {
      try await world.sync(replica)
      try world.shell(replica, "UPDATE company SET name = name || '-\(name)\(round)' WHERE id = 'c1'")
      try await world.sync(replica)
    }
    try world.shell(b, "UPDATE company SET staff = \(round) WHERE id = 'b1'")
    try await world.sync(b)
  }

  /// Both machines of A contest a cell, and an official decides.
  func contest(_ round: Int) async throws {
    for replica in [one, two] { try await world.sync(replica) }
    try world.shell(one, "UPDATE company SET staff = \(round * 2) WHERE id = 'c1'")
    try world.shell(two, "UPDATE company SET staff = \(round * 2 + 1) WHERE id = 'c1'")
    for replica in [one, two] { try await world.sync(replica) }
    let open = try #require(try world.master.conflicts([.open]).first { $0.field == "staff" })
    _ = try world.master.decide(open.id, .take(1), reason: "papers", actor: "li")
    for replica in [one, two] { try await world.sync(replica) }
  }
}
