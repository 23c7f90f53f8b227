import ArgumentParser
import CityCommands
import Foundation
import Master

/// `measure load`: many machines sync with one city that serves, over HTTP, with the client of the county's program. Each has a
/// file and a row of its own; no two machines edit one row.
///
/// Paced (`--every 3`), a sync is due every so many seconds, and its latency counts from when it was due, so that a city that
/// falls behind cannot hide it. Saturated (`--every 0`), a machine syncs again as soon as it is done.
struct Load: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Enrols machines with a city that serves, lets them all sync, and prints throughput, latency and memory.")

  @Option(help: "The city's home: codes come from it, and what arrived is looked up in it.") var city: String
  @Option(help: "Where it serves.") var cityURL: String
  @Option(help: "The process that serves.") var server: Int32
  @Option(help: "Where the machines' files go.") var folder: String
  @Option(help: "A unit to which machines belong, in turn; the city knows it. May be given several times.")
  var unit: [String]
  @Option(help: "How many machines.") var replicas = 200
  @Option(help: "For how long.") var seconds = 60.0
  @Option(help: "Seconds between two syncs of a machine; 0: none.") var every = 3.0
  @Option(help: "Of so many syncs of a machine one carries an edit of one row, the others nothing.") var edits = 1

  func validate() throws {
    guard !unit.isEmpty, replicas > 0, seconds > 0, every >= 0, edits > 0 else {
      throw ValidationError("give a --unit, and numbers above 0")
    }
  }

  func run() async throws {
    let master = try CityProgram.open(home: URL(fileURLWithPath: city))
    let clock = ContinuousClock()
    let begin = clock.now
    let machines = try await Crew(master: master, url: cityURL, folder: folder).enrol(replicas, units: unit)
    let enrolled = begin.duration(to: clock.now).inSeconds

    let watch = ServerWatch(RunningProcess("\(server)"))
    let ownTime = RunningProcess.own.processorTime()
    let watching = Task { await watch.run() }
    let shift = Shift(start: clock.now, seconds: seconds, every: every, edits: edits)
    let logs = await withTaskGroup(of: Machine.Log.self) { group in
      for machine in machines { group.addTask { await machine.work(shift, among: replicas) } }
      return await group.reduce(into: []) { $0.append($1) }
    }
    let lasted = shift.start.duration(to: clock.now).inSeconds
    watching.cancel()
    let server = await watching.value

    var report = LoadReport(logs, seconds: lasted).json
    report["replicas"] = replicas
    report["every"] = every
    report["enrolled in"] = enrolled
    report["server"] = server
    report["processor time of all machines"] = RunningProcess.own.processorTime() - ownTime
    report["lost"] = await Crew.lost(machines, master)
    try printJSON(report)
  }
}

/// What all machines do.
struct Shift: Sendable {
  let start: ContinuousClock.Instant
  let end: ContinuousClock.Instant
  let every: Duration
  let edits: Int

  init(start: ContinuousClock.Instant, seconds: Double, every: Double, edits: Int) {
    self.start = start
    end = start + .seconds(seconds)
    self.every = .seconds(every)
    self.edits = edits
  }

  var isPaced: Bool { every > .zero }
}
