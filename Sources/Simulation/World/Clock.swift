/// The clock of one side: the town's time, and how far this one is off. Milliseconds since 1970. One thread uses it.
final class SimulatedClock: @unchecked Sendable {
  private let town: Time
  var skew: Int64 = 0 { didSet { wasOff = wasOff || skew != 0 } }
  /// Whether it ever was wrong.
  private(set) var wasOff = false
  /// Whether somebody set it since its machine began.
  var wasSet = false

  init(_ town: Time) { self.town = town }

  var now: Int64 { max(0, town.now + skew) }

  final class Time: @unchecked Sendable {
    var now: Int64 = 1_800_000_000_000
  }
}
