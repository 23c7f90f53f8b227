import Foundation
import SyncCore
import Testing

@testable import SyncProtocol

/// Messages as other languages read them. Signatures may be random and compression may vary with its library, so they are
/// read and verified; the signed part of an uncompressed message is compared by byte.
@Suite struct EnvelopeVectorTests {
  struct File: Codable {
    struct Message: Codable {
      var name: String
      var kind: UInt8
      var more: Bool
      var tentative: Bool
      var returning: Bool
      var stale: Bool
      var carried: Bool
      var compressed: Bool
      var replica: String
      var epoch: String
      var number: Int64
      var cursor: Int64
      var stamp: Int64
      var schema: String
      var body: String
      var message: String
      /// SHA-256 of the signed part.
      var hash: String
    }
    struct Refused: Codable {
      var name: String
      var message: String
      var reason: String
    }
    struct Code: Codable {
      var secret: String
      var fingerprint: String
      var spelled: String
      var name: String
      var replica: String
      var publicKey: String
      var proof: String
    }
    /// The Ed25519 seed that signed every message, and its public key.
    var seed: String
    var publicKey: String
    var messages: [Message]
    var refused: [Refused]
    var code: Code
  }

  static let seed = [UInt8](0..<32)

  /// Makes the file anew: only with TRIBUTARY_WRITE_VECTORS=1.
  func write() throws {
    let key = try SigningKey(seed: Self.seed)
    let code = EnrolmentTests.code
    let replica = Sample.id(0xaa)
    try VectorFile.write(
      "envelope.json",
      File(
        seed: Self.seed.hex, publicKey: key.publicKey.bytes.hex,
        messages: try EnvelopeVectors.messages(key).map { File.Message($0, $1) },
        refused: try EnvelopeVectors.refused(key).map { File.Refused(name: $0, message: $1.hex, reason: $2) },
        code: File.Code(
          secret: code.secret.hex, fingerprint: code.fingerprint.hex, spelled: code.description, name: code.name,
          replica: replica.description, publicKey: key.publicKey.bytes.hex,
          proof: code.proof(replica: replica, publicKey: key.publicKey.bytes).hex)))
  }

  @Test func read() throws {
    if VectorFile.isWriting { try write() }
    let file: File = try VectorFile.read("envelope.json")
    #expect(Set(file.messages.map(\.kind)) == Set(MessageKind.allCases.map(\.rawValue)))
    let key = try SigningKey(seed: try #require([UInt8](hex: file.seed))).publicKey
    #expect(key.bytes.hex == file.publicKey)
    #expect(file.messages.contains { $0.compressed } && file.messages.contains { !$0.compressed })
    for item in file.messages {
      let bytes = try #require([UInt8](hex: item.message))
      let envelope = try SealedEnvelope(bytes[...]).open(with: key)
      let header = try header(of: item)
      #expect(envelope.header == header, "\(item.name)")
      #expect(envelope.body.hex == item.body, "\(item.name)")
      #expect(envelope.hash.hex == item.hash, "\(item.name)")
      #expect((bytes[6] == 1) == item.compressed, "\(item.name)")
    }
  }

  @Test func uncompressedSignedPartsAreWrittenAsBefore() throws {
    let file: File = try VectorFile.read("envelope.json")
    let key = try SigningKey(seed: try #require([UInt8](hex: file.seed)))
    for item in file.messages where !item.compressed {
      let envelope = try Envelope(try header(of: item), body: try #require([UInt8](hex: item.body)), key: key)
      #expect(Array(envelope.bytes.prefix(136)).hex == item.message.prefix(272), "\(item.name)")
      #expect(Array(envelope.bytes.dropFirst(200)).hex == item.message.dropFirst(400), "\(item.name)")
    }
  }

  @Test func refused() throws {
    let file: File = try VectorFile.read("envelope.json")
    let key = try VerifyingKey(bytes: try #require([UInt8](hex: file.publicKey)))
    #expect(!file.refused.isEmpty)
    for item in file.refused {
      let bytes = try #require([UInt8](hex: item.message))
      let error = #expect(throws: EnvelopeError.self, "\(item.name)") { try SealedEnvelope(bytes[...]).open(with: key) }
      #expect(error.map { String("\($0)".prefix { $0 != "(" }) } == item.reason, "\(item.name)")
    }
  }

  @Test func code() throws {
    let item = try VectorFile.read("envelope.json", as: File.self).code
    let code = try #require(EnrolmentCode(item.spelled))
    #expect(code.secret.hex == item.secret)
    #expect(code.fingerprint.hex == item.fingerprint)
    #expect(code.description == item.spelled)
    #expect(code.name == item.name)
    let replica = try #require(Identifier(hex: item.replica))
    let key = try #require([UInt8](hex: item.publicKey))
    #expect(code.proof(replica: replica, publicKey: key).hex == item.proof)
  }

  private func header(of item: File.Message) throws -> Header {
    var header = Header(
      kind: try #require(MessageKind(rawValue: item.kind)), replica: try #require(Identifier(hex: item.replica)),
      epoch: try #require(Identifier(hex: item.epoch)), number: item.number, cursor: item.cursor,
      stamp: Stamp(raw: item.stamp), schema: try #require([UInt8](hex: item.schema)))
    header.more = item.more
    header.tentative = item.tentative
    header.returning = item.returning
    header.stale = item.stale
    header.carried = item.carried
    return header
  }
}

extension EnvelopeVectorTests.File.Message {
  fileprivate init(_ name: String, _ envelope: Envelope) {
    let header = envelope.header
    self.init(
      name: name, kind: header.kind.rawValue, more: header.more, tentative: header.tentative,
      returning: header.returning, stale: header.stale, carried: header.carried, compressed: envelope.bytes[6] == 1,
      replica: header.replica.description, epoch: header.epoch.description, number: header.number,
      cursor: header.cursor, stamp: header.stamp.raw, schema: header.schema.hex, body: envelope.body.hex,
      message: envelope.bytes.hex, hash: envelope.hash.hex)
  }
}
