import ArgumentParser
import Foundation
import Simulation

/// `simulate --seed N`: a town that syncs under every fault, and the checkers that look whether it kept its promises.
@main
struct Simulate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Runs simulated towns and checks the promises of Protocol/SPEC.md. Ends with 1 when one is broken.")

  @Option(help: "One seed.") var seed: UInt64?
  @Option(help: "Seeds A..B, both included.") var seeds: String?
  @Option(help: "Events of one run.") var ticks = 300
  @Option(help: "Runs at a time.") var jobs = 1
  @Option(help: "Begin no more runs after so many seconds of processor time; with --mutants, for each of them.")
  var seconds: Double?
  @Option(help: "Where the databases go.") var folder = Simulation.fastFolder
  @Flag(help: "Tell what happens.") var story = false
  @Flag(help: "Look for a shorter story of what went wrong.") var shrink = false
  @Flag(help: "Run every seed twice and compare all tables.") var twice = false
  @Flag(help: "Print one line for each seed: the SHA-256 of all tables.") var digest = false
  @Option(help: "Switch on one deliberate defect (built with MUTANTS=1).") var mutant: String?
  @Flag(help: "Try every deliberate defect (built with MUTANTS=1).") var mutants = false

  func run() throws {
    let campaign = Campaign(
      seeds: try range(), ticks: ticks, jobs: jobs, folder: folder, isTwice: twice, showsDigest: digest,
      seconds: seconds)
    if mutants { return try Mutants.runAll(campaign) }
    if let mutant { try Mutants.activate(mutant) }
    if story, let seed {
      print(Simulation(seed: seed, ticks: ticks, folder: folder).run(telling: true).story.joined(separator: "\n"))
    }
    let result = campaign.run()
    result.printTally()
    guard let (seed, violation) = result.failure else { return }
    print(
      "\(violation.invariant.rawValue) is broken, seed \(seed), event \(violation.event ?? -1): \(violation.message)")
    print("  Tools/simulate --seed \(seed) --ticks \(ticks)\(mutant.map { " --mutant \($0)" } ?? "") --shrink")
    if shrink {
      let short = Simulation(seed: seed, ticks: ticks, folder: folder).shortStory(of: violation)
      print(short.story.joined(separator: "\n"))
      print("\(short.violation.invariant.rawValue): \(short.violation.message)")
    }
    throw ExitCode(1)
  }

  private func range() throws -> ClosedRange<UInt64> {
    if let seed { return seed...seed }
    let ends = (seeds ?? "1..20").components(separatedBy: "..").compactMap(UInt64.init)
    guard ends.count == 2, ends[0] <= ends[1] else { throw ValidationError("--seeds A..B, as 1..100") }
    return ends[0]...ends[1]
  }
}
