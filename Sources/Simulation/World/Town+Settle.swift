import Replica
import SQLiteStore
import SyncCore

// Everything heals, everybody syncs until nothing is under way, and the checkers look.
extension Town {
  /// More rounds than this mean that something will never end.
  private static let mostRounds = 10

  func settle() throws {
    tell("-- everything heals and everybody syncs")
    count("settled")
    try freeSpace()
    network.clear()
    for machine in active { machine.exchange = nil }
    var rounds = 0
    while try !syncRound() {
      rounds += 1
      if rounds == Self.mostRounds { throw Violation(.progress, "after \(rounds) rounds still not at rest") }
    }
    try absorb()
    try checkProgress()
    try checkWaiting()
    try checkConvergence()
    try checkExactlyOnce()
    try checkConstraints()
    try checkConservation()
    try checkSums()
    try checkErasures()
    try checkGrowth()
    try checkReplay()
  }

  private func absorb() throws {
    try city.master.absorbNow()
    try city.look()
  }

  /// - Returns: whether nobody had anything to say.
  private func syncRound() throws -> Bool {
    var isQuiet = true
    for machine in active {
      time.now += 1000
      let before = (machine.rows, try machine.replica.meta().cursor)
      let refusals = refused
      guard try syncWhole(machine) else {
        throw Violation(.progress, "machine \(machine.name) does not finish its sync")
      }
      if refused != refusals {
        throw Violation(.progress, "a sync of \(machine.name) was refused though nothing is wrong")
      }
      let status = try machine.replica.status()
      if machine.rows != before.0 || status.cursor != before.1 || status.inFlight != 0
        || status.pending != status.held.count
      {
        isQuiet = false
      }
    }
    return isQuiet
  }

  /// How many steps of syncs were refused so far.
  private var refused: Int {
    ["freeze", "request", "exchange", "answer"].reduce(0) { $0 + (tally["\($1), refused"] ?? 0) }
  }
}
