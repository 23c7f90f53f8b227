/// Looks at a server every second while it works.
struct ServerWatch: Sendable {
  let process: RunningProcess

  init(_ process: RunningProcess) { self.process = process }

  /// Until the task is cancelled.
  /// - Returns: memory at its peak and second by second; processor time used meanwhile.
  func run() async -> [String: any Sendable] {
    let (before, start) = (process.processorTime(), ContinuousClock.now)
    var samples: [[Double]] = []
    while !Task.isCancelled {
      samples.append([start.duration(to: .now).inSeconds, Double(process.memory(.now))])
      try? await Task.sleep(for: .seconds(1))
    }
    return [
      "peak memory": process.memory(.peak), "memory": samples,
      "processor time": process.processorTime() - before,
    ]
  }
}
