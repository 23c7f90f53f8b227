import ArgumentParser
import Foundation
import Simulation
import SyncCore

// Deliberate defects, which only a build with MUTANTS=1 has: a checker that never fails proves nothing.

enum Mutants {
  #if MUTANTS
    static func activate(_ name: String) throws {
      guard let mutant = Mutant(rawValue: name) else {
        throw ValidationError("no such mutant; there are \(Mutant.allCases.map(\.rawValue).joined(separator: ", "))")
      }
      Mutant.active = mutant
    }

    /// Prints for every defect the first seed that finds it, the event at which it does, and the promise, as rows of
    /// Protocol/mutants.md.
    static func runAll(_ campaign: Campaign) throws {
      var missed = 0
      for mutant in Mutant.allCases {
        Mutant.active = mutant
        let result = campaign.run()
        if let (seed, violation) = result.failure {
          let event = violation.event.map { "\($0 + 1)" } ?? ""
          let climate = Simulation(seed: seed, ticks: campaign.ticks).climate
          print("| `\(mutant.rawValue)` | \(seed), \(climate) | \(event) | \(violation.invariant.rawValue) |")
        } else {
          print("| `\(mutant.rawValue)` | not found in \(result.runs) | | |")
          missed += 1
        }
        fflush(nil)
      }
      print("\(Mutant.allCases.count - missed) of \(Mutant.allCases.count) found")
      if missed > 0 { throw ExitCode(1) }
    }
  #else
    static func activate(_ name: String) throws { throw notBuilt }
    static func runAll(_ campaign: Campaign) throws { throw notBuilt }
    private static let notBuilt = ValidationError("build with MUTANTS=1, as Tools/simulate --mutants does")
  #endif
}
