import Replica
import SyncCore
import SyncProtocol

// The city has another epoch: it was restored from a backup. The replica gives back, by itself, what the city lacks.

/// The city was restored and has everything back.
struct Restart {
  /// The epoch that it has now.
  var epoch: Identifier
  /// Receipts that take the place of those of then.
  var receipts: [Envelope]
}

extension SyncClient {
  /// Gives back everything that the city lacks. Interrupted anywhere, it is simply done again.
  /// Throws a failure of kind `busy` while the city waits for others.
  /// - Parameter isRestored: called once the city has said so itself.
  func giveBack(isRestored: () -> Void = {}) async throws -> Restart {
    let identity = try replica.meta()
    let city = try VerifyingKey(bytes: identity.cityKey)
    let session = ReturnSession(city: city, replica: identity.replica, epoch: identity.epoch)
    var hello = try replica.returningHello(more: true)
    var action = try session.receive(try await transport.exchange(hello.bytes), to: hello.header)
    isRestored()
    var asking: Identifier?
    if case .give(let epoch, let own, let batch, let hash) = action {
      asking = epoch
      // Where another copy of this file has given or sent something else, the city is to compare.
      let isOurs = try replica.hasSent(batch, hash: hash)
      var position = ReturnPosition(own: own, batch: try isOurs ? batch : replica.meta().batchKept)
      var most = mostSent
      while let (messages, end) = try replica.givingBack(after: position, upTo: most) {
        hello = try replica.returningHello(more: true)
        do {
          _ = try session.receive(try await transport.exchange(hello.bytes + messages), to: hello.header)
        } catch let refusal as Refusal where refusal.code == .fork {
          // Another copy of this file was first: what the city has by these numbers is that one's.
          if try await isFork(messages, session) { try replica.sendAgain(after: position.batch) }
          throw refusal
        } catch is SenderUnknown {
          most = Resumption.threshold
          continue
        }
        position = end
        most = mostSent
      }
    }
    hello = try replica.returningHello(more: false, asking: asking)
    action = try session.receive(try await transport.exchange(hello.bytes), to: hello.header)
    switch action {
    // Restored once more meanwhile, the city lacks what was given to the one before.
    case .resume(let epoch, _) where epoch != asking: return try await giveBack(isRestored: isRestored)
    case .resume(let epoch, let receipts): return Restart(epoch: epoch, receipts: receipts)
    case .wait(let standing): throw standing.failure
    case .give: throw EnvelopeError.notAMessage
    }
  }

  /// Whether the city may have other batches by the numbers of these. Nobody has signed its refusal: what it has of the
  /// present id it says again, signed; of a former one it says nothing.
  private func isFork(_ messages: [UInt8], _ session: ReturnSession) async throws -> Bool {
    let hello = try replica.returningHello(more: true)
    let action = try session.receive(try await transport.exchange(hello.bytes), to: hello.header)
    guard case .give(_, _, let batch, let hash) = action else { return false }
    if try !replica.hasSent(batch, hash: hash) { return true }
    return try SealedEnvelope.split(messages).contains {
      $0.header.kind == .batch && $0.header.replica != hello.header.replica
    }
  }
}
