import Foundation
import GRDB
import Replica
import SQLiteStore
import SchemaFile
import SyncClient
import SyncCore
import SyncProtocol

/// A county's machine: its file, and where it stands in an exchange. The exchange is the production session, one step at a
/// time, so that anything may happen between two steps.
final class Machine {
  let index: Int
  let org: String
  private(set) var key: SigningKey
  /// The one under which it is about to rejoin.
  private var nextKey: SigningKey?
  let seat: Seat
  private var programs = Programs<Replica>()
  /// What is under way: at most one exchange of each program.
  private(set) var exchanges: [Exchange] = []
  /// Answers that came, for a network that mixes them up.
  var answers: [[UInt8]] = []
  var isWithdrawn = false
  /// Its file is an old copy, or somebody else has a copy of it: it may be refused as a fork.
  var isCopy = false
  /// The machine whose file it began with.
  let origin: Int
  /// The city has refused it as a fork.
  var isFork = false
  /// It goes on under another id than the one it began with.
  private(set) var hasRejoined = false
  /// The city had lost whom it had enrolled, and a code brought it back.
  var wasUnknown = false
  /// The events in which its program was killed at a write: what they left may go with the power, until something leaves.
  var unsure: [Int] = []
  /// What stands in its tables, as last looked at.
  var rows: Rows = [:]
  /// The batches of its file, as last read, by their messages.
  private var sent: [[UInt8]: Batch] = [:]

  var name: String { "\(org)\(index)" }
  var replica: Replica {
    get throws {
      guard let replica = programs.current else { throw Violation(.defect, "machine \(name) is down") }
      return replica
    }
  }

  struct Exchange {
    var errand: Errand<SyncSummary>
    /// Which exchange of the town it is.
    var number: Int
    /// As whom it was begun.
    var identity: Identifier
    /// How many questions it has asked.
    var asked = 0
  }

  init(_ index: Int, _ org: String, key: SigningKey, seat: Seat, meta: ReplicaMeta, seed: UInt64) throws {
    (self.index, self.org, self.key, self.seat, origin) = (index, org, key, seat, index)
    let clock = seat.clock
    let replica = try seat.opening {
      try Replica.create(
        path: seat.path, key: key, meta: meta, schema: try readSchema(meta.schemaText), actor: "clerk\(index)",
        clock: { clock.now }, readSchema: readSchema)
    }
    replica.random = SplitMix64(seed)
    programs.current = replica
    rows = try replica.allRows()
  }

  /// From now on this program acts.
  func letAct(_ program: Int, seed: UInt64) throws {
    programs.acting = program
    if programs.current == nil { try open(seed: seed) }
  }

  /// Another machine that uses a copy of a file.
  init(_ index: Int, copying other: Machine, seat: Seat, seed: UInt64) throws {
    (self.index, org, key, self.seat, origin) = (index, other.org, other.key, seat, other.origin)
    hasRejoined = other.hasRejoined
    isCopy = true
    try open(seed: seed)
    rows = try replica.allRows()
  }

  /// The file goes on under a key of its own.
  /// - Parameters:
  ///   - code: the city has lost whom it had enrolled, or the key is lost.
  ///   - isKeyLost: whether the former key is there no more.
  func rejoin(as key: SigningKey, code: EnrolmentCode? = nil, isKeyLost: Bool = false) throws {
    nextKey = key
    let clock = seat.clock
    let former =
      try isKeyLost
      ? seat.opening {
        try Replica.open(path: seat.path, successor: key, clock: { clock.now }, readSchema: readSchema)
      } : replica
    former.random = try self.replica.random
    let replica = try former.rejoin(as: key, code: code)
    programs.stop()
    programs.current = replica
    settle(on: key)
  }

  private func settle(on key: SigningKey) {
    (self.key, nextKey, isCopy, isFork, hasRejoined) = (key, nil, false, false, true)
  }

  /// The machine goes down and comes up again.
  func crash(seed: UInt64) throws {
    giveUp()
    try seat.crash { programs.stop() }
    try open(seed: seed)
  }

  /// The file is replaced by an old copy of it.
  func putBack(_ copy: [String: Data], seed: UInt64) throws {
    giveUp()
    try seat.replace(with: copy) { programs.stop() }
    isCopy = true
    try open(seed: seed)
  }

