import Replica
import SQLiteStore
import SyncCore

// Everything heals, everybody syncs until nothing is under way, and the checkers look.
extension Town {
  /// More rounds than this mean that something will never end.
  private static let mostRounds = 10

  /// - Parameter replaying: whether the log is replayed, too, which costs most.
  func settle(replaying: Bool = true) throws {
    tell("-- everything heals and everybody syncs")
    count("settled")
    isHealing = true
    defer { isHealing = false }
    try freeSpace()
    network.clear()
    away = []
    for machine in active { machine.giveUp() }
    try endRecovery()
    try upgradeAgain()
    var rounds = 0
    while try !syncRound() {
      rounds += 1
      if rounds == Self.mostRounds { throw Violation(.progress, "after \(rounds) rounds still not at rest") }
    }
    try absorb()
    defer { statuses = [:] }
    for machine in machines { statuses[machine.index] = try machine.replica.status() }
    try checkProgress()
    try checkWaiting()
    try checkSetAside()
    try checkConvergence()
    try checkExactlyOnce()
    try checkConstraints(readingIndexes: replaying)
    try checkConservation()
    try checkSums()
    try checkErasures()
    try checkGrowth()
    if replaying { try checkReplay() }
  }

  /// How a machine stands. At rest it is asked once.
  func status(_ machine: Machine) throws -> ReplicaStatus {
    if let known = statuses[machine.index] { return known }
    return try machine.replica.status()
  }

  private func absorb() throws {
    try city.master.absorbNow()
    try lookAtCity()
  }

  /// - Returns: whether nobody had anything to say.
  private func syncRound() throws -> Bool {
    var isQuiet = true
    for machine in active {
      time.now += 1000
      let before = (machine.rows, try machine.replica.meta().cursor)
      guard try syncHowever(machine) else {
        throw Violation(.progress, "machine \(machine.name) does not finish its sync")
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
}
