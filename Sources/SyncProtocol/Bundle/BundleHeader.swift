import SyncCore

// A bundle is an exchange as files: FILE, FILE.2, FILE.3, … each no larger than a limit. Every part is a header and its
// chunks. Integers are big endian.
//
//     0   4  "TRBU"
//     4   1  format version, 1
//     5   1  direction: 1 up, to the city · 2 down, its answer · 3 first, what a new machine starts from
//     6   1  number of slots, 1 to 64
//     7   1  0
//     8  16  bundle id: random, the same in every part
//    24   4  part, from 1
//    28  97  a slot: one way to the key of the content
//     …      chunks
//
// A slot:
//
//     0   1  1 a key · 2 an enrolment code
//     1  16  whose: the first 16 bytes of the SHA-256 of the X25519 key · the code's name (8 bytes), then zeros
//    17  32  HPKE's encapsulated key · a random salt
//    49  48  the content key, sealed
//
// A chunk:
//
//     0   1  what follows it: 0 a chunk of this part · 1 the next part · 2 nothing, the bundle ends
//     1   4  length of its plaintext, at most 1 MiB
//     5   …  ChaChaPoly of it; nonce: part (4), chunk of the part from 0 (8); associated data: the part's header, bytes 0..<5
//   …+n  16  its tag

/// Which way a bundle goes.
public enum BundleDirection: UInt8, Sendable, CaseIterable {
  /// From a replica to its city.
  case up = 1
  /// The city's answer to one.
  case down
  /// What a new machine of a unit starts from.
  case first
}

/// One way to the key of a bundle's content.
struct BundleSlot: Hashable, Sendable {
  enum Kind: UInt8 {
    case key = 1
    case code
  }
  static let length = 97

  var kind: Kind
  /// Whose it is, 16 bytes.
  var name: [UInt8]
  /// HPKE's encapsulated key, or a salt: 32 bytes.
  var encapsulated: [UInt8]
  /// The content key: 32 bytes and a tag of 16.
  var sealed: [UInt8]
}

struct BundleHeader: Hashable, Sendable {
  static let magic = Array("TRBU".utf8)
  static let version: UInt8 = 1
  static let fixedLength = 28
  static let mostSlots = 64

  var direction: BundleDirection
  var id: Identifier
  var part: UInt32 = 1
  var slots: [BundleSlot] = []

  static func length(slots: Int) -> Int { fixedLength + slots * BundleSlot.length }

  /// What the slots are bound to: everything that is the same in every part and known before them.
  var binding: [UInt8] { Self.magic + [Self.version, direction.rawValue] + id.bytes }

  var bytes: [UInt8] {
    var out = ByteWriter()
    out.raw(Self.magic)
    out.byte(Self.version)
    out.byte(direction.rawValue)
    out.byte(UInt8(slots.count))
    out.byte(0)
    out.raw(id.bytes)
    out.bigEndian(part)
    for slot in slots {
      out.byte(slot.kind.rawValue)
      out.raw(slot.name)
      out.raw(slot.encapsulated)
      out.raw(slot.sealed)
    }
    return out.bytes
  }

  /// Reads a header.
  /// - Parameter next: gives that many bytes of the file; fewer when it ends before.
  static func read(_ file: String, next: (Int) throws -> [UInt8]) throws -> BundleHeader {
    let fixed = try next(fixedLength)
    guard fixed.starts(with: magic) || magic.starts(with: fixed) else { throw BundleFailure.notABundle(file) }
    guard fixed.count == fixedLength else { throw BundleFailure.torn(file) }
    var reader = ByteReader(fixed[4...])
    guard try reader.byte() == version else { throw BundleFailure.newer(file) }
    let direction = BundleDirection(rawValue: try reader.byte())
    let count = Int(try reader.byte())
    guard let direction, (1...mostSlots).contains(count), try reader.byte() == 0,
      let id = Identifier(try reader.raw(16))
    else { throw BundleFailure.damaged(file) }
    var header = BundleHeader(direction: direction, id: id, part: try reader.bigEndian())
    let rest = try next(count * BundleSlot.length)
    guard rest.count == count * BundleSlot.length else { throw BundleFailure.torn(file) }
    var slots = ByteReader(rest[...])
    while !slots.isAtEnd {
      guard let kind = BundleSlot.Kind(rawValue: try slots.byte()) else { throw BundleFailure.damaged(file) }
      header.slots.append(
        BundleSlot(
          kind: kind, name: Array(try slots.raw(16)), encapsulated: Array(try slots.raw(32)),
          sealed: Array(try slots.raw(48))))
    }
    return header
  }
}
