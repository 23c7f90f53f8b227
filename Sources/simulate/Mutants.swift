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

    /// Prints for every defect the seed that found it, and by which promise.
    static func runAll(_ campaign: Campaign) throws {
      var missed = 0
      for mutant in Mutant.allCases {
        Mutant.active = mutant
        let result = campaign.run()
        if let (seed, violation) = result.failure {
          print("\(mutant.rawValue)\tseed \(seed)\t\(violation.invariant.rawValue)\t\(violation.message.prefix(100))")
        } else {
          print("\(mutant.rawValue)\tNOT FOUND in \(result.runs) seeds")
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
