import Foundation
import FuzzReaders
import HTTPTypes
import Hummingbird
import NIOCore
import SyncCore
import SyncProtocol

/// A request that an input spells: a byte for its kind, three that bend the headers of its messages, then what fills them. Messages
/// are signed by the machine that the city knows, so that what stands behind the signature is reached too.
struct Asked {
  var method: HTTPRequest.Method = .post
  var path = "/v1/sync"
  var fields = HTTPFields()
  var body: [UInt8] = []
  /// Whether it may leave a file.
  var keeps = false

  var request: Request {
    Request(
      head: HTTPRequest(method: method, scheme: "http", authority: "city", path: path, headerFields: fields),
      body: RequestBody(buffer: ByteBuffer(bytes: body)))
  }

  enum Kind: UInt8, CaseIterable {
    case raw, enrol, hello, batch, secrets, probe, snapshot, staged, resumed, given, any
  }

  init?(_ bytes: [UInt8], of town: Town) throws {
    guard bytes.count >= 4, let kind = Kind(rawValue: bytes[0] % UInt8(Kind.allCases.count)) else { return nil }
    let maker = MessageMaker(town: town, bends: Array(bytes[1..<4]))
    let rest = Array(bytes.dropFirst(4))
    switch kind {
    case .raw:
      path = bytes[1] & 1 == 0 ? "/v1/sync" : bytes[1] & 2 == 0 ? "/v1/enrol" : "/v1/verify"
      body = rest
    case .enrol:
      path = "/v1/enrol"
      body = try maker.enrol(rest)
    case .hello: body = try maker.message(.hello, rest.prefix(16))
    case .batch: body = try maker.hello() + maker.message(.batch, rest)
    case .secrets:
      let half = rest.firstIndex(of: UInt8(ascii: "P")) ?? rest.endIndex
      body = try maker.hello() + maker.message(.batch, rest[..<half]) + maker.message(.secrets, rest[half...])
    case .probe:
      path = "/v1/verify"
      body = try maker.message(.probe, rest)
    case .snapshot:
      path = "/v1/snapshot"
      body = try maker.message(.hello, rest.prefix(16))
    default: try fill(kind, bytes, rest, maker)
    }
  }

  /// The requests in pieces, those of a city that was restored, and any other.
  private mutating func fill(_ kind: Kind, _ bytes: [UInt8], _ rest: [UInt8], _ maker: MessageMaker) throws {
    switch kind {
    case .staged:
      (method, path, keeps) = (.put, "/v1/staged/\(Sample.replica)?offset=\(Int8(bitPattern: bytes[3]))", true)
      body = try maker.message(.batch, rest)
    case .resumed:
      body = try maker.hello()
      keeps = true
      if let name = HTTPField.Name(Resumption.stagedHeader) {
        fields[name] = String(decoding: rest.prefix(80), as: UTF8.self)
      }
      if let name = HTTPField.Name(Resumption.answerHeader) { fields[name] = String(repeating: "ab", count: 16) }
    case .given:
      let half = rest.count / 2
      body =
        try maker.message(.hello, rest.prefix(16)) + maker.message(.batch, rest[..<half])
        + maker.message(.receipt, rest[half...])
    default:
      let lines = rest.split(separator: 10, maxSplits: 2, omittingEmptySubsequences: false).map {
        String(decoding: $0, as: UTF8.self)
      }
      guard lines.count == 3, let method = HTTPRequest.Method(lines[0]) else { return }
      (self.method, path, body) = (method, "/" + lines[1], Array(lines[2].utf8))
    }
  }
}

/// Messages of the machine that the city knows.
struct MessageMaker {
  let town: Town
  /// Flags; the number, the cursor, the epoch and the schema that a header gets instead of the right ones.
  let bends: [UInt8]

  func hello() throws -> [UInt8] { try message(.hello, HelloBody(last: 0, seen: 0).bytes) }

  func message(_ kind: MessageKind, _ body: some Collection<UInt8>) throws -> [UInt8] {
    let isRequest = kind == .hello || kind == .probe
    var header = Header(
      kind: kind, replica: Sample.replica, epoch: bends[1] & 1 == 0 ? town.epoch : .city,
      number: (isRequest ? town.nextRequest() : 1) + Int64(bends[1] >> 4), cursor: Int64(bends[2] & 15),
      stamp: Stamp(milliseconds: Sample.moment + (bends[1] & 4 == 0 ? 0 : 1 << 44)),
      schema: bends[1] & 2 == 0 ? town.schema : Array(repeating: 1, count: 32))
    if kind == .hello {
      header.tentative = bends[0] & 2 != 0
      header.returning = bends[0] & 4 != 0
      header.stale = bends[0] & 8 != 0
      header.carried = bends[0] & 16 != 0
    }
    return try Envelope(header, body: Array(body.prefix(kind.mostRaw)), key: Sample.key).bytes
  }

  /// An enrol whose text may name a code that is valid, its proof, and keys.
  func enrol(_ text: [UInt8]) throws -> [UInt8] {
    let key = bends[0] & 1 == 0 ? Sample.key : Sample.newKey
    var body = String(decoding: text, as: UTF8.self)
    for (word, value) in [
      ("$CODE", town.code.name), ("$KEY", key.publicKey.bytes.hex), ("$AGREEMENT", try key.agreementPublicKey.hex),
      ("$PROOF", town.code.proof(replica: key.publicKey.identifier, publicKey: key.publicKey.bytes).hex),
    ] { body = body.replacingOccurrences(of: word, with: value) }
    let header = Header(
      kind: .enrol, replica: key.publicKey.identifier, epoch: .city, number: 0, cursor: 0,
      stamp: Stamp(milliseconds: Sample.moment),
      schema: Array(repeating: 0, count: 32))
    return try Envelope(header, body: Array(body.utf8.prefix(MessageKind.enrol.mostRaw)), key: key).bytes
  }
}

extension Door {
  /// One of each kind.
  static let seeds: [[UInt8]] = {
    let hello = HelloBody(last: 0, seen: 0).bytes
    let enrol = #"{"code":"$CODE","proof":"$PROOF","publicKey":"$KEY","agreementKey":"$AGREEMENT"}"#
    let plain: [(Asked.Kind, [UInt8], [UInt8])] = [
      (.enrol, [1, 0, 0], Array(enrol.utf8)), (.hello, [0, 0, 0], hello), (.hello, [8, 0, 0], hello),
      (.hello, [4, 0, 0], hello),
      (.batch, [0, 0, 0], Seeds.plainBatch), (.batch, [0, 0, 0], Seeds.batch), (.secrets, [0, 0, 0], Seeds.plainBatch),
      (.probe, [0, 0, 0], Seeds.probe.encoded), (.snapshot, [0, 0, 0], hello), (.staged, [0, 0, 0], Seeds.plainBatch),
      (.resumed, [0, 0, 0], Array("0 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855".utf8)),
      (.given, [4, 0, 0], hello + Seeds.plainBatch), (.any, [0, 0, 0], Array("GET\nv1/staged/0?offset=1\n".utf8)),
      (.any, [0, 0, 0], Array("GET\nv1/answer/abababababababababababababababab?offset=-1\n".utf8)),
      (.any, [0, 0, 0], Array("GET\nv1/snapshot/abababababababababababababababab\n".utf8)),
      (.any, [0, 0, 0], Array("GET\nv1/health\n".utf8)),
      (.raw, [0, 0, 0], Array("TRIB".utf8)),
    ]
    return plain.map { [$0.0.rawValue] + $0.1 + $0.2 }
  }()
}
