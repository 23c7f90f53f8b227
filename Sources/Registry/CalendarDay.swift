import SyncCore

/// A day of the Gregorian calendar, without a time or a place.
public struct CalendarDay: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// Days since 1970-01-01.
  public let number: Int64

  public init(number: Int64) { self.number = number }

  /// Written YYYY-MM-DD. nil: no such day.
  public init?(_ text: String) {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false).map { Int64($0) ?? -1 }
    guard text.utf8.count == 10, parts.count == 3, parts.allSatisfy({ $0 >= 0 }), (1...12).contains(parts[1]) else {
      return nil
    }
    self.init(year: parts[0], month: parts[1], day: parts[2])
    if description != text { return nil }
  }

  /// The day in China (UTC+8) at so many milliseconds since 1970.
  public init(inChinaAt milliseconds: Int64) {
    number = (milliseconds + 8 * 3_600_000).flooredQuotient(by: 86_400_000)
  }

  /// Years are counted from March, so that the leap day is the last one.
  public init(year: Int64, month: Int64, day: Int64) {
    let year = month <= 2 ? year - 1 : year
    let era = year.flooredQuotient(by: 400)
    let yearOfEra = year - era * 400
    let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
    number = era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }

  public var year: Int64 { parts.year }

  public var description: String {
    let (year, month, day) = parts
    return [(year, 4), (month, 2), (day, 2)].map(Self.padded).joined(separator: "-")
  }

  private var parts: (year: Int64, month: Int64, day: Int64) {
    let shifted = number + 719_468
    let era = shifted.flooredQuotient(by: 146_097)
    let day = shifted - era * 146_097
    let yearOfEra = (day - day / 1460 + day / 36_524 - day / 146_096) / 365
    let dayOfYear = day - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let month = (5 * dayOfYear + 2) / 153
    return (
      yearOfEra + era * 400 + (month >= 10 ? 1 : 0), (month + 2) % 12 + 1, dayOfYear - (153 * month + 2) / 5 + 1
    )
  }

  public static func < (a: Self, b: Self) -> Bool { a.number < b.number }

  public func adding(_ days: Int64) -> CalendarDay { CalendarDay(number: number + days) }
}

extension CalendarDay {
  /// Monday to Friday. Public holidays, and weekends worked in their place, are not known here.
  public var isWorkingDay: Bool { (number + 3).flooredRemainder(by: 7) < 5 }

  /// The last of so many working days. The day itself does not count (Civil Code, article 201).
  public func after(workingDays: Int64) -> CalendarDay {
    var day = self
    var left = workingDays
    while left > 0 {
      day = day.adding(1)
      if day.isWorkingDay { left -= 1 }
    }
    return day
  }
}

extension CalendarDay {
  /// A moment as ISO 8601 in UTC with milliseconds, which are counted from 1970.
  public static func isoTime(milliseconds: Int64) -> String {
    let day = milliseconds.flooredQuotient(by: 86_400_000)
    let time = milliseconds.flooredRemainder(by: 86_400_000)
    let clock = [time / 3_600_000, time / 60_000 % 60, time / 1000 % 60].map { padded($0, to: 2) }
    return "\(CalendarDay(number: day))T\(clock.joined(separator: ":")).\(padded(time % 1000, to: 3))Z"
  }

  private static func padded(_ number: Int64, to width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}

extension Int64 {
  fileprivate func flooredRemainder(by divisor: Int64) -> Int64 { (self % divisor + divisor) % divisor }
  fileprivate func flooredQuotient(by divisor: Int64) -> Int64 { (self - flooredRemainder(by: divisor)) / divisor }
}
