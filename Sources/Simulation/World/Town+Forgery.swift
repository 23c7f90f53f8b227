import SyncCore
import SyncProtocol

// Somebody on the line who has everything but the keys.
extension Town {
  /// A message that is under way is signed anew by a stranger, in the name of who made it, and comes before the true one.
  func forge(_ machine: Machine, _ random: inout SplitMix64) throws {
    let key = try SigningKey(seed: random.bytes(32))
    let fitting = network.packets.filter { $0.machine == machine.index && $0.kind == .exchange && $0.failure == nil }
    guard var packet = random.pick(fitting) else { return }
    // A bit may have flipped in it.
    guard let bytes = try? forged(packet.bytes, key), !bytes.isEmpty else { return }
    packet.bytes = bytes
    count("message forged")
    tell("** a stranger signs in the name of \(packet.way == .toCity ? machine.name : "the city")")
    if packet.way == .toCity { try offer(packet, of: machine) } else { try offer(packet, to: machine) }
  }

  private func forged(_ bytes: [UInt8], _ key: SigningKey) throws -> [UInt8] {
    try SealedEnvelope.split(bytes).flatMap { message in
      try Envelope(message.header, body: message.unverifiedBody(), key: key).bytes
    }
  }

  func offer(_ packet: Network.Packet, of machine: Machine) throws {
    let reply = try attempt("forged request", at: city.seat) { () -> [UInt8]? in
      // Whatever it is refused for.
      do { return try city.answer(packet) } catch is Refusal { return nil }
    }
    try lookAtCity()
    if let reply = reply ?? nil, try !isForUnknown(reply) {
      throw Violation(.trust, "the city answers what \(machine.name) never signed")
    }
  }

  /// A city that recovers tells whoever it does not know what it misses, and no more: a bit of the id was flipped as well.
  private func isForUnknown(_ reply: [UInt8]) throws -> Bool {
    let known = try Set(city.master.replicas().map(\.id))
    return try SealedEnvelope.split(reply).allSatisfy {
      $0.header.kind == .standing && !known.contains($0.header.replica.description)
    }
  }

  func offer(_ packet: Network.Packet, to machine: Machine) throws {
    guard !machine.isWithdrawn, machine.exchange(packet.exchange) != nil else { return }
    let step =
      try attempt("forged answer", at: machine.seat) {
        try machine.take(.success(packet.bytes), in: packet.exchange)
      } ?? nil
    try observe(machine)
    if step != nil { throw Violation(.trust, "\(machine.name) takes what the city never signed") }
  }
}
