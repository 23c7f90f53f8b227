import Foundation
import Master
import Replica
import SQLiteStore
import SyncCore
import Testing

extension World {
  /// The small application with the offices A and B.
  public static func small(schema: String = smallSchemaYAML) throws -> World {
    let offices: [[Value]] = ["A", "B"].map { [.text($0), .text("Office \($0)")] }
    return try World(schema: schema, seed: [("office", offices)])
  }

  /// Two machines of office A that both have the company c1.
  public static func twoMachines(schema: String = smallSchemaYAML) async throws -> (World, Replica, Replica) {
    let world = try World.small(schema: schema)
    let one = try await world.join("A", actor: "one")
    let two = try await world.join("A", actor: "two")
    try world.shell(
      one,
      """
      INSERT INTO company (id, office, name, phone, address, industry, first, peak, staff)
      VALUES ('c1', 'A', '甲', '1', 'x', 'i', 5, 5, 10)
      """)
    try await world.sync(one)
    try await world.sync(two)
    return (world, one, two)
  }

  /// Syncs everybody until nothing is under way, and expects that all are equal and nothing is left behind.
  public func settle(_ location: SourceLocation = #_sourceLocation) async throws {
    for _ in 1...2 { for replica in replicas { try await sync(replica) } }
    for replica in replicas {
      #expect(try differences(replica) == [], sourceLocation: location)
      #expect(try replica.status().pending == 0, sourceLocation: location)
      #expect(try replica.status().inFlight == 0, sourceLocation: location)
      #expect(try replica.leftovers() == [], sourceLocation: location)
      #expect(try replica.verify().map(\.en) == [], sourceLocation: location)
    }
    #expect(try master.verify().map(\.en) == [], sourceLocation: location)
    // What was erased cannot be contested again: only records that restrict nothing follow from the log whole.
    let differences = try master.erasures().isEmpty ? master.verifyReplay().map(\.en) : rowsThatDoNotFollow()
    #expect(differences == [], "\(differences)", sourceLocation: location)
  }

  /// The master's file as it is now, apart from it.
  public func copyOfMaster() throws -> Master {
    try master.absorbNow()
    let copy = folder.appendingPathComponent("\(UUID().uuidString).sqlite").path
    try shell("VACUUM INTO '\(copy)'")
    return try Master.open(path: copy, key: master.key, readSchema: readSchema)
  }

  /// A cell of the master's company.
  public func cell(_ field: String, of id: String = "c1") throws -> Value? {
    let record = try master.record("company")
    return try master.row(record, key: RowKey([.text(id)])).flatMap { row in record.index(of: field).map { row[$0] } }
  }
}

extension Replica {
  /// Rows of the tables that a clean replica leaves empty (I8: metadata on a clean replica does not grow with its rows).
  public func leftovers() throws -> [String] {
    let tables =
      ["sync_flight", "sync_applying"]
      + schema.records.flatMap { ["sync_base_\($0.name)", "sync_upstream_\($0.name)"] }
    return try read { db in
      try tables.filter { try db.integer("SELECT count(*) FROM \(quoted($0))") != 0 }
    }
  }
}

extension World {
  /// The rows of records that a replay of the log gives otherwise.
  private func rowsThatDoNotFollow() throws -> [String] {
    let replay = try master.replayed()
    let whole = master.schema.records.filter { $0.fields.allSatisfy { !$0.restricted } }
    return try whole.filter { try master.rows($0) != replay.rows($0) }.map(\.name)
  }
}

extension Replica {
  /// Takes up what was parked of a row, as `county edit` does.
  public func takeUp(_ name: String, _ id: String, _ values: [String: Value]) throws -> Bool {
    let record = try record(name)
    let cells = values.map { (record.index(of: $0.key) ?? 0, $0.value) }
    return try edit(as: nil) { db in
      try takeUp(db, record, key: RowKey([.text(id)]), Dictionary(uniqueKeysWithValues: cells))
    }
  }
}
