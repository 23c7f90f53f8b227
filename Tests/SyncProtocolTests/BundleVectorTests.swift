import Foundation
import SyncCore
import TestSupport
import Testing

@testable import SyncProtocol

/// Bundles as other languages read them.
@Suite struct BundleVectorTests {
  struct Opener: Codable {
    /// An Ed25519 seed, from which the X25519 key follows.
    var seed: String?
    /// An enrolment code as a person types it.
    var code: String?
  }
  struct File: Codable {
    struct Key: Codable {
      var seed: String
      /// X25519.
      var secret: String
      var publicKey: String
    }
    struct Case: Codable {
      var name: String
      var direction: UInt8
      var opener: Opener
      var id: String
      var parts: [String]
      var content: String
      /// The kinds of the messages with which the content begins.
      var messages: [UInt8]
      /// What follows the messages: the file of a snapshot.
      var rest: String
    }
    struct Refused: Codable {
      var name: String
      var direction: UInt8
      var opener: Opener
      /// null: the part is not there.
      var parts: [String?]
      var reason: String
    }
    /// The agreement keys that follow from seeds.
    var keys: [Key]
    var cases: [Case]
    var refused: [Refused]
  }

  /// Makes the file anew: only with TRIBUTARY_WRITE_VECTORS=1.
  func write() throws {
    let keys = try [BundleVectors.city, BundleVectors.replica].map { seed in
      let key = try SigningKey(seed: seed)
      return File.Key(
        seed: seed.hex, secret: Array(try key.agreementKey.rawRepresentation).hex,
        publicKey: try key.agreementPublicKey.hex)
    }
    let cases = try BundleVectors.all().map { bundle in
      let (messages, rest) = Self.messages(of: bundle)
      return File.Case(
        name: bundle.name, direction: bundle.direction.rawValue, opener: Opener(bundle.opener),
        id: Array(bundle.parts[0][8..<24]).hex, parts: bundle.parts.map(\.hex), content: bundle.content.hex,
        messages: messages.map(\.header.kind.rawValue), rest: rest.hex)
    }
    let refused = try BundleVectors.refused().map {
      File.Refused(
        name: $0.name, direction: $0.direction.rawValue, opener: Opener($0.opener), parts: $0.parts.map { $0?.hex },
        reason: $0.reason)
    }
    try VectorFile.write("bundle.json", File(keys: keys, cases: cases, refused: refused))
  }

  /// Messages up to a manifest, after which a file follows.
  private static func messages(of bundle: VectorBundle) -> ([SealedEnvelope], [UInt8]) {
    var rest = bundle.content[...]
    var messages: [SealedEnvelope] = []
    while messages.last?.header.kind != .snapshot, let head = try? EnvelopeHead(rest),
      let message = try? SealedEnvelope(rest.prefix(head.length))
    {
      messages.append(message)
      rest = rest.dropFirst(head.length)
    }
    return (messages, Array(rest))
  }

