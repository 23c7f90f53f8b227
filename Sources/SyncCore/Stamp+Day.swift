extension Stamp {
  /// The day of the stamp in China (UTC+8), as a date of ISO 8601.
  public var day: String {
    let (year, month, day) = civil(daysSince1970: Int((max(milliseconds, 0) + 8 * 3_600_000) / 86_400_000))
    return [padded(year, 4), padded(month, 2), padded(day, 2)].joined(separator: "-")
  }
}

/// The proleptic Gregorian date of a day not before 1970. Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms",
/// civil_from_days: years begin in March, so that the leap day is the last.
private func civil(daysSince1970: Int) -> (year: Int, month: Int, day: Int) {
  let days = daysSince1970 + 719_468
  let era = days / 146_097
  let dayOfEra = days % 146_097
  let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
  let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
  let monthFromMarch = (5 * dayOfYear + 2) / 153
  let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
  return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
}

private func padded(_ number: Int, _ width: Int) -> String {
  let digits = String(number)
  return String(repeating: "0", count: max(0, width - digits.count)) + digits
}
