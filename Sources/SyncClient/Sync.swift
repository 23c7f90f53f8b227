import Foundation
import Replica
import SQLiteStore
import SyncCore
import SyncProtocol

public struct SyncSummary: Sendable, Equatable {
  public var pushed = 0
  public var received = ReceiveSummary()
  public var held: [HeldRow] = []
  /// Bytes of messages that went over the line.
  public var bytesSent: Int64 = 0
  public var bytesReceived: Int64 = 0
  /// The version of the schema that came with it; nil: the same as before.
  public var upgraded: Int?

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
    return try await transport.keepingOpen { try await freezeAndExchange() }
  }

  private func freezeAndExchange() async throws -> SyncSummary {
    var summary = SyncSummary()
    let version = replica.schema.version
    // While the exchange ran, a pulled row may have met one that was edited, or another program may have sent a batch:
    // freeze and send that too, and exchange again.
    for attempt in 1...3 {
      summary.held = try replica.freeze(refusingDamage: true)
      do {
        let (pushed, received) = try await exchange(parkingClashes: attempt == 3)
        summary.pushed = pushed
        summary.received = received
        summary.bytesSent = transport.traffic?.sent ?? 0
        summary.bytesReceived = transport.traffic?.received ?? 0
        replica.tidy()
        if replica.schema.version != version { summary.upgraded = replica.schema.version }
        return summary
      } catch is Clash where attempt < 3 { continue }
    }
    return summary
  }

  /// Sends every batch, in as many requests as it takes, and then takes all receipts and the whole pull at once: what a
  /// receipt does to a row must find the receipts of the rows that depend on it.
  private func exchange(parkingClashes: Bool) async throws -> (pushed: Int, ReceiveSummary) {
    var isRestored = false
    return try await translating {
      do { return try await exchangeOrGiveBack(parkingClashes, &isRestored) } catch let refusal as Refusal
        where [.replayed, .gap].contains(refusal.code)
      {
        // Another program that syncs this file has asked since; or the city was restored without batches that it had confirmed,
        // and whatever of them is here goes once more.
        if refusal.code == .gap { try replica.fillGap(isRestored: isRestored) }
        return try await exchangeOrGiveBack(parkingClashes, &isRestored)
      }
    }
  }

  /// - Parameter isRestored: set once the city has said so itself.
  private func exchangeOrGiveBack(
    _ parkingClashes: Bool, _ isRestored: inout Bool
  ) async throws -> (pushed: Int, ReceiveSummary) {
    var restart: Restart?
    // The city may be restored once more while its snapshot is fetched.
    for _ in 1...2 {
      do { return try await exchange(restart, parkingClashes: parkingClashes) } catch let refusal as Refusal
        where refusal.code == .epoch
      {
        restart = try await giveBack { isRestored = true }
      }
    }
    return try await exchange(restart, parkingClashes: parkingClashes)
  }

  /// - Parameter restart: the city was restored and has everything back: a snapshot takes the place of what was read.
  private func exchange(_ restart: Restart?, parkingClashes: Bool) async throws -> (pushed: Int, ReceiveSummary) {
    let identity = try replica.meta()
    let city = try VerifyingKey(bytes: identity.cityKey)
    var session = SyncSession(
      city: city, replica: identity.replica, epoch: restart?.epoch ?? identity.epoch, schema: identity.schemaHash,
      cursor: identity.cursor)
    let snapshots = SnapshotFetch(replica: replica, transport: transport, epoch: restart?.epoch)
    let isStale = identity.lastSync == nil && identity.cursor == 0 || restart != nil
    let enrolment = try replica.enrolment()
    var batches = try replica.outbox(upTo: mostSent)
    // Before much goes: the city may not know this machine yet, or refuse it, or have been restored and ask for more.
    if !enrolment.isEmpty || batches.reduce(0, { $0 + $1.message.count }) > Resumption.threshold {
      let hello = try replica.hello(stale: true, epoch: restart?.epoch)
      // Nothing of it is needed; but it has to be the city's.
      var greeting = session
      _ = try greeting.receive(try await transport.exchange(enrolment + hello.bytes))
    }
    var pushed = 0
    var request: [UInt8] = []
    while true {
      pushed += batches.reduce(0) { $0 + $1.rows }
      session.send(batches.map(\.number))
      let hello = try replica.hello(stale: isStale, epoch: restart?.epoch)
      request = enrolment + hello.bytes + batches.flatMap(\.message)
      batches = try batches.last.map { try replica.outbox(after: $0.number, upTo: mostSent) } ?? []
      if batches.isEmpty { break }
      try session.receiveReceipts(try await transport.exchange(request))
    }
    while true {
      switch try session.receive(try await transport.exchange(request)) {
      case .continueFrom(let cursor): request = try replica.hello(tentative: cursor).bytes
      case .upgrade(let text):
        try replica.upgrade(to: text)
        session.upgraded(to: try replica.meta().schemaHash)
        request = try replica.hello(stale: isStale, epoch: restart?.epoch).bytes
      case .finish(let receipts, let pages):
        return (pushed, try replica.receive(receipts: receipts, pages: pages, parkingClashes: parkingClashes))
      case .snapshot(let receipts):
        let all = (restart?.receipts ?? []) + receipts
        let (received, isOld) = try await snapshots.take(all, parkingClashes: parkingClashes)
        return (pushed, try await followUp(received, isOld, parkingClashes))
      }
    }
  }

  /// What the city refuses, or says and cannot be read, for a person.
  func translating<T>(_ body: () async throws -> T) async throws -> T {
    do { return try await body() } catch let error as EnvelopeError { throw error.failure } catch let refusal as Refusal
    {
      throw refusal.failure
    } catch let error as CodecError {
      throw Failure(
        .protocolViolation, zh: "市里的消息无法读取(\(error.reason.rawValue))",
        en: "the city's message cannot be read (\(error.reason.rawValue))")
    } catch is BodyError {
      throw EnvelopeError.tampered.failure
    }
  }

  /// The master may have moved on while an earlier run fetched the snapshot.
  private func followUp(_ received: ReceiveSummary, _ isOld: Bool, _ parkingClashes: Bool) async throws
    -> ReceiveSummary
  {
    guard isOld else { return received }
    var received = received
    received.add(try await exchange(parkingClashes: parkingClashes).1)
    return received
  }
}
