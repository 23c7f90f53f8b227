import Foundation
import Replica
import SQLiteStore
import SyncCore
import SyncProtocol

public struct SyncSummary: Sendable, Equatable {
  public var pushed = 0
  public var received = ReceiveSummary()
  public var held: [HeldRow] = []

  public init() {}
}

/// One complete exchange of a replica with its city.
public struct SyncClient: Sendable {
  let replica: Replica
  let transport: any Transport

  public init(_ replica: Replica, transport: any Transport, mostSent: Int = 48 << 20) {
    self.replica = replica
    self.mostSent = mostSent
    self.transport = transport
  }

  /// What one request carries at most, in bytes; batches beyond it go with the next one.
  let mostSent: Int

  /// Freezes what is pending, sends it, takes receipts and everything new. Interrupted anywhere, it is simply run again.
  public func sync() async throws -> SyncSummary {
    try replica.refuseDamage()
    var summary = SyncSummary()
    // A pulled row may meet one that was edited while the exchange ran: freeze that too and exchange again.
    for attempt in 1...3 {
      summary.held = try replica.freeze()
      do {
        let (pushed, received) = try await exchange(parkingClashes: attempt == 3)
        summary.pushed = pushed
        summary.received = received
        return summary
      } catch is Clash where attempt < 3 { continue }
    }
    return summary
  }

  /// - Parameter restart: the city was restored, and everything is back: its feed is read from the beginning.
  private func exchange(_ restart: Restart?, parkingClashes: Bool) async throws -> (pushed: Int, ReceiveSummary) {
    let identity = try replica.meta()
    let city = try VerifyingKey(bytes: identity.cityKey)
    var session = SyncSession(
      city: city, replica: identity.replica, epoch: restart?.epoch ?? identity.epoch, schema: identity.schemaHash,
      cursor: restart == nil ? identity.cursor : 0)
    func hello(tentative: Int64? = nil) throws -> [UInt8] {
      guard let restart else { return try replica.hello(tentative: tentative).bytes }
      return try replica.restartingHello(epoch: restart.epoch, cursor: tentative ?? 0).bytes
    }
    var batches = try replica.outbox(upTo: mostSent)
    var pushed = 0
    var request: [UInt8] = []
    while true {
      pushed += batches.reduce(0) { $0 + $1.rows }
      request = try hello() + batches.flatMap(\.message)
      batches = try batches.last.map { try replica.outbox(after: $0.number, upTo: mostSent) } ?? []
      if batches.isEmpty { break }
      try session.receiveReceipts(try await transport.exchange(request))
    }
    while true {
      switch try session.receive(try await transport.exchange(request)) {
      case .continueFrom(let cursor): request = try hello(tentative: cursor)
      case .finish(let receipts, let pages):
        let received = try replica.receive(
          receipts: (restart?.receipts ?? []) + receipts, pages: pages, restarting: restart?.epoch,
          parkingClashes: parkingClashes)
        return (pushed, received)
      }
    }
  }

  /// Sends every batch, in as many requests as it takes, and then takes all receipts and the whole pull at once: what a
  /// receipt does to a row must find the receipts of the rows that depend on it.
  private func exchange(parkingClashes: Bool) async throws -> (pushed: Int, ReceiveSummary) {
    do {
      do { return try await exchange(nil, parkingClashes: parkingClashes) } catch let refusal as Refusal
        where refusal.code == .epoch
      {
        return try await exchange(try await giveBack(), parkingClashes: parkingClashes)
      }
    } catch let error as EnvelopeError { throw error.failure } catch let refusal as Refusal {
      throw refusal.failure
    } catch let error
      as CodecError
    {
      throw Failure(
        .protocolViolation, zh: "市里的消息无法读取(\(error.reason.rawValue))",
        en: "the city's message cannot be read (\(error.reason.rawValue))")
    } catch is BodyError {
      throw EnvelopeError.tampered.failure
    }
  }
}
