/// An axis: from where to where, with ticks at round numbers (1, 2 or 5 of a power of ten, at least 0.01).
struct ChartScale {
  let low: Double
  let high: Double
  let ticks: [Double]

  /// `hasZero`: the axis shows zero, as bars need; otherwise only when the numbers are not far from it.
  init(_ values: [Double], steps: Int = 5, hasZero: Bool = true) {
    // Whatever is larger is drawn at the edge: the distance of two ends, and a step over them, stay numbers.
    let values = values.map { max(-Self.most, min(Self.most, $0)) }
    let least = values.min() ?? 0
    let most = values.max() ?? 0
    let spread = most - least
    let size = max(abs(least), abs(most))
    // Without a spread there is nothing to look at closely.
    let isNearZero = hasZero || spread * 2 >= size || spread < size / 1_000_000
    let from = isNearZero ? min(0, least) : least
    let to = isNearZero ? max(0, most) : most
    let isWhole = values.allSatisfy { $0 == $0.rounded() }
    let step = Self.step((to - from) / Double(max(1, steps)), least: isWhole ? 1 : 0.01)
    let first = (from / step).rounded(.down)
    let last = max((to / step).rounded(.up), first + 1)
    low = first * step
    high = last * step
    ticks = (0...Int(last - first)).map { (first + Double($0)) * step }
  }

  /// Where the number stands between 0 (low) and 1 (high).
  func place(_ value: Double) -> Double { max(0, min(1, (value - low) / (high - low))) }

  private static let most = 1e100

  private static func step(_ wish: Double, least: Double) -> Double {
    var power = 0.01
    while power * 10 <= wish { power *= 10 }
    let step = [1, 2, 5, 10].map { $0 * power }.first { $0 >= wish } ?? power * 10
    return max(least, step)
  }
}
