/// What all machines did together.
struct LoadReport {
  let logs: [Machine.Log]
  let seconds: Double

  init(_ logs: [Machine.Log], seconds: Double) {
    self.logs = logs
    self.seconds = seconds
  }

  var json: [String: Any] {
    let counts = logs.map(\.latencies.count)
    let (syncs, edits) = (counts.reduce(0, +), logs.reduce(0) { $0 + $1.edits })
    let failures = Dictionary(grouping: logs.flatMap(\.failures)) { $0 }.mapValues(\.count)
    return [
      "seconds": seconds, "syncs": syncs, "edits": edits, "syncs a second": Double(syncs) / seconds,
      "edits a second": Double(edits) / seconds, "latency": Latencies(logs.flatMap(\.latencies)).report,
      "syncs of a machine": ["fewest": counts.min() ?? 0, "most": counts.max() ?? 0],
      "failed": failures.values.reduce(0, +), "failures": failures,
    ]
  }
}
