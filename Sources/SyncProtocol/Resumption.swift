import SyncCore

// How big requests and answers go on over HTTP where a line broke. None of it is signed: what arrives is verified as a whole.
//
//   PUT  /v1/staged/REPLICA?offset=N    the messages after a hello, from byte N on; answers StagedState
//   GET  /v1/staged/REPLICA             StagedState
//   POST /v1/sync                       with `tributary-staged`: what is staged follows the body
//                                       with `tributary-answer`: the answer is kept under this id when it is big
//   POST /v1/snapshot                   a hello; answers a manifest
//   GET  /v1/answer/ID?offset=N         the rest of an answer; it waits while the answer is being made
//   GET  /v1/snapshot/ID?offset=N       the rest of the file of a snapshot

public enum Resumption {
  /// Smaller requests and answers are simply made again.
  public static let threshold = 64 << 10
  /// The length and the SHA-256, in hex, of what was staged: `LENGTH HASH`.
  public static let stagedHeader = "tributary-staged"
  /// The id under which the answer is to be kept, 32 hex digits.
  public static let answerHeader = "tributary-answer"
  /// The length of a whole answer or file of which the body is the rest.
  public static let lengthHeader = "tributary-length"

  /// A request up to its hello, what follows, which may go ahead of it in pieces, and whose it is; nil: it has no hello.
  public static func parts(
    of message: [UInt8]
  ) throws -> (head: ArraySlice<UInt8>, rest: ArraySlice<UInt8>, replica: Identifier?) {
    var rest = message[...]
    while !rest.isEmpty {
      let part = try EnvelopeHead(rest)
      rest = rest.dropFirst(part.length)
      if part.header.kind == .hello { return (message[..<rest.startIndex], rest, part.header.replica) }
    }
    return (message[...], [], nil)
  }
}

/// What has arrived of a request.
public struct StagedState: Codable, Hashable, Sendable {
  public var length: Int
  /// SHA-256 of it, in hex.
  public var sha256: String

  public init(length: Int, sha256: String) {
    self.length = length
    self.sha256 = sha256
  }

  /// What this is once all of it has arrived.
  public init(whole bytes: ArraySlice<UInt8>) {
    self.init(length: bytes.count, sha256: SyncProtocol.sha256(bytes).hex)
  }

  public var header: String { "\(length) \(sha256)" }

  public init?(header: String) {
    let parts = header.split(separator: " ")
    guard parts.count == 2, let length = Int(parts[0]), length >= 0, [UInt8](hex: String(parts[1]))?.count == 32 else {
      return nil
    }
    self.init(length: length, sha256: parts[1].lowercased())
  }

  /// Whether a request begins with it.
  public func begins(_ bytes: ArraySlice<UInt8>) -> Bool {
    (0...bytes.count).contains(length) && Self(whole: bytes.prefix(length)) == self
  }
}
