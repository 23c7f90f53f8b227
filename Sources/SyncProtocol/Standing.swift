import Foundation

/// Where a restored city stands with a replica: the body of `standing`, as JSON.
public struct Standing: Codable, Hashable, Sendable {
  /// The last of the replica's batches that the city has or holds without a gap.
  public var batch: Int64
  /// The hash of that batch, in hex: whether it is the replica's own, or another copy's of its file. nil: there is none.
  public var hash: String?
  /// The city needs none of its own batches up to this number.
  public var own: Int64
  /// Everything is back, or was released: the replica goes on under the epoch of the header.
  public var isComplete: Bool
  /// How many batches of the log are missing before those that the city holds.
  public var missing: Int64
  /// How many machines have not given back yet what they have.
  public var unheard: Int
  /// The SHA-256, in hex, of the receipts that take the place of those of then, one after the other. nil: nothing is
  /// said of them.
  public var receipts: String?

  public init(
    batch: Int64, hash: String? = nil, own: Int64, isComplete: Bool, missing: Int64 = 0, unheard: Int = 0,
    receipts: String? = nil
  ) {
    self.batch = batch
    self.hash = hash
    self.own = own
    self.isComplete = isComplete
    self.missing = missing
    self.unheard = unheard
    self.receipts = receipts
  }

  public init(_ body: [UInt8]) throws {
    guard let standing = try? JSONDecoder().decode(Standing.self, from: Data(body)), standing.batch >= 0,
      standing.own >= 0
    else { throw EnvelopeError.notAMessage }
    self = standing
  }

  public var bytes: [UInt8] { get throws { try jsonBody() } }
}
