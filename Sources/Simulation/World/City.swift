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
  /// A server, and another one of the officials'.
  private var programs = Programs<Master>()
  /// What stands in its tables, as last looked at.
  var rows: Rows = [:]
  /// What every row was that ever stood there: a row finds its unit through a parent that is deleted.
  private(set) var last: Rows = [:]
  /// What policies have decided since it was looked at before.
  var decided: [PolicyDecision] = []
  /// When they decided last.
  var lastDecided = Stamp(raw: 0)
  /// When the last batch came.
  var received = Stamp(raw: 0)
  /// The events in which its program was killed at a write: what they left may go with the power, until a batch holds it.
  var unsure: [Int] = []

  var master: Master {
    get throws {
      guard let master = programs.current else { throw Violation(.defect, "the city is down") }
      return master
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
    programs.current = master
    try look()
  }

  /// From now on this program acts.
  func letAct(_ program: Int, seed: UInt64) throws {
    let limit = try master.pageLimit
    programs.acting = program
    if programs.current == nil { try open(random: SplitMix64(seed), limit) }
    // The other one may have made another version of the schema its own: whoever looks at anything sees that.
    try seat.opening { try master.read { _ in } }
  }

  func crash(random: SplitMix64) throws {
    let limit = try master.pageLimit
    try seat.crash { programs.stop() }
    try open(random: random, limit)
  }

  private func open(random: SplitMix64, _ limit: PageLimit) throws {
    let (clock, key) = (seat.clock, key)
    let master = try seat.opening {
      try Master.open(path: seat.path, key: key, clock: { clock.now }, readSchema: readSchema)
    }
    master.random = random
    master.pageLimit = limit
    programs.current = master
    if seat.isFull { try master.read { try Seat.limit($0, true) } }
  }

  /// The disk is lost, and a backup takes its place.
  func restore(from file: String, random: inout SplitMix64) throws {
    let limit = try master.pageLimit
    seat.isFull = false
    try seat.replace(with: [:]) { programs.stop() }
    let folders = try FileManager.default.contentsOfDirectory(
      atPath: URL(fileURLWithPath: seat.path).deletingLastPathComponent().path)
    for name in folders where ["snapshots", "staged", "answers"].contains(name) {
      try? FileManager.default.removeItem(
        at: URL(fileURLWithPath: seat.path).deletingLastPathComponent().appendingPathComponent(name))
    }
    let clock = seat.clock
    try seat.opening {
      _ = try Master.restore(
        from: file, into: seat.path, random: &random, clock: { clock.now }, readSchema: readSchema, keepKey: { _ in })
    }
    try open(random: SplitMix64(random.next()), limit)
  }

  /// The last batch in the log, and whether a tool made edits that none holds.
  func logEnd() throws -> (arrival: Int64, isDirty: Bool) {
    let master = try master
    return try master.read { db in
      let arrival = try db.integer("SELECT max(arrival) FROM sync_batch") ?? 0
      let isDirty = try master.schema.records.contains {
        try db.first("SELECT 1 FROM \(quoted("sync_base_\($0.name)")) LIMIT 1") != nil
      }
      return (arrival, isDirty)
    }
  }

  func fill(_ full: Bool) throws {
    seat.isFull = full
    for master in programs.all { try master.read { try Seat.limit($0, full) } }
  }

  func look() throws {
    let master = try master
    rows = try master.read { db in
      // In the same transaction, by statements of its own, and at rest: what the checkers read changes no fault.
      try seat.fuse.resting {
        try lookAtPolicies(db)
        try lookAtTime(db)
      }
      return try master.allRows(db)
    }
    last.merge(rows) { $1 }
  }

  /// Welcomes a machine with a code that is used at once.
  func enrol(_ org: String, _ key: SigningKey) throws -> ReplicaMeta {
    let code = try master.enrol(org: org).code
    guard let id = Identifier(sha256(key.publicKey.bytes).prefix(16)) else { throw EnvelopeError.notAMessage }
    let request = try EnrolRequest(code, replica: id, key: key).message(signedBy: key, milliseconds: seat.clock.now)
    let reply = try SealedEnvelope(master.welcome(request.bytes)[...])
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
      case .exchange: try exchange(packet.bytes)
      case .snapshot: try master.snapshot(packet.bytes)
      case .probe: try master.answer(packet.bytes)
      case .file(let id, let offset): try file(id, from: offset)
      }
    }
  }

  /// Half of the requests come as those that are big do: what follows the hello arrives ahead of it, in pieces, and is kept only for
  /// whom the city knows. Of whom it does not know all comes at once.
  private func exchange(_ bytes: [UInt8]) throws -> [UInt8] {
    if bytes.count.isMultiple(of: 2), let (_, rest, replica) = try? Resumption.parts(of: bytes), let replica,
      !rest.isEmpty
    {
      do { try master.checkStaged(Array(rest.prefix(Header.length)), of: replica) } catch let refusal as Refusal
        where refusal.code == .unknownReplica
      {}
    }
    return try master.exchange(bytes)
  }

  private func file(_ id: Identifier, from offset: Int) throws -> [UInt8] {
    guard let path = try master.snapshotFile(id) else { throw SnapshotGone() }
    return [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)).dropFirst(offset))
  }
}
