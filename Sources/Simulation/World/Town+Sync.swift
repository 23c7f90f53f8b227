import Replica
import SQLiteStore
import SyncCore
import SyncProtocol

// The steps of a sync, each an event of its own.
extension Town {
  func freeze(_ machine: Machine) throws {
    tell("\(machine.name): freezes what is pending")
    _ = try attempt("freeze", at: machine.seat) { try machine.replica.freeze() }
    if machine.seat.fuse.isBlown { return }
    try machine.look()
    try noteOutbox(machine)
  }

  /// A number never stands for two batches.
  func noteOutbox(_ machine: Machine) throws {
    let batches = try machine.replica.outbox().compactMap { batch in
      try SealedEnvelope.split(batch.message).first.map { (number: batch.number, hash: $0.hash) }
    }
    if let number = witness.noteFrozen(machine.index, batches) {
      throw Violation(.exactlyOnce, "machine \(machine.name) has another batch under number \(number)")
    }
  }

  /// Begins an exchange, frozen or not; one that is under way is given up at times.
  func send(_ machine: Machine, _ random: inout SplitMix64) throws {
    if machine.exchange != nil, !random.chance(15) { return }
    if random.chance(75) { try freeze(machine) }
    try begin(machine, attempt: 1)
  }

  private func begin(_ machine: Machine, attempt number: Int) throws {
    machine.exchange = nil
    exchanges += 1
    tell("\(machine.name): calls the city")
    let request = try attempt("request", at: machine.seat) { try machine.begin(number: exchanges, attempt: number) }
    if let request {
      network.send(.init(way: .toCity, machine: machine.index, exchange: exchanges, bytes: request))
    }
  }

  /// Delivers a message.
  func carry(_ random: inout SplitMix64) throws {
    guard let packet = network.take(&random) else { return }
    switch packet.way {
    case .toCity: try ask(packet)
    case .toMachine: try answer(machines[packet.machine], packet)
    }
  }

  /// The city answers a request, and is watched while it does.
  func ask(_ packet: Network.Packet, losing: Bool = false) throws {
    let machine = machines[packet.machine]
    tell("city: takes a request of \(machine.name)\(losing ? ", and its answer is lost" : "")")
    let before = city.rows
    let reply = try attempt("exchange", at: city.seat) { try city.master.exchange(packet.bytes) }
    if city.seat.fuse.isBlown { return }
    try city.look()
    try checkIsolation(of: machine, before: before)
    guard let reply else { return }
    try checkAnswer(reply, to: machine)
    if losing { return count("answer lost") }
    network.send(.init(way: .toMachine, machine: machine.index, exchange: packet.exchange, bytes: reply))
  }

  func answer(_ machine: Machine, _ packet: Network.Packet) throws {
    guard !machine.isWithdrawn, machine.exchange?.number == packet.exchange else { return count("answer to nobody") }
    machine.answers = machine.answers.suffix(4) + [packet.bytes]
    try take(machine, packet.bytes)
  }

  func take(_ machine: Machine, _ bytes: [UInt8]) throws {
    tell("\(machine.name): takes an answer")
    let number = machine.exchange?.number ?? 0
    let step = try attempt("answer", at: machine.seat) { try machine.take(bytes) }
    if machine.seat.fuse.isBlown { return }
    try machine.look()
    switch step {
    case .some(.ask(let request)):
      network.send(.init(way: .toCity, machine: machine.index, exchange: number, bytes: request))
    case .some(.again(let attempt)):
      count("clash")
      try freeze(machine)
      try begin(machine, attempt: attempt)
    case .some(.done(let summary)): count(summary)
    case .some(nil), nil: break
    }
  }

  private func count(_ summary: ReceiveSummary) {
    count("sync finished")
    if summary.conflicts > 0 { count("change contested") }
    if summary.parked > 0 { count("change parked") }
    if summary.rejected > 0 { count("change rejected") }
    if summary.merged > 0 { count("change merged") }
  }

  /// A whole sync on a good line.
  @discardableResult
  func syncWhole(_ machine: Machine) throws -> Bool {
    try freeze(machine)
    try begin(machine, attempt: 1)
    for _ in 0..<400 {
      guard let number = machine.exchange?.number else { return true }
      var random = SplitMix64(0)
      guard let packet = network.take(&random, where: { $0.exchange == number }) else { break }
      if packet.way == .toCity { try ask(packet) } else { try answer(machine, packet) }
    }
    return machine.exchange == nil
  }
}
