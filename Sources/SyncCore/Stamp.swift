/// A hybrid logical clock in one integer: milliseconds since 1970 << 16 | counter. It never goes back on one replica and
/// is never behind the stamp of a page or snapshot that was applied. Shown to people and used to break ties; never
/// truth (I7).
public struct Stamp: Hashable, Comparable, Sendable {
  public var raw: Int64

  public init(raw: Int64) { self.raw = raw }
  public init(milliseconds: Int64) { raw = min(max(milliseconds, 0), Int64.max >> 16) << 16 }

  public var milliseconds: Int64 { raw >> 16 }

  public static func < (a: Stamp, b: Stamp) -> Bool { a.raw < b.raw }

  /// The stamp of the next event: the wall clock if it has moved on, else one more than the last stamp.
  public func next(at milliseconds: Int64) -> Stamp {
    max(Stamp(raw: raw == .max ? raw : raw + 1), Stamp(milliseconds: milliseconds))
  }

  /// What the stamp is on the city's clock: shifted by the offset measured at the last handshake (city minus replica,
  /// milliseconds), never later than its arrival.
  public func corrected(offset: Int64, arrival: Stamp) -> Stamp {
    let shifted = milliseconds.addingReportingOverflow(offset)
    if shifted.overflow { return offset > 0 ? arrival : Stamp(raw: 0) }
    if shifted.partialValue < 0 { return Stamp(raw: 0) }
    if shifted.partialValue > arrival.milliseconds { return arrival }
    return min(Stamp(raw: shifted.partialValue << 16 | raw & 0xffff), arrival)
  }
}

/// Who edited and when.
public struct Edit: Hashable, Sendable {
  public var stamp: Stamp
  public var actor: String

  public init(stamp: Stamp, actor: String) {
    self.stamp = stamp
    self.actor = actor
  }
}
