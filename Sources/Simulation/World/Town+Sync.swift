import Foundation
import Replica
import SQLiteStore
import SyncClient
import SyncCore
import SyncProtocol

// The steps of a sync, each an event of its own.
extension Town {
  func freeze(_ machine: Machine) throws {
    tell("\(machine.name): freezes what is pending")
    let most = climate.isRough && time.now % 3 == 0 ? 2 : Replica.portion
    _ = try attempt("freeze", at: machine.seat) { try machine.replica.freeze(most: most) }
    try observe(machine)
  }

  /// Looks at what a machine's program did.
  func observe(_ machine: Machine) throws {
    if machine.seat.isStopped { return }
    try machine.look()
    try noteOutbox(machine)
    try noteRidingAlong(machine)
    try notePassedOver(machine)
  }

  /// R9: what it still has of before what it had let go of, for a row that is parked, stays with it where two backups are lost.
  private func notePassedOver(_ machine: Machine) throws {
    let sql = "SELECT value FROM sync_meta WHERE name = 'passed_over'"
    guard machine.wasUnknown, let last = try machine.replica.read({ try $0.integer(sql) }), last > 0 else { return }
    let arrived = try arrivalsByBody()
    let parked = try machine.replica.parked()
    func isKept(_ row: RowRef, _ batch: Int64) -> Bool { parked.contains { $0.ref == row && $0.batch == batch } }
    witness.forget(machine.index, upTo: last, hasArrived: { arrived[$0] != nil }, unless: isKept)
  }

  /// A number never stands for two batches.
  func noteOutbox(_ machine: Machine) throws {
    if !machine.unsure.isEmpty { return }
    let batches = try machine.batches()
    try witness.settleBatches(
      machine.index, batches, aside: machine.replica.parked().filter { $0.batch == nil })
    let frozen = batches.map { (number: $0.number, hash: $0.hash) }
    if let number = witness.noteFrozen(try machine.replica.identity.replica, frozen), !machine.isCopy {
      throw Violation(.exactlyOnce, "machine \(machine.name) has another batch under number \(number)")
    }
  }

  /// Begins an exchange; one that is under way is given up at times, or goes on in another program.
  func send(_ machine: Machine, _ random: inout SplitMix64) throws {
    if !machine.exchanges.isEmpty, !random.chance(15) { return }
    try begin(machine, besides: random.chance(50))
  }

  /// - Returns: its number.
  @discardableResult
  private func begin(_ machine: Machine, besides: Bool = false) throws -> Int {
    exchanges += 1
    if machine.isFork { try rejoin(machine) }
    let besides = besides && !machine.exchanges.isEmpty
    if besides { count("exchange besides another") }
    tell("\(machine.name): calls the city\(besides ? " (besides another program)" : "")")
    let number = exchanges
    let step = try attempt("request", at: machine.seat) { try machine.begin(number: number, besides: besides) }
    try go(machine, number, step)
    return number
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
    let (before, end) = (city.rows, logEnd)
    let (underReview, wasRecovering) = (try cellsUnderReview(), recovery != nil)
    var answer = packet
    answer.way = .toMachine
    let reply = try attempt(packet.kind.name, at: city.seat) {
      do { return try city.answer(packet) } catch let refusal as Refusal where refusal.isForTheClient {
        answer.failure = refusal
        return []
      } catch let gone as SnapshotGone {
        answer.failure = gone
        return []
      }
    }
    if city.seat.isStopped { return }
    try lookAtCity()
    if !wasRecovering {
      let erased = try erasedRows(since: end)
      try checkIsolation(of: machine, before: before, since: end)
      try checkReview(of: machine, before: underReview, but: erased)
      try checkTaken(of: machine, before: before, since: end, underReview: underReview)
      try checkPolicies(since: end, isPrompt: packet.askedAt == time.now)
    }
    guard let reply else { return }
    if packet.kind == .exchange { try checkAnswer(reply, to: machine) }
    if losing { return count("answer lost") }
    answer.bytes = reply
    network.send(answer)
  }

