/// Days as spreadsheets count them.
enum DateSerial {
  /// 9999-12-31 when day 1 is 1900-01-01.
  private static let last = 2_958_465
  /// From 1900-01-01 to 1904-01-02 as spreadsheets count, with the day that never was.
  private static let shift1904 = 1462

  /// `YYYY-MM-DD`, with ` HH:MM:SS` when there is a time of day, or only that time for day 0. nil when it is no date.
  /// Day 60 is the 1900-02-29 that Lotus 1-2-3 invented and Excel kept; no calendar has it, so nothing takes it.
  static func text(_ serial: Double, from1904: Bool) -> String? {
    guard serial >= 0, serial < Double(last + 1) else { return nil }
    var day = Int(serial)
    var second = Int(((serial - Double(day)) * 86400).rounded())
    if second == 86400 { (day, second) = (day + 1, 0) }
    if day == 0, second > 0 { return clock(second) }
    let date = date(day + (from1904 ? shift1904 : 0))
    return date.map { second > 0 ? "\($0) \(clock(second))" : $0 }
  }

  private static func date(_ day: Int) -> String? {
    guard day <= last else { return nil }
    switch day {
    case 0: return "1900-01-00"
    case 60: return "1900-02-29"
    default:
      let (year, month, day) = civil(daysSince1970: day - 25569 + (day < 60 ? 1 : 0))
      return "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
    }
  }

  /// The number of a date `YYYY-MM-DD` from 1900-03-01 on, where all programs agree; nil for any other text.
  static func serial(_ text: String) -> Int? {
    let parts = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
    guard parts.map(\.count) == [4, 2, 2] else { return nil }
    let numbers = parts.compactMap { part -> Int? in
      part.allSatisfy { (48...57).contains($0) } ? part.reduce(0) { $0 * 10 + Int($1) - 48 } : nil
    }
    guard numbers.count == 3 else { return nil }
    let serial = days(numbers[0], numbers[1], numbers[2]) + 25569
    // Reading it back also refuses days that no month has.
    return serial > 60 && date(serial) == text ? serial : nil
  }

  private static func clock(_ second: Int) -> String {
    [second / 3600, second / 60 % 60, second % 60].map { padded($0, 2) }.joined(separator: ":")
  }

  private static func padded(_ number: Int, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(width - digits.count, 0)) + digits
  }

  // The proleptic Gregorian calendar in eras of 400 years from March on (Howard Hinnant, "chrono-Compatible Low-Level
  // Date Algorithms"). Only years after 0 come here.

  private static func civil(daysSince1970: Int) -> (Int, Int, Int) {
    let shifted = daysSince1970 + 719_468
    let era = shifted / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let fromMarch = (5 * dayOfYear + 2) / 153
    let month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * fromMarch + 2) / 5 + 1)
  }

  private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
    let year = month <= 2 ? year - 1 : year
    let era = year >= 0 ? year / 400 : -1
    let yearOfEra = year - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }
}
