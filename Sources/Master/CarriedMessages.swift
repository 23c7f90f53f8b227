import SyncCore
import SyncProtocol

/// What follows the hello of a stick: what is given back, then the batches that no city has answered.
struct CarriedMessages {
  /// A batch, its secrets, if it has any, and its receipt, if it is given back.
  struct Batch {
    var message: SealedEnvelope
    var secrets: SealedEnvelope?
    var receipt: SealedEnvelope?

    var messages: [SealedEnvelope] { [message] + [secrets, receipt].compactMap { $0 } }
  }

  private let bundle: BundleReader
  private var next: SealedEnvelope?
  /// Read already, and not given back.
  private var open: Batch?

  init(_ bundle: BundleReader) throws {
    self.bundle = bundle
    next = try bundle.message()
  }

  /// The messages of the next batch that is given back; nil: there is none (more).
  mutating func returned() throws -> [SealedEnvelope]? {
    if open != nil { return nil }
    if let own = next, own.header.kind == .own {
      next = try bundle.message()
      return [own]
    }
    guard let batch = try batch() else { return nil }
    if batch.receipt != nil { return batch.messages }
    open = batch
    return nil
  }

  /// The next batch that no city has answered. What is given back is passed over: the city has it.
  mutating func unanswered() throws -> Batch? {
    while try returned() != nil {}
    defer { open = nil }
    return open
  }

  private mutating func batch() throws -> Batch? {
    guard let message = next else { return nil }
    guard message.header.kind == .batch else { throw Refusal.notAMessage }
    next = try bundle.message()
    var batch = Batch(message: message)
    batch.secrets = try following(.secrets, message)
    batch.receipt = try following(.receipt, message)
    return batch
  }

  /// The next message, if it is of that kind and belongs to a batch.
  private mutating func following(_ kind: MessageKind, _ batch: SealedEnvelope) throws -> SealedEnvelope? {
    guard let message = next, message.header.kind == kind, message.header.number == batch.header.number,
      kind == .receipt || message.header.replica == batch.header.replica
    else { return nil }
    next = try bundle.message()
    return message
  }
}