  private func open(seed: UInt64) throws {
    let clock = seat.clock
    let open = { [seat] (key: SigningKey) in
      try seat.opening { try Replica.open(path: seat.path, key: key, clock: { clock.now }, readSchema: readSchema) }
    }
    let replica: Replica
    do {
      replica = try open(key)
      nextKey = nil
    } catch {
      // It died when it had rejoined already.
      guard let next = nextKey else { throw error }
      replica = try open(next)
      settle(on: next)
    }
    replica.random = SplitMix64(seed)
    programs.current = replica
    if seat.isFull { try replica.read { try Seat.limit($0, true) } }
  }

  /// - Parameter full: from now on the file may not grow; false: again it may.
  func fill(_ full: Bool) throws {
    seat.isFull = full
    for replica in programs.all { try replica.read { try Seat.limit($0, full) } }
  }

  func look() throws { rows = try replica.allRows() }

  /// What it has frozen, as far as its file still has it.
  func batches() throws -> [Batch] {
    let replica = try replica
    let known = sent
    sent = [:]
    for batch in try replica.outbox() { sent[batch.message] = try known[batch.message] ?? Self.batch(batch, replica) }
    return sent.values.sorted { $0.number < $1.number }
  }

  private static func batch(_ batch: OutboxBatch, _ replica: Replica) throws -> Batch? {
    guard let message = try SealedEnvelope.split(batch.message).first else { return nil }
    let body = try message.unverifiedBody()
    let schema = try replica.read { try SchemaTable.find($0, message.header.schema) } ?? replica.schema
    let changes = try SyncProtocol.Batch(body, schema: schema).changes
    return Batch(
      number: batch.number, hash: message.hash, body: sha256(body),
      changes: Dictionary(changes.map { ($0.ref, $0) }) { _, last in last })
  }

  struct Batch {
    var number: Int64
    var hash: [UInt8]
    /// The SHA-256 of its body, which stays when the file rejoins.
    var body: [UInt8]
    /// What it says of rows.
    var changes: [RowRef: Change]
  }
}

// One exchange: the client's own loop, from one question to the next.
extension Machine {
  /// What one request carries at most: little, so that several are needed at times.
  static let mostSent = 4000

  enum Step {
    case ask(SimulatedLine.Question)
    case done(SyncSummary)
  }

  /// - Parameter besides: another program has begun one, and goes on with it.
  func begin(number: Int, besides: Bool = false) throws -> Step {
    giveUp(allBut: besides ? 1 : 0)
    let line = SimulatedLine()
    let replica = try replica
    let client = SyncClient(replica, transport: line, mostSent: Self.mostSent)
    let exchange = Exchange(errand: Errand(line), number: number, identity: replica.identity.replica)
    exchanges.append(exchange)
    return try seat.opening {
      exchange.errand.begin { try await client.sync() }
      return try step(exchange)
    }
  }

  /// One that is under way.
  func exchange(_ number: Int) -> Exchange? { exchanges.first { $0.number == number } }

  /// Takes an answer, or what the city says instead. Whatever it throws ends the exchange.
  func take(_ answer: Result<[UInt8], any Error>, in number: Int) throws -> Step? {
    guard let exchange = exchange(number) else { return nil }
    exchange.errand.goOn(with: answer)
    return try step(exchange)
  }

  private func step(_ exchange: Exchange) throws -> Step {
    if let question = exchange.errand.question {
      for i in exchanges.indices where exchanges[i].number == exchange.number { exchanges[i].asked += 1 }
      return .ask(question)
    }
    exchanges.removeAll { $0.number == exchange.number }
    guard let summary = try exchange.errand.result() else { throw Violation(.defect, "\(name) waits for nothing") }
    return .done(summary)
  }

  /// Nobody answers any more.
  /// - Parameter count: so many of the latest exchanges go on.
  func giveUp(allBut count: Int = 0) {
    let waiting = exchanges.dropLast(count)
    exchanges.removeFirst(waiting.count)
    for exchange in waiting { exchange.errand.goOn(with: .failure(LineBroke())) }
  }
}
