import Foundation
import Simulation

/// Many seeds, some at a time, until one fails.
struct Campaign {
  var seeds: ClosedRange<UInt64>
  var ticks: Int
  var jobs: Int
  var folder: String
  var isTwice = false
  var showsDigest = false
  /// No run begins after so many seconds of processor time, whatever else the machine does.
  var seconds: Double?

  struct Result {
    var runs = 0
    var events = 0
    var seconds = 0.0
    var tally: [String: Int] = [:]
    /// The failure with the smallest seed.
    var failure: (seed: UInt64, violation: Violation)?

    func printTally() {
      for (what, count) in tally.sorted(by: { $0.key < $1.key }) { print("\(count)\t\(what)") }
      print("\(runs) seeds, \(events) events, \(Int(Double(events) / max(seconds, 0.001))) events a second")
    }
  }

  func run() -> Result {
    let start = Date()
    let state = State(next: seeds.lowerBound, end: seconds.map { processorTime() + $0 })
    DispatchQueue.concurrentPerform(iterations: jobs) { _ in
      while let seed = state.take(upTo: seeds.upperBound) { state.add(run(seed), seed, ticks) }
    }
    var result = state.result
    result.seconds = Date().timeIntervalSince(start)
    return result
  }

  private func run(_ seed: UInt64) -> Simulation.Outcome {
    let simulation = Simulation(seed: seed, ticks: ticks, folder: folder)
    var outcome = simulation.run()
    if showsDigest { print("\(seed)\t\(outcome.digest)") }
    if isTwice, outcome.violation == nil, simulation.run().digest != outcome.digest {
      outcome.violation = Violation(.determinism, "the same seed gave other bytes the second time")
    }
    return outcome
  }
}

/// What this program has used of the processor, seconds.
private func processorTime() -> Double { Double(clock()) / Double(CLOCKS_PER_SEC) }

/// What the jobs share.
private final class State: @unchecked Sendable {
  private let lock = NSLock()
  private var next: UInt64?
  private let end: Double?
  private(set) var result = Campaign.Result()

  init(next: UInt64, end: Double?) { (self.next, self.end) = (next, end) }

  func take(upTo last: UInt64) -> UInt64? {
    lock.withLock {
      if let end, processorTime() >= end { return nil }
      guard let seed = next, seed <= last, result.failure == nil else { return nil }
      next = seed == .max ? nil : seed + 1
      return seed
    }
  }

  func add(_ outcome: Simulation.Outcome, _ seed: UInt64, _ ticks: Int) {
    lock.withLock {
      result.runs += 1
      result.events += ticks
      result.tally.merge(outcome.tally, uniquingKeysWith: +)
      if let violation = outcome.violation, seed < result.failure?.seed ?? .max { result.failure = (seed, violation) }
    }
  }
}
