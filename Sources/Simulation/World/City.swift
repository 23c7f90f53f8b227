import Foundation
import GRDB
import Master
import Replica
import SQLiteStore
import SchemaFile
import SyncClient
import SyncCore
import SyncProtocol

/// The city's machine: the master and its file.
final class City {
  let key: SigningKey
  let seat: Seat
  private var running: Master?
  /// What stands in its tables, as last looked at.
  var rows: Rows = [:]

  var master: Master {
    get throws {
      guard let running else { throw Violation(.defect, "the city is down") }
      return running
    }
  }

  init(seat: Seat, key: SigningKey, schema: Schema, seed rows: [(record: String, rows: [[Value]])], random: SplitMix64)
    throws
  {
    (self.seat, self.key) = (seat, key)
    let clock = seat.clock
    let master = try seat.opening {
      try Master.create(
        path: seat.path, key: key, schema: schema, schemaText: try SchemaFile.canonicalJSON(schema), seed: rows,
        actor: "official", clock: { clock.now }, random: random, readSchema: readSchema)
    }
    running = master
    self.rows = try master.allRows()
  }

  func crash(random: SplitMix64) throws {
    let limit = try master.pageLimit
    try seat.crash { running = nil }
    let clock = seat.clock
    let master = try seat.opening {
      try Master.open(path: seat.path, key: key, clock: { clock.now }, readSchema: readSchema)
    }
    master.random = random
    master.pageLimit = limit
    running = master
    if seat.isFull { try fill(true) }
  }

  func fill(_ full: Bool) throws {
    seat.isFull = full
    try master.read { try Seat.limit($0, full) }
  }

  func look() throws { rows = try master.allRows() }

  /// Welcomes a machine with a code that is used at once.
  func enrol(_ org: String, _ key: SigningKey) throws -> ReplicaMeta {
    let code = try master.enrol(org: org).code
    guard let id = Identifier(sha256(key.publicKey.bytes).prefix(16)) else { throw EnvelopeError.notAMessage }
    let header = Header(
      kind: .enrol, replica: id, epoch: .city, number: 0, cursor: 0, stamp: Stamp(milliseconds: seat.clock.now),
      schema: Array(repeating: 0, count: 32))
    let request = try JSONEncoder().encode(try EnrolRequest(code, replica: id, key: key))
    let reply = try SealedEnvelope(master.welcome(Envelope(header, body: [UInt8](request), key: key).bytes)[...])
    let verified = try reply.open(with: self.key.publicKey)
    let welcome = try JSONDecoder().decode(Welcome.self, from: Data(verified.body))
    return ReplicaMeta(
      replica: id, org: welcome.org, epoch: verified.header.epoch, cityKey: self.key.publicKey.bytes,
      cityAgreementKey: [UInt8](hex: welcome.agreementKey) ?? [], server: "simulated", schemaText: welcome.schema)
  }

  /// What the city's server answers.
  func answer(_ packet: Network.Packet) throws -> [UInt8] {
    try seat.opening {
      switch packet.kind {
      case .exchange: try master.exchange(packet.bytes)
      case .snapshot: try master.snapshot(packet.bytes)
      case .probe: try master.answer(packet.bytes)
      case .file(let id, let offset): try file(id, from: offset)
      }
    }
  }

  private func file(_ id: Identifier, from offset: Int) throws -> [UInt8] {
    guard let path = try master.snapshotFile(id) else { throw SnapshotGone() }
    return [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)).dropFirst(offset))
  }
}
