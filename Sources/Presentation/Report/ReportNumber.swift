import SyncCore

/// Numbers as a report shows them to people. Money is never a floating point number.
public enum ReportNumber {
  /// "-1,234,567"
  public static func integer(_ number: Int64) -> String {
    (number < 0 ? "-" : "") + grouped(String(number.magnitude))
  }

  /// Yuan in units of 10,000 (`wan`) or 100,000,000 (`yi`) with two decimals, half away from zero; other units as
  /// they are.
  public static func money(_ yuan: Int64, _ unit: Report.Unit) -> String {
    let places = unit.moneyPlaces
    guard places > 2 else { return integer(yuan) }
    // What is left of the last two decimals goes; 2^63 and a half of it still fit.
    let last: UInt64 = places == 4 ? 100 : 1_000_000
    return fixed((yuan.magnitude + last / 2) / last, decimals: 2, isNegative: yuan < 0)
  }

  /// A share with one decimal, half away from zero: 0.5 is "50.0". Nil for what is no number.
  public static func percent(_ share: Double) -> String? { rounded(share, scale: 1000, decimals: 1) }

  /// With two decimals at most, and none when it is whole. Nil for what is no number.
  public static func decimal(_ number: Double) -> String? {
    // Of a very small number two decimals would leave nothing.
    if number != 0, abs(number) < 0.005 { return number.description }
    guard let text = rounded(number, scale: 100, decimals: 2) else { return nil }
    return text.contains(".") ? withoutEndingZeros(text) : text
  }

  /// In the unit, with every digit and no separators, for a spreadsheet: 12345678 yuan are "1234.5678" (万元).
  static func plainMoney(_ yuan: Int64, _ unit: Report.Unit) -> String { shifted(yuan, places: unit.moneyPlaces) }

  /// A share as a percentage with four decimals at most.
  static func plainPercent(_ share: Double) -> String? {
    guard share.isFinite else { return nil }
    guard abs(share) < 1e12 else { return (share * 100).description }
    return shifted(Int64((share * 1_000_000).rounded()), places: 4)
  }

  /// The integer with its point moved to the left, without zeros at the end.
  private static func shifted(_ number: Int64, places: Int) -> String {
    guard places > 0 else { return String(number) }
    let text = withPoint(String(number.magnitude), decimals: places, group: false)
    return (number < 0 ? "-" : "") + withoutEndingZeros(text)
  }

  private static func rounded(_ number: Double, scale: Double, decimals: Int) -> String? {
    guard number.isFinite else { return nil }
    // Beyond that a Double has no decimals to speak of.
    guard abs(number) < 1e14 else { return number.description }
    let digits = (abs(number) * scale).rounded(.toNearestOrAwayFromZero)
    return fixed(UInt64(digits), decimals: decimals, isNegative: number < 0)
  }

  /// What rounds to nothing has no sign.
  private static func fixed(_ digits: UInt64, decimals: Int, isNegative: Bool) -> String {
    (isNegative && digits != 0 ? "-" : "") + withPoint(String(digits), decimals: decimals, group: true)
  }

  private static func withPoint(_ digits: String, decimals: Int, group: Bool) -> String {
    let padded = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
    let whole = String(padded.dropLast(decimals))
    return (group ? grouped(whole) : whole) + "." + padded.suffix(decimals)
  }

  private static func grouped(_ digits: String) -> String {
    var out = ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index) % 3 == 0 { out += "," }
      out.append(digit)
    }
    return out
  }

  private static func withoutEndingZeros(_ text: String) -> String {
    var text = text
    while text.last == "0" { text.removeLast() }
    if text.last == "." { text.removeLast() }
    return text
  }
}

extension Report.Unit {
  /// How many digits the point moves to the left from yuan; 0 where no money is counted.
  var moneyPlaces: Int {
    switch self {
    case .wan: 4
    case .yi: 8
    case .none, .percent, .days, .year: 0
    }
  }
}
