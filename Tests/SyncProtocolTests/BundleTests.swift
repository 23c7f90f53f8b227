import Foundation
import SyncCore
import SyncProtocol
import Testing

// A bundle as files: what was written is read, and nothing else is.

/// A folder of its own with a city's key.
final class BundleFolder {
  let folder: URL
  let city: SigningKey
  let content: [UInt8] = (0..<900).map { UInt8(truncatingIfNeeded: $0 &* 31) }

  init() throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("bundle-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    city = try SigningKey(seed: Array(repeating: 1, count: 32))
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  func path(_ name: String) -> String { folder.appendingPathComponent(name).path }
  var names: [String] { get throws { try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() } }

  func bytes(_ name: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(fileURLWithPath: path(name)))) }
  func put(_ name: String, _ bytes: some Sequence<UInt8>) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: path(name)))
  }

  @discardableResult
  func write(
    _ name: String, _ content: [UInt8]? = nil, _ direction: BundleDirection = .up,
    to recipients: [BundleRecipient]? = nil,
    partSize: Int = 400
  ) throws -> BundleSize {
    var random = SystemRandomNumberGenerator()
    let recipients = try recipients ?? [.key(try city.agreementPublicKey)]
    let bundle = try BundleWriter(path(name), direction, to: recipients, partSize: partSize, seed: random.bundleSeed())
    for byte in stride(from: 0, to: (content ?? self.content).count, by: 90) {
      try bundle.write((content ?? self.content).dropFirst(byte).prefix(90))
    }
    return try bundle.finish()
  }

  func read(_ name: String, _ direction: BundleDirection = .up, with opener: BundleOpener? = nil) throws -> [UInt8] {
    let bundle = try BundleReader(path(name), direction, with: opener ?? .key(city))
    try bundle.verify()
    return try bundle.read(1 << 30)
  }

  func expectRefused(
    _ kind: Failure.Kind, _ words: String, _ name: String = "b", _ location: SourceLocation = #_sourceLocation
  ) {
    let failure = #expect(throws: Failure.self, sourceLocation: location) { try self.read(name) }
    #expect(failure?.kind == kind, sourceLocation: location)
    #expect(failure?.message.en.contains(words) == true, "\(failure?.message.en ?? "")", sourceLocation: location)
    #expect(failure?.message.zh.isEmpty == false, sourceLocation: location)
  }
}