  func answer(_ machine: Machine, _ packet: Network.Packet) throws {
    guard !machine.isWithdrawn, let exchange = machine.exchange(packet.exchange) else {
      return count("answer to nobody")
    }
    guard let failure = packet.failure else {
      if packet.kind == .exchange { machine.answers = machine.answers.suffix(4) + [packet.bytes] }
      return try take(machine, .success(packet.bytes), in: exchange.number)
    }
    // HTTP says to which request a refusal belongs; a late request is refused to nobody.
    guard packet.question == exchange.asked else { return count("refusal to nobody") }
    // Of two copies that both gave back, or sent, to a restored city, the second may find its former numbers taken.
    let code = (failure as? Refusal)?.code
    if try exchange.identity != machine.replica.identity.replica {
      // Another program had asked before the file went on under another id.
      count("refusal to a former id")
    } else if machine.isCopy || machine.hasRejoined && restores > 0, code == .fork || code == .replayed {
      count("fork found out")
      machine.isFork = true
    } else if code == .fork {
      throw Violation(.exactlyOnce, "\(machine.name) is refused: \(sentence(failure))")
    }
    if failure is SnapshotGone { count("file of a snapshot gone") }
    // It has let go of batches for backups that cannot be read, unless the client still has them.
    let hasLetGo = code == .gap && areBackupsLost
    if hasLetGo { machine.isFork = true }
    try take(machine, .failure(failure), in: exchange.number)
    if hasLetGo {
      machine.isFork = machine.exchange(exchange.number) == nil
      count(machine.isFork ? "gap of a lost backup found out" : "sent again for a gap")
    }
  }

  /// - Parameter number: the exchange.
  func take(_ machine: Machine, _ answer: Result<[UInt8], any Error>, in number: Int) throws {
    tell("\(machine.name): takes an answer")
    let isOvertaken = try machine.exchange(number).map { try $0.identity != machine.replica.identity.replica } ?? false
    let step = try attempt("answer", at: machine.seat) { () throws -> Machine.Step? in
      do { return try machine.take(answer, in: number) } catch let failure as Failure
        where failure.kind == .busy && isOvertaken
      {
        count("answer to who has rejoined meanwhile")
        return nil
      }
    }
    try go(machine, number, step ?? nil)
  }

  /// What the client does next.
  private func go(_ machine: Machine, _ number: Int, _ step: Machine.Step?) throws {
    // What a request says is on the disk before it leaves.
    if case .ask? = step { machine.unsure = [] }
    try observe(machine)
    if machine.seat.isStopped { return }
    switch step {
    case .ask(let question):
      let (kind, bytes) = question.message
      network.send(
        .init(
          way: .toCity, kind: kind, machine: machine.index, exchange: number, bytes: bytes,
          question: machine.exchange(number)?.asked ?? 0, askedAt: time.now))
    case .done(let summary):
      if summary.upgraded != nil { count("machine upgraded") }
      count(summary.received)
    case nil: break
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
  /// - Parameters:
  ///   - besides: what another program of the machine has begun goes on.
  ///   - meanwhile: what happens before a message arrives; it is told how many have arrived.
  @discardableResult
  func syncWhole(
    _ machine: Machine, besides: Bool = false, meanwhile: (Int) throws -> Void = { _ in }
  ) throws -> Bool {
    // Another machine may have brought its withdrawal just now.
    if machine.isWithdrawn { return true }
    let number = try begin(machine, besides: besides)
    // Who was away for long fetches all of it two rows at a time.
    for step in 0..<10_000 {
      if machine.exchange(number) != nil { try meanwhile(step) }
      guard machine.exchange(number) != nil else { return true }
      var random = SplitMix64(0)
      guard let packet = network.take(&random, where: { $0.exchange == number }) else { break }
      if packet.way == .toCity { try ask(packet) } else { try answer(machine, packet) }
    }
    return machine.exchange(number) == nil
  }
}

extension SimulatedLine.Question {
  var message: (Network.Packet.Kind, [UInt8]) {
    switch self {
    case .exchange(let bytes): (.exchange, bytes)
    case .snapshot(let bytes): (.snapshot, bytes)
    case .probe(let bytes): (.probe, bytes)
    case .file(let id, let offset): (.file(id, from: offset), [])
    }
  }
}

extension Network.Packet.Kind {
  /// How the tally calls it.
  fileprivate var name: String {
    switch self {
    case .exchange: "exchange"
    case .snapshot: "snapshot asked for"
    case .probe: "probe"
    case .file: "file of a snapshot"
    }
  }
}

extension Refusal {
  /// The client's own code knows what to do about it, or it may be said of a request that comes late.
  fileprivate var isForTheClient: Bool {
    [.epoch, .fork, .replayed, .gap].contains(code)
  }
}
