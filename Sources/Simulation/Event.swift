/// One thing that happens in a simulated town. What exactly it does follows from its own seed and from how the town stands,
/// so that an event can be left out and the others still make sense.
struct Event: Sendable, Hashable {
  /// Its place in the whole list, which names it.
  var id: Int
  var kind: Kind
  /// Chooses the machine; the town takes it modulo how many there are.
  var machine: Int
  var seed: UInt64

  enum Kind: String, Sendable, CaseIterable {
    // Clerks.
    case edit, rawEdit, pairEdit, revert, setBack, typeUpstream, clerkDecides, clerkWithdraws, takeUp
    // Officials.
    case cityEdit, cityRawEdit, decide, reopen, admit, dismiss, merge, transfer, takeOver, lock, erase, enrol,
      withdrawMachine
    // The steps of a sync, and a whole one.
    case freeze, send, carry, syncWhole
    // Faults.
    case lose, double, late, cut, flip, stale, crashMachine, crashCity, loseAnswer, killMachine, killCity
    case fillMachine, fillCity, freeSpace, skewClock, skewCity, forge
    // At a write the program dies, the power is cut, or the disk is full.
    case dieMachine, dieCity, cutMachine, cutCity, chokeMachine, chokeCity
    // Roads besides the network.
    case writeStick, cityReadsStick, machineReadsStick, spoilStick
    // What lasts: backups, lost disks, old copies, a schema that grows, long absence, values that changed behind the triggers.
    case backUp, loseCity, copyFile, putBack, useBoth, upgrade, stayAway, trim, rot, release
    // Everything heals, and the checkers look.
    case settle
  }
}

extension Event {
  /// Which of two programs on the same file does it at the city, and at a machine.
  var program: (city: Int, machine: Int) { (seed >> 40 & 3 == 0 ? 1 : 0, seed >> 44 & 3 == 0 ? 1 : 0) }

  /// What another program has under way goes on.
  var isBesides: Bool { seed >> 48 & 1 == 0 }
}

extension Event.Kind {
  /// How often it happens, relative to the others.
  fileprivate var weight: Int {
    switch self {
    case .edit: 130
    case .rawEdit: 130
    case .pairEdit: 40
    case .revert, .setBack, .typeUpstream, .takeUp: 12
    case .clerkDecides: 20
    case .clerkWithdraws: 5
    case .cityEdit, .cityRawEdit: 35
    case .decide: 40
    case .reopen, .dismiss: 6
    case .admit, .merge, .transfer, .lock: 12
    case .takeOver: 6
    case .erase: 3
    case .enrol, .withdrawMachine: 1
    case .freeze: 40
    case .send: 90
    case .carry: 230
    case .syncWhole: 45
    case .lose, .double, .late, .loseAnswer: 14
    case .cut, .flip, .stale: 7
    case .crashMachine, .crashCity: 6
    case .killMachine, .killCity: 12
    case .fillMachine, .fillCity: 2
    case .dieMachine, .dieCity: 10
    case .cutMachine, .cutCity: 20
    case .chokeMachine, .chokeCity: 5
    case .freeSpace: 10
    case .skewClock, .skewCity: 4
    case .forge: 8
    case .writeStick, .cityReadsStick, .machineReadsStick: 14
    case .spoilStick: 4
    case .backUp: 8
    case .loseCity: 3
    case .copyFile: 6
    case .putBack: 4
    case .useBoth: 1
    case .upgrade, .trim: 3
    case .stayAway: 1
    case .rot: 3
    // There is seldom anything to release.
    case .release: 12
    case .settle: 0
    }
  }

  /// What a run may do without, so that runs differ in what they meet.
  fileprivate var isOptional: Bool {
    switch self {
    case .edit, .rawEdit, .freeze, .send, .carry, .syncWhole, .settle, .freeSpace, .erase: false
    default: true
    }
  }
}

extension Event {
  /// The events of a seed. Some happen more often in its climate. One in four of the other kinds is left out, and in three seeds
  /// of four nothing is erased; after an erasure a replay of the log is compared less strictly.
  static func list(seed: UInt64, ticks: Int) -> [Event] {
    var random = SplitMix64(seed ^ 0x5eed)
    let climate = Climate.of(seed: seed)
    let erases = random.chance(25)
    let kinds = Kind.allCases.filter { kind in
      // Only where units take over from others.
      if kind == .takeOver, climate.breadth < .whole { return false }
      if kind == .release, !climate.isRough { return false }
      let isLeftOut = kind == .erase ? !erases : kind.isOptional && random.chance(25)
      return !climate.never.contains(kind) && (!isLeftOut || climate.often[kind] != nil)
    }
    func weight(_ kind: Kind) -> Int { kind.weight * (climate.often[kind] ?? 1) }
    let total = kinds.reduce(0) { $0 + weight($1) }
    let pause = max(60, ticks / 4)
    return (0..<ticks).map { id in
      if id % pause == pause - 1 || id == ticks - 1 {
        return Event(id: id, kind: .settle, machine: id == ticks - 1 ? 1 : 0, seed: random.next())
      }
      var rest = random.below(total)
      let kind = kinds.first { kind in
        rest -= weight(kind)
        return rest < 0
      }
      return Event(id: id, kind: kind ?? .carry, machine: random.below(1 << 16), seed: random.next())
    }
  }
}
