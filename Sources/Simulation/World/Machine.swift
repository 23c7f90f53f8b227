import Foundation
import GRDB
import Replica
import SQLiteStore
import SchemaFile
import SyncCore
import SyncProtocol

/// A county's machine: its file, and where it stands in an exchange. The exchange is the production session, one step at a
/// time, so that anything may happen between two steps.
final class Machine {
  let index: Int
  let org: String
  let key: SigningKey
  let seat: Seat
  private let schema: Schema
  /// nil: the machine is down.
  private var running: Replica?
  var exchange: Exchange?
  /// Answers that came, for a network that mixes them up.
  var answers: [[UInt8]] = []
  var isWithdrawn = false
  /// What stands in its tables, as last looked at.
  var rows: Rows = [:]

  var name: String { "\(org)\(index)" }
  var replica: Replica {
    get throws {
      guard let running else { throw Violation(.defect, "machine \(name) is down") }
      return running
    }
  }

  struct Exchange {
    var session: SyncSession
    var request: [UInt8]
    /// Batches that go with a later request.
    var rest: [OutboxBatch]
    /// How often this sync has begun anew because a pulled row met a pending one.
    var attempt: Int
    /// Which exchange of the town it is.
    var number: Int
  }

  init(_ index: Int, _ org: String, key: SigningKey, seat: Seat, meta: ReplicaMeta, schema: Schema, seed: UInt64) throws
  {
    (self.index, self.org, self.key, self.seat, self.schema) = (index, org, key, seat, schema)
    let clock = seat.clock
    let replica = try seat.opening {
      try Replica.create(
        path: seat.path, key: key, meta: meta, schema: schema, actor: "clerk\(index)", clock: { clock.now })
    }
    replica.random = SplitMix64(seed)
    running = replica
    rows = try replica.allRows()
  }

  /// The machine goes down and comes up again.
  func crash(seed: UInt64) throws {
    exchange = nil
    try seat.crash { running = nil }
    let (clock, schema) = (seat.clock, schema)
    let replica = try seat.opening {
      try Replica.open(path: seat.path, key: key, clock: { clock.now }, readSchema: { _ in schema })
    }
    replica.random = SplitMix64(seed)
    running = replica
    if seat.isFull { try fill(true) }
  }

  /// - Parameter full: from now on the file may not grow; false: again it may.
  func fill(_ full: Bool) throws {
    try seat.limit(full)
    try replica.read { try Seat.limit($0, full) }
  }

  func look() throws { rows = try replica.allRows() }
}

// One exchange, as the client's loop does it.
extension Machine {
  /// What one request carries at most: little, so that several are needed at times.
  static let mostSent = 4000

  /// - Returns: the first request.
  func begin(number: Int, attempt: Int) throws -> [UInt8] {
    let meta = try replica.meta()
    let session = SyncSession(
      city: try VerifyingKey(bytes: meta.cityKey), replica: meta.replica, epoch: meta.epoch, schema: meta.schemaHash,
      cursor: meta.cursor)
    var exchange = Exchange(session: session, request: [], rest: [], attempt: attempt, number: number)
    try ask(&exchange, try replica.outbox(upTo: Self.mostSent))
    self.exchange = exchange
    return exchange.request
  }

  private func ask(_ exchange: inout Exchange, _ batches: [OutboxBatch]) throws {
    exchange.request = try replica.hello().bytes + batches.flatMap(\.message)
    exchange.rest = try batches.last.map { try replica.outbox(after: $0.number, upTo: Self.mostSent) } ?? []
  }

  enum Step {
    case ask([UInt8])
    case done(ReceiveSummary)
    /// A pulled row met a pending one.
    case again(attempt: Int)
  }

  /// Takes an answer. Whatever it throws ends the exchange, as it ends a sync.
  func take(_ answer: [UInt8]) throws -> Step? {
    guard var exchange else { return nil }
    self.exchange = nil
    if !exchange.rest.isEmpty {
      try exchange.session.receiveReceipts(answer)
      try ask(&exchange, exchange.rest)
    } else {
      switch try exchange.session.receive(answer) {
      case .continueFrom(let cursor): exchange.request = try replica.hello(tentative: cursor).bytes
      case .finish(let receipts, let pages):
        do {
          return .done(
            try replica.receive(receipts: receipts, pages: pages, parkingClashes: exchange.attempt >= 3))
        } catch is Clash where exchange.attempt < 3 { return .again(attempt: exchange.attempt + 1) }
      }
    }
    self.exchange = exchange
    return .ask(exchange.request)
  }
}
