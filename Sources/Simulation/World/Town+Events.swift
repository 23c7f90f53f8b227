import GRDB
import Master
import Replica
import SQLiteStore
import SyncClient
import SyncCore
import SyncProtocol

extension Town {
  /// Lets one event happen. Throws a `Violation`.
  func perform(_ event: Event) throws {
    var random = SplitMix64(event.seed ^ 0x71c)
    time.now += Int64(random.skewed(13))
    let here = active.filter { !away.contains($0.index) }
    let active = here.isEmpty ? active : here
    guard !active.isEmpty else { return }
    let machine = active[event.machine % active.count]
    do {
      try city.letAct(event.program.city, seed: event.seed &+ 1)
      try machine.letAct(event.program.machine, seed: event.seed &+ 2)
      try perform(event, machine, &random)
    } catch var violation as Violation {
      violation.event = event.id
      throw violation
    } catch {
      var violation = Violation(.defect, "\(event.kind.rawValue): \(error)")
      violation.event = event.id
      throw violation
    }
  }

  private func perform(_ event: Event, _ machine: Machine, _ random: inout SplitMix64) throws {
    switch event.kind {
    case .edit, .rawEdit, .pairEdit, .revert, .setBack, .typeUpstream, .clerkDecides, .clerkWithdraws, .takeUp:
      try clerk(event, machine, &random)
    case .cityEdit, .cityRawEdit, .decide, .reopen, .admit, .dismiss, .merge, .transfer, .takeOver, .lock, .erase,
      .enrol, .withdrawMachine:
      try official(event, machine, &random)
    case .freeze: try freeze(machine)
    case .send: try send(machine, &random)
    case .carry: try carry(&random)
    case .syncWhole: try sync(event, machine, &random)
    case .lose, .double, .late, .cut, .flip, .stale, .crashMachine, .crashCity, .loseAnswer, .killMachine, .killCity,
      .fillMachine, .fillCity, .freeSpace, .skewClock, .skewCity, .forge:
      try fault(event, machine, &random)
    case .dieMachine, .dieCity, .cutMachine, .cutCity, .chokeMachine, .chokeCity:
      try failAtWrite(event, machine, &random)
    case .writeStick, .cityReadsStick, .machineReadsStick, .spoilStick: try carry(event, machine, &random)
    case .backUp, .loseCity, .copyFile, .putBack, .useBoth, .upgrade, .stayAway, .trim, .rot, .release:
      try last(event, machine, &random)
    case .settle: try settle(event)
    }
  }

  /// Runs what may be refused or cut short by a fault of the seat.
  /// - Returns: nil: nothing came of it.
  func attempt<T>(_ what: String, at seat: Seat, _ body: () throws -> T) throws -> T? {
    do {
      let result = try body()
      count(what)
      return result
    } catch let violation as Violation { throw violation } catch {
      if seat.isStopped {
        count("\(what), killed")
      } else if seat.isFull || seat.disk.hasFailed, isFullDisk(error) {
        count("\(what), disk full")
        try recover(seat)
      } else if recovery != nil || restores > 0 && !isHealing, (error as? Failure)?.kind == .busy {
        // An answer of while it recovered may be read later.
        count("\(what), the city recovers")
      } else if isRefusal(error) {
        count("\(what), refused")
        if isHealing, recovery == nil, !machines.contains(where: { ($0.isCopy || $0.isFork) && $0.seat === seat }) {
          throw Violation(.progress, "\(what) is refused though nothing is wrong: \(sentence(error))")
        }
        tell("   refused: \(sentence(error))")
      } else {
        throw Violation(.defect, "\(what): \(sentence(error))")
      }
      return nil
    }
  }

  /// Whoever's disk was full starts the program again.
  private func recover(_ seat: Seat) throws {
    if seat === city.seat {
      try lookAtCity()
    } else {
      for machine in machines where machine.seat === seat { try machine.look() }
    }
  }

  private func isFullDisk(_ error: any Error) -> Bool {
    if let failure = error as? Failure { return failure.kind == .disk }
    return (error as? DatabaseError)?.resultCode == .SQLITE_FULL
  }

  private func isRefusal(_ error: any Error) -> Bool {
    switch error {
    case let failure as Failure:
      ![.defect, .disk, .busy].contains(failure.kind) || [Master.changedMore, Replica.overtaken].contains(failure)
    case let refusal as Refusal:
      [.tampered, .replayed, .unknownReplica, .withdrawn].contains(refusal.code)
        // A bit of the version may have been flipped, and a question may come late, after an upgrade.
        || refusal.code == .schema && (restores > 0 || tally["bit flipped"] != nil || tally["upgrade"] != nil)
        || refusal == .hasUpgraded
    case let error as DatabaseError: error.resultCode == .SQLITE_CONSTRAINT
    case is EnvelopeError, is CodecError, is BodyError: true
    default: false
    }
  }

  func sentence(_ error: any Error) -> String {
    switch error {
    case let failure as Failure: failure.message.en
    case let refusal as Refusal: refusal.en
    default: "\(error)"
    }
  }

  /// Looks at the city's tables, and where its log ends.
  func lookAtCity() throws {
    try city.look()
    let present = try city.master.schema
    if present.version > schema.version { witness.schema = present }
    let (end, isDirty) = try city.logEnd()
    if !isDirty { witness.settleArrivals(min(logEnd + 1, end)) }
    logEnd = end
    try finishRecovery()
    try noteWithdrawn()
  }
}
