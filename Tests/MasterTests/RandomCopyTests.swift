import Foundation
import Master
import Replica
import SQLiteStore
import SyncCore
import SyncProtocol
import TestSupport
import Testing

// Files are copied, lost and put back at random while everybody edits: nothing is lost or counted twice.

@Test(arguments: 1...8) func whateverIsCopiedNothingIsLostOrCountedTwice(_ seed: UInt64) async throws {
  var random = Seeded(state: seed)
  let (world, one) = try await World.counted()
  _ = try await world.join("A", actor: "two")
  try await world.sync(one)
  // What the sum must be in the end: every addition that was made in a file that was not lost, or that the city had.
  var expected: Int64 = 10
  var edit = 0
  for _ in 1...40 {
    let replica = world.replicas[Int.random(in: 0..<world.replicas.count, using: &random)]
    switch Int.random(in: 0..<8, using: &random) {
    case 0...2:
      edit += 1
      expected += 1
      // No two edits have the same stamp.
      try replica.edit(as: "clerk \(edit)") { db in
        try db.execute(sql: "UPDATE company SET total = total + 1, name = '\(edit)'")
      }
    case 3: try replica.freeze()
    case 4:
      try replica.freeze()
      try? world.sendInVain(replica)
    case 5: try await syncOrRejoin(world, replica)
    case 6 where world.replicas.count < 5:
      // Both files go on; what the copy holds unsent is there twice from now on, under two ids.
      try await syncOrRejoin(world, replica)
      world.add(try world.copy(of: replica))
    case 7: _ = try world.rejoin(replica)
    default: break
    }
  }
  for _ in 1...3 { for replica in world.replicas { try await syncOrRejoin(world, replica) } }
  try await world.settle()
  #expect(try world.cell("total") == .integer(expected))
  for replica in world.replicas {
    #expect(try replica.rows(replica.record("company")).first?[4] == .integer(expected))
  }
}

/// As a clerk does who follows what the program says.
private func syncOrRejoin(_ world: World, _ replica: Replica) async throws {
  do { try await world.sync(replica) } catch let failure as Failure where failure.kind == .protocolViolation {
    #expect(failure.message.en.contains("county rejoin"))
    try await world.sync(try world.rejoin(replica))
  }
}
