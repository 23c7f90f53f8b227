import Master
import Replica
import SyncCore

// What goes wrong.
extension Town {
  func fault(_ event: Event, _ machine: Machine, _ random: inout SplitMix64) throws {
    switch event.kind {
    case .lose: if network.lose(&random) { happened("message lost") }
    case .double: if network.double(&random) { happened("message doubled") }
    case .late: if network.delay(&random) { happened("message late") }
    case .cut: if let how = network.damage(&random, cutting: true) { happened("message cut", how) }
    case .flip: if network.damage(&random, cutting: false) != nil { happened("bit flipped") }
    case .stale: try stale(machine, &random)
    case .loseAnswer:
      guard let packet = network.take(&random, where: { $0.way == .toCity }) else { return }
      try ask(packet, losing: true)
      if random.chance(50) { try crashCity(&random) }
    case .crashMachine: try crash(machine, &random)
    case .crashCity: try crashCity(&random)
    case .killMachine: try kill(event, machine, &random)
    case .killCity: try killCity(event, machine, &random)
    case .fillMachine:
      happened("disk of a machine full")
      try machine.fill(true)
    case .fillCity:
      happened("disk of the city full")
      try city.fill(true)
    case .freeSpace: try freeSpace()
    case .forge: try forge(machine, &random)
    case .skewClock: skew(machine.seat.clock, "clock of a machine", &random)
    default: skew(city.seat.clock, "clock of the city", &random)
    }
  }

  func happened(_ what: String, _ detail: String = "") {
    count(what)
    tell("** \(what) \(detail)")
  }

  /// An old answer comes in the place of the one that is awaited.
  private func stale(_ machine: Machine, _ random: inout SplitMix64) throws {
    guard let exchange = machine.exchanges.last, let old = random.pick(machine.answers) else { return }
    happened("old answer")
    try take(machine, .success(old), in: exchange.number)
  }

  private func crash(_ machine: Machine, _ random: inout SplitMix64) throws {
    happened("machine down")
    try machine.crash(seed: random.next())
    try machine.look()
    try noteOutbox(machine)
  }

  private func crashCity(_ random: inout SplitMix64) throws {
    happened("city down")
    try city.crash(random: SplitMix64(random.next()))
    try lookAtCity()
    if random.chance(50) { network.clear() }
  }

  /// The machine stops in the middle of whatever it does.
  private func kill(_ event: Event, _ machine: Machine, _ random: inout SplitMix64) throws {
    let steps = random.skewed(9)
    let before = machine.rows
    var isEdit = false
    let isStopped = try stopping(machine.seat, after: steps) {
      switch random.below(4) {
      case 0:
        isEdit = true
        try edit(event, machine, raw: random.chance(50), &random)
      case 1: try freeze(machine)
      default:
        if let packet = network.take(&random, where: { $0.way == .toMachine && $0.machine == machine.index }) {
          try answer(machine, packet)
        } else {
          try freeze(machine)
        }
      }
    }
    guard isStopped else { return }
    happened("machine stopped in the middle", machine.name)
    try crash(machine, &random)
    // It may have been committed before the program was stopped.
    if isEdit, !witness.hasNoted(event.id) { try note(machine, event, before: before) }
  }

  /// - Returns: whether it was stopped before it was done.
  private func stopping(_ seat: Seat, after steps: Int, _ body: () throws -> Void) throws -> Bool {
    seat.fuse.light(steps)
    defer { seat.fuse.reset() }
    do { try body() } catch  where seat.isStopped {}
    return seat.isStopped
  }

  private func killCity(_ event: Event, _ machine: Machine, _ random: inout SplitMix64) throws {
    let steps = random.skewed(10)
    let before = city.rows
    var isEdit = false
    let isStopped = try stopping(city.seat, after: steps) {
      if let packet = network.take(&random, where: { $0.way == .toCity }) {
        try ask(packet)
      } else {
        let kinds: [Event.Kind] = [.cityEdit, .cityRawEdit, .decide, .admit, .merge, .transfer, .lock]
        let kind = random.pick(kinds) ?? .decide
        isEdit = ![.admit, .merge].contains(kind)
        try official(Event(id: event.id, kind: kind, machine: event.machine, seed: event.seed), machine, &random)
      }
    }
    guard isStopped else { return }
    happened("city stopped in the middle")
    try crashCity(&random)
    try noteMergeUnderWay()
    // It may have been committed before the program was stopped.
    if isEdit, !witness.hasNoted(event.id) { witness.note(nil, event: event.id, before: before, after: city.rows) }
  }

  func freeSpace() throws {
    for machine in machines where machine.seat.isFull { try machine.fill(false) }
    if city.seat.isFull { try city.fill(false) }
  }

  /// Milliseconds by which a clock is off: minutes, hours, months or years.
  static func skew(_ random: inout SplitMix64) -> Int64 {
    let day = 86_400_000
    let span = random.pick([600_000, 600_000, 36 * day / 24, 400 * day, 25 * 365 * day]) ?? 0
    return Int64(random.below(2 * span) - span)
  }

  private func skew(_ clock: SimulatedClock, _ whose: String, _ random: inout SplitMix64) {
    clock.skew = random.chance(25) ? 0 : Self.skew(&random)
    clock.wasSet = true
    happened("\(whose) set", "by \(clock.skew) ms")
  }
}