  @Test func read() throws {
    if VectorFile.isWriting { try write() }
    let file: File = try VectorFile.read("bundle.json")
    for key in file.keys {
      let signing = try SigningKey(seed: try #require([UInt8](hex: key.seed)))
      #expect(try signing.agreementPublicKey.hex == key.publicKey)
      #expect(Array(try signing.agreementKey.rawRepresentation).hex == key.secret)
    }
    #expect(file.cases.count == (try BundleVectors.all().count))
    let folder = try BundleFolder()
    for item in file.cases {
      let direction = try #require(BundleDirection(rawValue: item.direction))
      try folder.put(item.parts)
      let content = try folder.read("v", direction, with: try item.opener.value())
      #expect(content.hex == item.content, "\(item.name)")
      let bundle = try BundleReader(folder.path("v"), direction, with: try item.opener.value())
      for kind in item.messages { #expect(try bundle.message()?.header.kind.rawValue == kind, "\(item.name)") }
      #expect(try bundle.read(1 << 20).hex == item.rest, "\(item.name)")
    }
  }

  @Test func theSnapshotInABundleUnpacks() throws {
    let file: File = try VectorFile.read("bundle.json")
    let item = try #require(file.cases.first { $0.messages == [6, 9] })
    let folder = try BundleFolder()
    try folder.put(item.parts)
    let bundle = try BundleReader(folder.path("v"), .first, with: try item.opener.value())
    let city = try SigningKey(seed: BundleVectors.city).publicKey
    #expect(try bundle.message()?.open(with: city).header.kind == .welcome)
    let sealed = try #require(try bundle.message())
    let manifest = try SnapshotManifest(
      SnapshotManifest.open(sealed.bytes, from: city, for: Sample.id(0x11)).body)
    #expect(try bundle.writeRest(to: folder.path("file")) == manifest.packed)
    try SnapshotFile.unpack(folder.path("file"), manifest, into: folder.path("plain"))
    let plain = try folder.bytes("plain")
    #expect(plain.count == manifest.raw && plain.starts(with: Array("SQLite format 3".utf8)))
    #expect(Array(plain[68..<72]) == Array("TRBs".utf8))
  }

  /// What we write today: by a code byte for byte, by a key all but what is sealed and the tags.
  @Test func writtenAsBefore() throws {
    let folder = try BundleFolder()
    for (bundle, state) in zip(try BundleVectors.all(), 1...) where bundle.parts.count == 1 {
      var random = Seeded(state: UInt64(state))
      let recipients = try Self.recipients(of: bundle)
      let writer = try BundleWriter(folder.path("w"), bundle.direction, to: recipients, seed: random.bundleSeed())
      try writer.write(bundle.content)
      #expect(try writer.finish() == BundleSize(parts: 1, bytes: bundle.parts[0].count))
      let (written, golden) = (try folder.bytes("w"), bundle.parts[0])
      let differing = golden.indices.filter { written[$0] != golden[$0] }
      let sealed = recipients.enumerated().flatMap { index, recipient in
        if case .key = recipient { return 45 + index * 97..<125 + index * 97 } else { return 0..<0 }
      }
      let allowed = sealed.isEmpty ? [] : Set(sealed).union(golden.indices.suffix(16))
      #expect(allowed.isSuperset(of: differing), "\(bundle.name)")
    }
  }

  private static func recipients(of bundle: VectorBundle) throws -> [BundleRecipient] {
    let city = BundleRecipient.key(try SigningKey(seed: BundleVectors.city).agreementPublicKey)
    switch bundle.direction {
    case .up: return [city]
    case .down: return []
    case .first:
      let codes = BundleVectors.codes.map(BundleRecipient.code)
      return bundle.parts[0][6] == 64 ? codes : [city, codes[0]]
    }
  }

  @Test func refused() throws {
    let file: File = try VectorFile.read("bundle.json")
    #expect(file.refused.count == (try BundleVectors.refused().count))
    for item in file.refused {
      let folder = try BundleFolder()
      try folder.put(item.parts)
      let direction = try #require(BundleDirection(rawValue: item.direction))
      let failure = #expect(throws: Failure.self, "\(item.name)") {
        try folder.read("v", direction, with: try item.opener.value())
      }
      #expect(failure.map { Self.word(of: $0, in: folder, direction) } == item.reason, "\(item.name)")
    }
  }

  /// The word for a failure, whichever part it is about.
  private static func word(of failure: Failure, in folder: BundleFolder, _ direction: BundleDirection) -> String {
    let first = folder.path("v")
    for file in [first] + (2...6).map({ "\(first).\($0)" }) {
      let words: [(String, [Failure])] = [
        ("missing", [BundleFailure.missing(file)]), ("notABundle", [BundleFailure.notABundle(file)]),
        ("torn", [BundleFailure.torn(file)]), ("missingPart", [BundleFailure.missingPart(file)]),
        ("damaged", [BundleFailure.damaged(file)]), ("newer", [BundleFailure.newer(file)]),
        ("otherBundle", [BundleFailure.otherBundle(file, than: first)]),
        ("receiver", [BundleFailure.receiver(file, direction)]),
        ("direction", BundleDirection.allCases.map { BundleFailure.direction(file, $0) }),
        (
          "renamed",
          (0...5).flatMap { found in (1...5).map { BundleFailure.renamed(file, is: found, not: $0) } }
        ),
      ]
      if let word = words.first(where: { $0.1.contains(failure) }) { return word.0 }
    }
    return "\(failure)"
  }

  /// Every bit of the first part's header where it has one slot, elsewhere some of them; and cuts.
  @Test func everyBitOfEveryPartCounts() throws {
    let folder = try BundleFolder()
    // 64 codes are the same code again and again.
    for bundle in try BundleVectors.all().dropLast() {
      try folder.put(bundle.parts.map { $0.hex })
      for (index, part) in bundle.parts.enumerated() {
        let name = index == 0 ? "v" : "v.\(index + 1)"
        let plain = 28 + 97 * Int(part[6]) + 5
        for (changed, place) in Self.wrong(part, plain) {
          try folder.put(name, changed)
          do {
            _ = try folder.read("v", bundle.direction, with: bundle.opener)
            Issue.record("\(bundle.name), part \(index + 1) is taken, \(place)")
          } catch is Failure {}
        }
        try folder.put(name, part)
      }
      #expect(try folder.read("v", bundle.direction, with: bundle.opener) == bundle.content)
    }
  }

  private static func wrong(_ part: [UInt8], _ plain: Int) -> [(bytes: [UInt8], place: String)] {
    let isWhole = part[6] == 1 && part[27] == 1
    let bits =
      (0..<plain * 8).filter { isWhole || $0 % 9 == 0 }.map { ($0 / 8, $0 % 8) }
      + stride(from: plain, to: part.count, by: 7).map { ($0, $0 % 8) } + [(part.count - 1, 0)]
    let flipped = bits.map { byte, bit in
      var changed = part
      changed[byte] ^= 1 << UInt8(bit)
      return (changed, "byte \(byte) bit \(bit)")
    }
    // Further on a cut is a cut whatever is sealed there.
    let cuts = part.indices.filter { $0 % 9 == 0 || $0 == plain || $0 == part.count - 1 }
    return flipped + cuts.map { (Array(part.prefix($0)), "cut after \($0)") }
  }
}

extension BundleVectorTests.Opener {
  fileprivate init(_ opener: BundleOpener) {
    switch opener {
    case .key(let key): self.init(seed: key.seed.hex, code: nil)
    case .code(let code): self.init(seed: nil, code: code.description)
    }
  }

  func value() throws -> BundleOpener {
    if let code { return .code(try #require(EnrolmentCode(code))) }
    return .key(try SigningKey(seed: try #require(seed.flatMap { [UInt8](hex: $0) })))
  }
}

extension BundleFolder {
  /// A bundle `v` of these parts in hex, and of no other.
  fileprivate func put(_ parts: [String?]) throws {
    for name in try names { try FileManager.default.removeItem(atPath: path(name)) }
    for (index, part) in parts.enumerated() {
      guard let part else { continue }
      try put(index == 0 ? "v" : "v.\(index + 1)", try #require([UInt8](hex: part)))
    }
  }
}
