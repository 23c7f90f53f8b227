import Replica
import SQLiteStore
import SyncCore

// Everything heals, everybody syncs until nothing is under way, and the checkers look.
extension Town {
  /// More rounds than this mean that something will never end.
  private static let mostRounds = 10

  func settle(_ event: Event = Event(id: 0, kind: .settle, machine: 1, seed: 0)) throws {
    // The log is replayed, too, which costs most.
    let replaying = event.machine == 1
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
    try rest()
    try eraseAgain(event)
    try mend(event)
    defer { statuses = [:] }
    for machine in machines { statuses[machine.index] = try machine.replica.status() }
    try checkProgress()
    try checkHeld()
    try checkWaiting()
    try checkSetAside()
    try checkConvergence()
    try checkDecided()
    try checkHeard()
    try checkTold()
    try checkExactlyOnce()
    try checkGivenBack()
    try checkConstraints(readingIndexes: replaying)
    try checkConservation()
    try checkSums()
    try checkEnteredAnew()
    try checkTakenOut()
    // A full disk may have hindered it: the server tries again every minute.
    if tally["disk of the city full"] != nil, try city.master.holdsOldPages() {
      count("old pages removed later")
      try city.master.tidy()
    }
    try checkErasures()
    try checkGrowth()
    if replaying { try checkReplay() }
    try noteBaseline(event.id)
  }

  func rest() throws {
    var rounds = 0
    while try !syncRound() {
      rounds += 1
      if rounds == Self.mostRounds { throw Violation(.progress, "after \(rounds) rounds still not at rest") }
    }
    try absorb()
  }

  /// A tool may have left rows of the city's that point nowhere. That nobody sees them is looked at first, then they are deleted.
  /// Cells that refer weakly to what is not there are emptied, or their rows deleted too.
  private func mend(_ event: Event) throws {
    let edits = schema.mending(of: city.rows)
    if edits.isEmpty { return }
    count("mended")
    try checkConvergence()
    try perform(edits, event, "rows that point nowhere deleted", raw: true, hasKeys: false)
    try rest()
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
