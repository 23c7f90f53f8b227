import Foundation
import Master
import Replica
import SQLiteStore
import SchemaFile
import SyncClient
import SyncCore
import SyncProtocol

/// Enrols machines as `county init` does, and looks afterwards at what arrived.
struct Crew: Sendable {
  let master: Master
  let url: String
  let folder: String

  /// How many enrol at once.
  private static let atOnce = 8
  private static let readSchema: ReadSchema = { try SchemaFile.parse(canonicalJSON: $0) }

  /// Each has sent a row of its own when this returns.
  func enrol(_ count: Int, units: [String]) async throws -> [Machine] {
    try await withThrowingTaskGroup(of: Machine.self) { group in
      // All codes first: this process need not write to the city's file while the server does.
      let codes = try (0..<count).map { try master.enrol(org: units[$0 % units.count]).code }
      var machines: [Machine] = []
      for (number, code) in codes.enumerated() {
        if number >= Self.atOnce, let machine = try await group.next() { machines.append(machine) }
        group.addTask { try await enrol(number, code) }
      }
      return try await group.reduce(into: machines) { $0.append($1) }
    }
  }

  private func enrol(_ number: Int, _ code: EnrolmentCode) async throws -> Machine {
    let key = SigningKey()
    let transport = HTTPTransport(server: url)
    let meta = try await Join.enrol(server: url, code: code, key: key, transport: transport, clock: systemClock)
    let replica = try Replica.create(
      path: "\(folder)/load\(number).sqlite", key: key, meta: meta,
      schema: Self.readSchema(meta.schemaText), actor: "clerk", readSchema: Self.readSchema)
    let client = SyncClient(replica, transport: transport)
    _ = try await client.sync()
    let record = try replica.record(Machine.record)
    let row: [String: Value] = [
      "id": .text("load-\(number)"), "county": .text(meta.org), "name": .text("连云港第\(number)科技有限公司"),
      Machine.edited: .integer(0),
    ]
    let rowKey = try replica.edit(as: "clerk") { db in try replica.insert(db, record, row.byColumn(record)) }
    _ = try await client.sync()
    return Machine(number: number, replica: replica, client: client, key: rowKey)
  }

  /// Syncs every machine once more, and counts those whose row at the city is not as it is on the machine.
  static func lost(_ machines: [Machine], _ master: Master) async -> Int {
    var lost = 0
    for machine in machines {
      do {
        _ = try await machine.client.sync()
        if try machine.value(in: machine.replica) != machine.value(in: master) { lost += 1 }
      } catch { lost += 1 }
    }
    return lost
  }
}
