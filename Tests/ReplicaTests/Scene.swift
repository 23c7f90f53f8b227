import Replica
import SyncCore
import TestSupport
import Testing

/// A touched cell seen from outside: two machines share company c1, whose staff is 5. This clerk edits it; the other one
/// did so before and has synced.
struct Scene {
  let world: World
  let here: Replica
  let there: Replica

  init(_ local: String, _ remote: String) async throws {
    (world, here) = try await World.settled()
    there = try await world.join("A", actor: "wang")
    try world.shell(there, remote)
    try await world.sync(there)
    try world.shell(here, local)
  }

  var company: RecordSchema { get throws { try here.record("company") } }
  func staff() throws -> Value? { try here.cell("company", "c1", "staff") }
  func revert(_ name: String = "company", _ key: Value...) throws {
    try here.revert(here.record(name), key: RowKey(key.isEmpty ? [.text("c1")] : key))
  }

  /// `field base→current (upstream)` for each touched cell.
  func diff() throws -> [String] {
    try here.diff().map { entry in
      guard let field = entry.field else { return "\(entry.kind) \(text(entry.ref.key.values.first))" }
      return "\(field) \(text(entry.base))→\(text(entry.current)) (\(text(entry.upstream)))"
    }
  }

  /// Both machines and the master are equal, and nothing is pending.
  func settle() async throws {
    for replica in [here, there, here] { try await world.sync(replica) }
    for replica in [here, there] {
      #expect(try world.differences(replica) == [])
      #expect(try replica.pending() == [])
      #expect(try replica.integer("SELECT count(*) FROM sync_upstream_company") == 0)
      #expect(try replica.integer("SELECT count(*) FROM sync_flight") == 0)
    }
  }
}

let edit20 = "UPDATE company SET staff = 20 WHERE id = 'c1'"
let edit15 = "UPDATE company SET staff = 15, name = '丙' WHERE id = 'c1'"
