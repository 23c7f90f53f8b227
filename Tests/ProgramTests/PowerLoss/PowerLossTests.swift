import Foundation
import TestSupport
import Testing

// Loss of power: beside the process ends everything that it did not sync, files and names alike. What left a machine, or was
// confirmed to its user, must be there when it starts again.

@Suite(.timeLimit(.minutes(30)), .serialized) struct PowerLossTests {
  /// Before every call that makes something last, until a whole sync gets by.
  @Test func aCountyLosesPowerAtEveryPointOfASync() async throws {
    let world = try await PowerTown()
    var cuts = 0
    var isCut = true
    while isCut {
      try await world.type("cut-\(cuts)")
      try world.desk.lose()
      isCut = try await world.sync(["POWER_LOSS_CUT_SYNC": "\(cuts + 1)"])
      try world.desk.lose()
      if isCut { cuts += 1 }
      // Not after each one: the next edit then meets a batch that is on its way.
      if cuts % 2 == 0 { try await world.town.sync(PowerTown.home) }
    }
    #expect(cuts > 5)
    try await world.check("after \(cuts) cuts")
  }

  @Test func aCityLosesPowerAtEveryPointOfASync() async throws {
    let world = try await PowerTown()
    var cuts = 0
    var wasCut = true
    while wasCut {
      try await world.type("cut-\(cuts)")
      wasCut = try await world.syncWithCity(["POWER_LOSS_CUT_SYNC": "\(cuts + 1)"])
      try await world.restartCity()
      if wasCut { cuts += 1 }
    }
    // The transactions of a request share one flush; the name of the log is the other.
    #expect(cuts > 1)
    try await world.check("after \(cuts) cuts")
  }

  /// POWER_LOSS_ROUNDS runs more, POWER_LOSS_SEED repeats a run.
  private static func variables(rounds: Int) -> (rounds: Int, seed: UInt64) {
    let variables = ProcessInfo.processInfo.environment
    let seed = variables["POWER_LOSS_SEED"].flatMap(UInt64.init) ?? UInt64.random(in: 0...UInt64.max)
    print("POWER_LOSS_SEED=\(seed)")
    return (variables["POWER_LOSS_ROUNDS"].flatMap(Int.init) ?? rounds, seed)
  }

  /// Any subset of what was not synced survives, in any order.
  @Test func whateverOfTheUnsyncedSurvives() async throws {
    let (rounds, seed) = Self.variables(rounds: 16)
    var random = Seeded(state: seed)
    let world = try await PowerTown()
    var (calls, cuts) = (60, 0)
    for round in 1...rounds {
      try await world.type("round-\(round)")
      let share = UInt64.random(in: 0...4, using: &random)
      let survives = { random.next() % 4 < share }
      let call = "\(Int.random(in: 1...calls + 5, using: &random))"
      if round % 3 == 0 {
        if try await world.syncWithCity(["POWER_LOSS_CUT": call]) { cuts += 1 }
        try await world.restartCity(survives)
      } else {
        if try await world.sync(["POWER_LOSS_CUT": call]) { cuts += 1 } else { calls = max(20, world.desk.calls) }
        try world.desk.lose(survives)
      }
    }
    #expect(cuts > rounds / 4)
    try await world.check("POWER_LOSS_SEED=\(seed)")
  }

  /// What the other tests would find: on a disk that drops what it was told to keep, a number comes to stand for other bytes.
  @Test func aDiskThatLiesIsFoundOut() async throws {
    let world = try await PowerTown()
    try await world.town.sync(PowerTown.home)
    try await world.type("before")
    #expect(try await world.sync(["POWER_LOSS_LIES": "1"]) == false)
    try world.desk.lose()
    try await world.type("after")
    expectFailure(try await world.town.tryCounty(PowerTown.home, ["sync"]), 76, "batch 2")
  }

  /// The code of an enrolment is good for one key: the key must be there when it is repeated.
  @Test func aCountyLosesPowerAtEveryPointOfItsEnrolment() async throws {
    let world = try await PowerTown()
    var cuts = 0
    while try await world.isCutEnrolling("desk\(cuts)", ["POWER_LOSS_CUT_SYNC": "\(cuts + 1)"]) { cuts += 1 }
    #expect(cuts > 5)
    #expect(try await world.machines == cuts + 2)
  }

  @Test func aCountyLosesPowerAtEveryPointOfItsStartFromAStick() async throws {
    let world = try await PowerTown()
    var cuts = 0
    while try await world.isCutEnrolling("desk\(cuts)", onStick: true, ["POWER_LOSS_CUT_SYNC": "\(cuts + 1)"]) {
      cuts += 1
    }
    #expect(cuts > 5)
    #expect(try await world.machines == cuts + 2)
  }

  @Test func anEnrolmentIsRepeatedWhateverOfTheUnsyncedSurvives() async throws {
    let (rounds, seed) = Self.variables(rounds: 6)
    var random = Seeded(state: seed)
    let world = try await PowerTown()
    for round in 1...rounds {
      let share = UInt64.random(in: 0...4, using: &random)
      let cut = ["POWER_LOSS_CUT": "\(Int.random(in: 1...130, using: &random))"]
      _ = try await world.isCutEnrolling("desk\(round)", cut) { random.next() % 4 < share }
    }
    #expect(try await world.machines == rounds + 1, "POWER_LOSS_SEED=\(seed)")
  }

  @Test func aCityLosesPowerAtEveryPointOfItsFoundation() async throws {
    let world = try await PowerTown()
    let town = world.town
    let schema = try town.write("schema.yaml", PowerTown.schema)
    var cuts = 0
    var isCut = true
    while isCut {
      let hall = try Disk(town.folder, "hall\(cuts)")
      let home = ["--home", town.path("hall\(cuts)/city")]
      let command = [Program.path("city"), "init", "--schema", schema] + home
      let outcome = try await run(
        command, environment: town.environment.merging(["POWER_LOSS_CUT_SYNC": "\(cuts + 1)"]) { $1 })
      isCut = outcome.code == -SIGKILL
      try #require(isCut || outcome.isDone, "\(outcome.err)")
      try hall.lose()
      let isThere = FileManager.default.fileExists(
        atPath: hall.folder.appendingPathComponent("city/master.sqlite").path)
      #expect(isThere || isCut)
      if !isThere { try await need(command, environment: town.environment) }
      try await need([Program.path("city"), "add", "site", "code=B"] + home, environment: town.environment)
      try await need([Program.path("city"), "verify"] + home, environment: town.environment)
      if isCut { cuts += 1 }
    }
    #expect(cuts > 5)
  }
}
