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

  public init(_ replica: Replica, transport: any Transport) {
    self.replica = replica
    self.transport = transport
  }

  /// What one request carries at most, in bytes; batches beyond it go with the next one.
  static let mostSent = 48 << 20

  /// Freezes what is pending, sends it, takes receipts and everything new. Interrupted anywhere, it is simply run again.
  public func sync() async throws -> SyncSummary {
    try replica.refuseDamage()
    var summary = SyncSummary()
    // A pulled row may meet one that was edited while the exchange ran: freeze that too and exchange again.
    for attempt in 1...3 {
      summary.held = try replica.freeze()
      do {
        var batches: [[UInt8]]
        repeat {
          batches = try replica.unacknowledged(upTo: Self.mostSent)
          summary.received.add(try await exchange(batches, parkingClashes: attempt == 3))
          summary.pushed += try batches.reduce(0) { $0 + (try replica.rowCount($1)) }
        } while try !batches.isEmpty && !replica.unacknowledged(upTo: 0).isEmpty
        return summary
      } catch is Clash where attempt < 3 { continue }
    }
    return summary
  }

  private func exchange(_ batches: [[UInt8]], parkingClashes: Bool) async throws -> ReceiveSummary {
    do {
      let identity = try replica.meta()
      let city = try VerifyingKey(bytes: identity.cityKey)
      var session = SyncSession(
        city: city, replica: identity.replica, epoch: identity.epoch, schema: identity.schemaHash,
        cursor: identity.cursor)
      var request = try replica.hello().bytes + batches.flatMap { $0 }
      while true {
        switch try session.receive(try await transport.exchange(request)) {
        case .continueFrom(let cursor): request = try replica.hello(tentative: cursor).bytes
        case .finish(let receipts, let pages):
          return try replica.receive(receipts: receipts, pages: pages, parkingClashes: parkingClashes)
        }
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
