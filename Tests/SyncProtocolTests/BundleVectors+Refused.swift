import SyncCore

@testable import SyncProtocol

extension BundleVectors {
  struct Refused {
    var name: String
    var direction: BundleDirection
    var opener: BundleOpener
    /// nil: the part is not there.
    var parts: [[UInt8]?]
    var reason: String
  }

  /// Changes in a part of a bundle, from 0: bytes at an offset.
  private static let changed: [(name: String, of: Int, part: Int, offset: Int, new: [UInt8], reason: String)] = [
    ("another magic", 1, 0, 0, [0x74], "notABundle"), ("a later version", 1, 0, 4, [2], "newer"),
    ("no direction", 1, 0, 5, [0], "damaged"), ("a fourth direction", 1, 0, 5, [4], "damaged"),
    ("no slot", 1, 0, 6, [0], "damaged"), ("65 slots", 6, 0, 6, [65], "damaged"),
    ("fewer slots than there are", 3, 0, 6, [1], "receiver"), ("a byte that is to be 0", 1, 0, 7, [1], "damaged"),
    ("another id", 1, 0, 8, [0, 0], "damaged"), ("part 2 in place of part 1", 1, 0, 27, [2], "renamed"),
    ("part 0", 1, 0, 27, [0], "renamed"), ("a third kind of slot", 1, 0, 28, [3], "damaged"),
    ("a key taken for a code", 1, 0, 28, [2], "receiver"), ("a slot of somebody else", 1, 0, 29, [0, 0], "receiver"),
    ("another ephemeral key", 1, 0, 45, [1, 2], "damaged"),
    ("an ephemeral key of low order", 1, 0, 45, Array(repeating: 0, count: 32), "damaged"),
    ("another content key", 1, 0, 77, [1, 2], "damaged"),
    ("another tag of the content key", 1, 0, 124, [0, 1], "damaged"),
    ("another salt", 4, 0, 142, [1, 2], "damaged"), ("a slot of another changed", 3, 0, 60, [0, 0], "damaged"),
    ("what follows is nothing", 2, 0, 125, [2], "damaged"), ("what follows is unknown", 1, 0, 125, [3], "damaged"),
    ("a chunk over 1 MiB", 1, 0, 126, [0, 0x10, 0, 1], "damaged"),
    ("a longer chunk", 1, 0, 126, [0, 0x0f, 0, 0], "torn"),
    ("another ciphertext", 1, 0, 130, [0, 0, 0], "damaged"),
    ("part 2 changed at its end", 2, 1, 150, [0, 0, 0], "damaged"),
    ("part 2 of another direction", 2, 1, 5, [2], "damaged"), ("part 2 of a later version", 2, 1, 4, [2], "newer"),
    ("part 2 of another bundle", 2, 1, 8, [0, 0], "otherBundle"), ("part 3 as part 2", 2, 1, 27, [3], "renamed"),
    ("part 2 with another slot", 2, 1, 90, [0, 0], "damaged"), ("part 2 that is none", 2, 1, 0, [0], "notABundle"),
  ]

  static func refused() throws -> [Refused] {
    let bundles = try all()
    func item(_ name: String, _ of: Int, _ reason: String, _ change: (inout [[UInt8]?]) -> Void) -> Refused {
      var parts: [[UInt8]?] = bundles[of].parts
      change(&parts)
      return Refused(
        name: name, direction: bundles[of].direction, opener: bundles[of].opener, parts: parts, reason: reason)
    }
    let changes = changed.map { change in
      item(change.name, change.of, change.reason) {
        $0[change.part]?.replaceSubrange(change.offset..<change.offset + change.new.count, with: change.new)
      }
    }
    let whole = [
      item("no file", 1, "missing") { $0 = [nil] },
      item("an empty file", 1, "torn") { $0 = [[]] },
      item("cut in the header", 1, "torn") { $0[0] = $0[0]?.prefix(20).map { $0 } },
      item("cut in a slot", 1, "torn") { $0[0] = $0[0]?.prefix(100).map { $0 } },
      item("no chunk", 1, "torn") { $0[0] = $0[0]?.prefix(125).map { $0 } },
      item("cut in the head of a chunk", 1, "torn") { $0[0] = $0[0]?.prefix(128).map { $0 } },
      item("cut in a tag", 1, "torn") { $0[0]?.removeLast() },
      item("a byte after the last chunk", 1, "damaged") { $0[0]?.append(0) },
      item("a byte after the last chunk of a part", 2, "damaged") { $0[1]?.append(0) },
      item("the last part is missing", 2, "missingPart") { $0[4] = nil },
      item("a part in the middle is missing", 2, "missingPart") { $0[2] = nil },
      item("two parts are exchanged", 2, "renamed") { $0.swapAt(2, 3) },
      item("the first part comes second", 2, "renamed") { $0[1] = $0[0] },
      item("a chunk comes twice", 2, "damaged") { parts in
        if let part = parts[1] { parts[1] = Array(part.prefix(147) + part[125..<147] + part.dropFirst(147)) }
      },
    ]
    return changes + whole + (try strangers(bundles))
  }

  /// Whole bundles with the wrong reader.
  private static func strangers(_ bundles: [VectorBundle]) throws -> [Refused] {
    func read(
      _ name: String, _ of: Int, _ reason: String, _ direction: BundleDirection? = nil, _ opener: BundleOpener? = nil,
      _ change: (inout [UInt8]) -> Void = { _ in }
    ) -> Refused {
      var parts = bundles[of].parts
      change(&parts[0])
      return Refused(
        name: name, direction: direction ?? bundles[of].direction, opener: opener ?? bundles[of].opener, parts: parts,
        reason: reason)
    }
    return [
      read("for another city", 1, "receiver", nil, .key(try Sample.key(9))),
      read("for another code", 4, "receiver", nil, .code(codes[3])),
      read("a code's by a key", 4, "receiver", nil, .key(try SigningKey(seed: city))),
      read("up read as down", 1, "direction", .down), read("down read as up", 3, "direction", .up),
      read("first read as down", 4, "direction", .down),
      // The key of the content is sealed for one direction.
      read("up passed off as down", 1, "damaged", .down) { $0[5] = 2 },
      // The name of the right code over a slot that another one made.
      read("a slot renamed", 6, "damaged", nil, .code(codes[9])) {
        $0.replaceSubrange(28 + 9 * 97..<28 + 10 * 97, with: $0[28..<125])
        $0.replaceSubrange(29 + 9 * 97..<37 + 9 * 97, with: BundleSlot.name(of: codes[9]).prefix(8))
      },
    ]
  }
}
