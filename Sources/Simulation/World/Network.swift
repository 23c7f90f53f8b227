import SyncCore
import SyncProtocol

/// Messages on their way, oldest first.
struct Network {
  struct Packet {
    enum Way: Equatable { case toCity, toMachine }
    /// What it asks of the city, or answers.
    enum Kind: Equatable {
      case exchange, snapshot, probe
      case file(Identifier, from: Int)
    }
    var way: Way
    var kind = Kind.exchange
    /// The machine that asks or is answered.
    var machine: Int
    /// The exchange that it belongs to.
    var exchange: Int
    var bytes: [UInt8]
    /// The how-many-eth question of it.
    var question = 0
    /// The town's time when it was asked.
    var askedAt: Int64 = 0
    /// What the city says instead of an answer.
    var failure: (any Error)?
  }

  private(set) var packets: [Packet] = []
  /// More are forgotten, oldest first.
  static let most = 30

  mutating func send(_ packet: Packet) {
    packets.append(packet)
    if packets.count > Self.most { packets.removeFirst() }
  }

  mutating func clear() { packets.removeAll() }

  /// Takes a message from the network, as a rule the oldest.
  mutating func take(_ random: inout SplitMix64, where fits: (Packet) -> Bool = { _ in true }) -> Packet? {
    let fitting = packets.indices.filter { fits(packets[$0]) }
    guard let first = fitting.first else { return nil }
    let index = random.chance(85) ? first : fitting[random.below(fitting.count)]
    return packets.remove(at: index)
  }

  /// A message that a bad line changes.
  mutating func damage(_ random: inout SplitMix64, cutting: Bool) -> String? {
    // A question for a file has no bytes.
    let known = packets.indices.filter { !packets[$0].bytes.isEmpty }
    guard let index = random.pick(known) else { return nil }
    let count = packets[index].bytes.count
    if cutting {
      packets[index].bytes.removeLast(1 + random.below(count))
    } else {
      packets[index].bytes[random.below(count)] ^= 1 << UInt8(random.below(8))
    }
    return "\(packets[index].bytes.count) of \(count) bytes"
  }

  mutating func double(_ random: inout SplitMix64) -> Bool {
    guard !packets.isEmpty else { return false }
    packets.append(packets[random.below(packets.count)])
    return true
  }

  /// A message falls behind all others.
  mutating func delay(_ random: inout SplitMix64) -> Bool {
    guard packets.count > 1 else { return false }
    packets.append(packets.remove(at: random.below(packets.count - 1)))
    return true
  }

  mutating func lose(_ random: inout SplitMix64) -> Bool {
    guard !packets.isEmpty else { return false }
    packets.remove(at: random.below(packets.count))
    return true
  }
}
