import GRDB
import Master
import Replica
import SQLiteStore
import SyncCore

// A program dies, the power fails or the disk is full at a write. What was confirmed before is there afterwards; what was only
// begun is there wholly or not at all.
extension Town {
  func failAtWrite(_ event: Event, _ machine: Machine, _ random: inout SplitMix64) throws {
    switch event.kind {
    case .dieMachine: try failAtWrite(.death, event, machine, &random)
    case .cutMachine: try failAtWrite(.powerLoss, event, machine, &random)
    case .chokeMachine: try failAtWrite(.full, event, machine, &random)
    case .dieCity: try cityFailsAtWrite(.death, event, machine, &random)
    case .cutCity: try cityFailsAtWrite(.powerLoss, event, machine, &random)
    default: try cityFailsAtWrite(.full, event, machine, &random)
    }
  }

  /// - Returns: whether the fault began.
  private func arming(
    _ seat: Seat, _ fault: Disk.Fault, at call: Int, seed: UInt64, _ body: () throws -> Void
  ) throws -> Bool {
    seat.disk.arm(fault, at: call, seed: seed)
    do { try body() } catch  where seat.isStopped {} catch {
      try seat.disk.restart()
      throw error
    }
    if seat.isStopped { return true }
    let hasFailed = seat.disk.hasFailed
    try seat.disk.restart()
    return hasFailed
  }

  // MARK: Machines

  private func failAtWrite(
    _ fault: Disk.Fault, _ event: Event, _ machine: Machine, _ random: inout SplitMix64
  ) throws {
    if machine.seat.isFull { return }
    var before = machine.rows
    intent = nil
    let kind = random.below(5)
    let packet = kind > 2 ? network.take(&random) { $0.way == .toMachine && $0.machine == machine.index } : nil
    let (call, seed) = (random.skewed(6), random.next())
    let mayGo = fault == .powerLoss ? machine.unsure : []
    // A cell that was typed as it was before shows what has come since once it is sent.
    let pending = try kind < 2 ? [] : pendingRows(of: machine)
    let hasBegun = try arming(machine.seat, fault, at: call, seed: seed) {
      if let packet { return try answer(machine, packet) }
      switch kind {
      case ..<2: try edit(event, machine, raw: kind == 0, &random)
      case 2: try freeze(machine)
      default: try send(machine, &random)
      }
    }
    guard hasBegun else { return }
    happened("\(fault.name) at a write of a machine", machine.name)
    if fault != .full {
      machine.unsure = fault == .death ? machine.unsure + [event.id] : []
      try machine.crash(seed: random.next())
      try machine.look()
      witness.forget(machine.index, mayGo, unless: machine.rows)
    }
    for ref in pending { before[ref] = machine.rows[ref] }
    if packet == nil, mayGo.isEmpty { try check(machine.rows, against: before, "machine \(machine.name)") }
    if fault == .full { return }
    if kind < 2, !witness.hasNoted(event.id) { try note(machine, event, before: before) }
    try noteOutbox(machine)
  }

  private func pendingRows(of machine: Machine) throws -> [RowRef] {
    let replica = try machine.replica
    let schema = replica.schema
    return try replica.read { db in
      try machine.rows.keys.filter { try schema.record($0.record)?.pending(db, key: $0.key) != nil }
    }
  }

  /// Of an edit, the rows are as it was meant or as they were; if it was confirmed, as it was meant.
  private func check(_ after: Rows, against before: Rows, _ whose: String) throws {
    guard let intent else {
      if after == before { return }
      throw Violation(
        .exactlyOnce, "\(whose) shows other rows after a fault, though nobody edited: \(changes(before, after))")
    }
    guard let rows = intent.rows, after != rows, after != before || intent.isConfirmed else { return }
    let what = intent.isConfirmed ? "lost an edit that was confirmed" : "has an edit in part"
    throw Violation(.exactlyOnce, "\(whose) \(what): \(changes(rows, after))")
  }

  private func changes(_ one: Rows, _ other: Rows) -> [String] {
    Set(one.keys).union(other.keys).inOrder().filter { one[$0] != other[$0] }.map(name)
  }

  /// Tries an edit and takes it back, to know what it is meant to do.
  func intend(_ store: some RecordStore, at seat: Seat, _ body: (Database) throws -> Void) {
    guard seat.disk.isArmed else { return }
    intent = Intent(
      rows: seat.disk.resting {
        try? store.read { db in
          try body(db)
          return try store.allRows(db)
        }
      })
  }

  // MARK: The city

  private func cityFailsAtWrite(
    _ fault: Disk.Fault, _ event: Event, _ machine: Machine, _ random: inout SplitMix64
  ) throws {
    if city.seat.isFull || recovery != nil { return }
    try lookAtCity()
    let (before, log) = (city.rows, try log())
    let packet = random.chance(65) ? network.take(&random) { $0.way == .toCity } : nil
    let kind = random.pick(Self.interrupted) ?? .cityEdit
    let (call, seed) = (random.skewed(6), random.next())
    let mayGo = fault == .powerLoss ? city.unsure.filter(witness.isInNoBatch) : []
    let hasBegun = try arming(city.seat, fault, at: call, seed: seed) {
      if let packet { return try ask(packet) }
      let event = Event(id: event.id, kind: kind, machine: event.machine, seed: event.seed)
      if kind == .trim || kind == .upgrade {
        try last(event, machine, &random)
      } else {
        try official(event, machine, &random)
      }
    }
    guard hasBegun else { return }
    happened("\(fault.name) at a write of the city")
    if fault == .full { return try checkLog(since: log) }
    city.unsure = fault == .death ? city.unsure + [event.id] : []
    try city.crash(random: SplitMix64(random.next()))
    try city.look()
    witness.forget(nil, mayGo, unless: city.rows)
    try lookAtCity()
    try checkLog(since: log)
    if random.chance(50) { network.clear() }
    if packet != nil { return }
    let isRaw = kind == .cityRawEdit || kind == .transfer || kind == .lock
    if !isRaw, mayGo.isEmpty, city.rows != before, try self.log().count == log.count {
      throw Violation(.exactlyOnce, "the city shows other rows, and no batch says so: \(changes(before, city.rows))")
    }
    if witness.hasNoted(event.id) { return }
    witness.note(nil, event: event.id, before: before, after: city.rows)
  }

  private static let interrupted: [Event.Kind] = [
    .cityEdit, .cityEdit, .cityRawEdit, .decide, .decide, .reopen, .transfer, .lock, .upgrade, .trim,
  ]

  /// I3: what the city had taken is there after any fault.
  private func checkLog(since before: [Recovery.Entry]) throws {
    let now = try log()
    if Array(now.prefix(before.count)) != before {
      throw Violation(.exactlyOnce, "the city lost a batch that it had confirmed")
    }
  }
}

/// What an edit is meant to do.
struct Intent {
  /// Afterwards; nil: it is refused, or nobody knows.
  var rows: Rows?
  /// Whoever edits was told that it is done.
  var isConfirmed = false
}

extension Disk.Fault {
  /// How the tally calls it.
  fileprivate var name: String {
    switch self {
    case .death: "process dies"
    case .powerLoss: "power fails"
    case .full: "disk full"
    }
  }
}
