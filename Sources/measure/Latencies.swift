/// Every latency, sorted: percentiles are exact, and no histogram with buckets is needed for some hundred thousand of them.
struct Latencies {
  private let sorted: [Duration]

  init(_ latencies: [Duration]) { sorted = latencies.sorted() }

  /// The smallest latency that is not exceeded by this share of all, in seconds.
  func percentile(_ share: Double) -> Double {
    let place = Int((share * Double(sorted.count)).rounded(.up))
    return sorted.isEmpty ? 0 : sorted[min(max(place, 1), sorted.count) - 1].inSeconds
  }

  var report: [String: Double] {
    [
      "p50": percentile(0.5), "p90": percentile(0.9), "p99": percentile(0.99), "p99.9": percentile(0.999),
      "max": percentile(1),
    ]
  }
}