@Suite struct BundleTests {
  @Test func whatWasWrittenIsRead() throws {
    let folder = try BundleFolder()
    for count in [0, 1, 63, 64, 65, 253, 254, 255, 506, 507, 508, 700, 5000] {
      let content = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) }
      for partSize in [210, 211, 400, 1000, 1 << 20] {
        let size = try folder.write("b\(count)", content, partSize: partSize)
        #expect(try folder.read("b\(count)") == content, "\(count) bytes in parts of \(partSize)")
        let parts = try (1...size.parts).map { try folder.bytes($0 == 1 ? "b\(count)" : "b\(count).\($0)") }
        #expect(parts.allSatisfy { $0.count <= partSize })
        #expect(parts.reduce(0) { $0 + $1.count } == size.bytes)
      }
    }
  }

  @Test func aLargeBundleIsReadInPieces() throws {
    let folder = try BundleFolder()
    let content = (0..<3_500_000).map { UInt8(truncatingIfNeeded: $0 &* 131 >> 3) }
    #expect(try folder.write("b", content, partSize: 2_500_000).parts == 2)
    let bundle = try BundleReader(folder.path("b"), .up, with: .key(folder.city))
    var read: [UInt8] = []
    while true {
      let piece = try bundle.read(333_333)
      if piece.isEmpty { break }
      read += piece
    }
    #expect(read == content)
  }

  @Test func itsFilesAreItsOwnersAndSayNothing() throws {
    let folder = try BundleFolder()
    try folder.write("b", Array("a name that nobody may read".utf8))
    let attributes = try FileManager.default.attributesOfItem(atPath: folder.path("b"))
    #expect(attributes[.posixPermissions] as? Int == 0o600)
    #expect(Data(try folder.bytes("b")).range(of: Data("nobody".utf8)) == nil)
  }

  @Test func everyChangedByteIsRefused() throws {
    let folder = try BundleFolder()
    #expect(try folder.write("b").parts == 4)
    for name in ["b", "b.2", "b.3", "b.4"] {
      let whole = try folder.bytes(name)
      for index in whole.indices {
        for bit: UInt8 in [1, 0x80] {
          var changed = whole
          changed[index] ^= bit
          try folder.put(name, changed)
          let failure = #expect(throws: Failure.self, "\(name) byte \(index)") { try folder.read("b") }
          #expect(failure.map { [.data, .protocolViolation].contains($0.kind) } == true, "\(name) byte \(index)")
        }
      }
      try folder.put(name, whole)
    }
    #expect(try folder.read("b") == folder.content)
  }

  @Test func everyCutIsTorn() throws {
    let folder = try BundleFolder()
    try folder.write("b")
    for name in ["b", "b.2", "b.4"] {
      let whole = try folder.bytes(name)
      for length in 0..<whole.count {
        try folder.put(name, whole.prefix(length))
        folder.expectRefused(.data, "cut short")
      }
      try folder.put(name, whole + [0])
      folder.expectRefused(.protocolViolation, "damaged")
      try folder.put(name, whole)
    }
  }

  @Test func partsMustBeThereAndInTheirPlaces() throws {
    let folder = try BundleFolder()
    try folder.write("b")
    let parts = try ["b", "b.2", "b.3", "b.4"].map(folder.bytes)
    try FileManager.default.removeItem(atPath: folder.path("b.3"))
    folder.expectRefused(.data, "b.3 of the bundle is missing")
    try folder.put("b.3", parts[1])
    folder.expectRefused(.data, "is part 2 of its bundle where part 3 belongs")
    try folder.put("b.3", parts[2])
    try folder.put("b", parts[1])
    folder.expectRefused(.data, "is part 2 of its bundle where part 1 belongs")
    try folder.put("b", parts[0])
    try folder.write("other")
    try folder.put("b.2", folder.bytes("other.2"))
    folder.expectRefused(.data, "a part of another bundle")
    // Forged: the id of this bundle over the content of another.
    try folder.put("b.2", parts[1].prefix(125) + folder.bytes("other.2").dropFirst(125))
    folder.expectRefused(.protocolViolation, "damaged")
    try folder.put("b.2", parts[1])
    #expect(try folder.read("b") == folder.content)
  }

  @Test func onlyItsReceiverOpensIt() throws {
    let folder = try BundleFolder()
    let other = try SigningKey(seed: Array(repeating: 2, count: 32))
    try folder.write("b", to: [.key(try other.agreementPublicKey)])
    folder.expectRefused(.protocolViolation, "is for another city")
    try folder.write("b", nil, .down)
    folder.expectRefused(.data, "county bundle read")
    try folder.write("b", nil, .first)
    folder.expectRefused(.data, "county init --bundle")
    let failure = #expect(throws: Failure.self) { try folder.read("b", .down) }
    #expect(failure?.kind == .data)
  }

  @Test func everyCodeOpensAFirstBundleAndNoOther() throws {
    let folder = try BundleFolder()
    var random = SystemRandomNumberGenerator()
    let codes = (0..<3).map { _ in EnrolmentCode(city: folder.city.publicKey, using: &random) }
    try folder.write("b", nil, .first, to: codes.prefix(2).map(BundleRecipient.code), partSize: 500)
    for code in codes.prefix(2) { #expect(try folder.read("b", .first, with: .code(code)) == folder.content) }
    let failure = #expect(throws: Failure.self) { try folder.read("b", .first, with: .code(codes[2])) }
    #expect(failure?.kind == .notAllowed)
    // The right name with another secret.
    var bytes = try folder.bytes("b")
    bytes.replaceSubrange(29..<37, with: [UInt8](hex: codes[2].name) ?? [])
    try folder.put("b", bytes)
    #expect(throws: Failure.self) { try folder.read("b", .first, with: .code(codes[2])) }
  }

  @Test func whatIsNoBundleIsToldSo() throws {
    let folder = try BundleFolder()
    folder.expectRefused(.notFound, "there is no file")
    try folder.put("b", Array("PRAGMA".utf8))
    folder.expectRefused(.data, "is not a bundle")
    try folder.put("b", [])
    folder.expectRefused(.data, "cut short")
    try FileManager.default.createDirectory(atPath: folder.path("d"), withIntermediateDirectories: true)
    folder.expectRefused(.disk, "cannot read", "d")
    try folder.write("b")
    var newer = try folder.bytes("b")
    newer[4] = 2
    try folder.put("b", newer)
    folder.expectRefused(.protocolViolation, "newer version")
  }

  @Test func anUnfinishedBundleLeavesNothingBehind() throws {
    let folder = try BundleFolder()
    try folder.write("b", partSize: 2000)
    let before = try folder.bytes("b")
    var random = SystemRandomNumberGenerator()
    do {
      let recipient = BundleRecipient.key(try folder.city.agreementPublicKey)
      let bundle = try BundleWriter(folder.path("b"), .up, to: [recipient], partSize: 400, seed: random.bundleSeed())
      try bundle.write(Array(repeating: 7, count: 2000))
      #expect(try folder.names.count == 9)
    }
    #expect(try folder.names == ["b"])
    #expect(try folder.bytes("b") == before)
  }

  /// A program was killed, or the stick was pulled.
  @Test func whatAnInterruptedWriteHasLeftGoesWithTheNext() throws {
    let folder = try BundleFolder()
    try folder.write("b", partSize: 2000)
    let part = try folder.bytes("b")
    for name in ["b.0a1b2c3d.tmp", "b.2.0a1b2c3d.tmp"] { try folder.put(name, part.dropLast(9)) }
    // What is none of it stays.
    for name in ["b.tmp", "c.0a1b2c3d.tmp"] { try folder.put(name, part) }
    try folder.put("b.ffffffff.tmp", Array("notes".utf8))
    // So does what another program is writing.
    var random = SystemRandomNumberGenerator()
    let recipient = BundleRecipient.key(try folder.city.agreementPublicKey)
    let other = try BundleWriter(folder.path("b"), .up, to: [recipient], seed: random.bundleSeed())
    try folder.write("b", partSize: 2000)
    #expect(try folder.names.count == 5)
    _ = try other.finish()
    #expect(try folder.names == ["b", "b.ffffffff.tmp", "b.tmp", "c.0a1b2c3d.tmp"])
  }

  @Test func anotherFileIsNotReplaced() throws {
    let folder = try BundleFolder()
    try folder.put("b", Array("a table of the city's".utf8))
    let failure = #expect(throws: Failure.self) { try folder.write("b") }
    #expect(failure?.kind == .usage)
    #expect(try folder.bytes("b") == Array("a table of the city's".utf8))
    // Nor beneath a later part, and nothing is left of those before it.
    try folder.put("d.3", Array("another table".utf8))
    #expect(#expect(throws: Failure.self) { try folder.write("d") }?.kind == .usage)
    #expect(try folder.bytes("d.3") == Array("another table".utf8) && folder.names == ["b", "d.3"])
    #expect(#expect(throws: Failure.self) { try folder.write("c", partSize: 200) }?.kind == .usage)
    #expect(#expect(throws: Failure.self) { try folder.write("no/such/folder/c") }?.kind == .disk)
  }

  @Test func whatFollowsIsNoMessage() throws {
    let folder = try BundleFolder()
    let key = folder.city
    let header = Header(
      kind: .batch, replica: .city, epoch: .city, number: 1, cursor: 0, stamp: Stamp(raw: 0),
      schema: Array(repeating: 0, count: 32))
    let message = try Envelope(header, body: [], key: key).bytes
    try folder.write("b", message + message, partSize: 1000)
    let bundle = try BundleReader(folder.path("b"), .up, with: .key(key))
    #expect(try bundle.message()?.bytes == message)
    #expect(try bundle.message()?.bytes == message)
    #expect(try bundle.message() == nil)
    var tooLong = message
    tooLong.replaceSubrange(100..<104, with: [0xff, 0xff, 0xff, 0xff])
    for wrong in [Array(message.dropLast()), message + [1], tooLong] {
      try folder.write("b", wrong, partSize: 1000)
      let bundle = try BundleReader(folder.path("b"), .up, with: .key(key))
      #expect(throws: Failure.self) { while try bundle.message() != nil {} }
    }
  }
}
