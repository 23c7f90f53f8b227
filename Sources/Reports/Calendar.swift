/// Days `YYYY-MM-DD` of the Gregorian calendar.
enum Calendar {
  /// Days since 1970-01-01; nil when the text is no date.
  static func number(_ day: String) -> Int64? {
    let parts = day.split(separator: "-", omittingEmptySubsequences: false).map { Int64($0) }
    guard parts.count == 3, let year = parts[0], let month = parts[1], let date = parts[2], (1...12).contains(month),
      (1...31).contains(date), (0...9999).contains(year)
    else { return nil }
    // Years that begin in March end with the leap day. http://howardhinnant.github.io/date_algorithms.html
    let shifted = month > 2 ? year : year - 1
    let era = (shifted >= 0 ? shifted : shifted - 399) / 400
    let ofEra = shifted - era * 400
    let ofYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + date - 1
    return era * 146_097 + ofEra * 365 + ofEra / 4 - ofEra / 100 + ofYear - 719_468
  }

  static func lastDay(of year: Int64) -> String { "\(year)-12-31" }

  /// The same day so many years earlier; 29 February becomes 28 February.
  static func day(_ day: String, yearsBefore years: Int64) -> String {
    guard let year = Int64(day.prefix(4)) else { return day }
    let rest = day.dropFirst(4)
    let earlier = year - years
    let isLeap = earlier % 4 == 0 && (earlier % 100 != 0 || earlier % 400 == 0)
    return "\(earlier)\(rest == "-02-29" && !isLeap ? "-02-28" : String(rest))"
  }

  /// The share of a year that is over at the end of a day: 1 after it, 0 before it.
  static func elapsed(of year: Int64, on day: String) -> Double {
    guard let day = number(day), let before = number(lastDay(of: year - 1)), let last = number(lastDay(of: year)) else {
      return 0
    }
    return Double(min(max(day - before, 0), last - before)) / Double(last - before)
  }
}
