/// What a spreadsheet makes of a text that it takes for a day, a month or a time: `Jan-18` of the batch `2018-1`, `4-Oct`
/// of the protein `OCT4`, `1:02` of the ratio `1:2`.
package enum SpreadsheetDate {
  private static let months = [
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
  ]
  private static let separators = ["", "-", "/", " "]

  /// Whether a text is the same day, month or time as another one that is written as such, in another spelling.
  package static func isLeft(_ text: String, of original: String) -> Bool {
    guard text != original else { return false }
    if let meant = time(original) { return time(text) == meant }
    return spellings(of: original).contains(plain(text))
  }

  private static func spellings(of text: String) -> [String] {
    if let numbers = parsed(text) { return spellings(numbers) }
    guard let (month, number) = named(text), let name = monthName(month) else { return [] }
    if (1...31).contains(number) { return ["\(number)-\(name)", "\(month)月\(number)日"] }
    return years(number).flatMap { spellings([$0, month]) }
  }

  /// `OCT4`, `Sept-2018`, `4 mar`: a month by three letters of its name or more, and one number.
  private static func named(_ text: String) -> (month: Int, number: Int)? {
    let text = text.lowercased()
    let (name, digits) = (text.filter(\.isLetter), text.filter(\.isNumber))
    let isNamed = separators.contains { text == "\(name)\($0)\(digits)" || text == "\(digits)\($0)\(name)" }
    guard isNamed, name.count >= 3, let month = months.firstIndex(where: { $0.hasPrefix(name) }),
      digits.count <= 4, let number = Int(digits)
    else { return nil }
    return (month + 1, number)
  }

  /// Hours, minutes and seconds.
  private static func time(_ text: String) -> [Int]? {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    let isTime =
      (2...3).contains(parts.count) && parts.allSatisfy { $0.utf8.count <= 4 && SpreadsheetNumber.isDigits($0) }
    return isTime ? parts.compactMap { Int($0) } + (parts.count == 2 ? [0] : []) : nil
  }

  /// `2018-1`, `2018/1/5`, `1-2`.
  private static func parsed(_ text: String) -> [Int]? {
    let parts = text.split(omittingEmptySubsequences: false) { $0 == "-" || $0 == "/" }
    let isDate =
      (2...3).contains(parts.count) && parts.allSatisfy { $0.utf8.count <= 4 && SpreadsheetNumber.isDigits($0) }
    return isDate ? parts.compactMap { Int($0) } : nil
  }

  private static func spellings(_ numbers: [Int]) -> [String] {
    let (first, second) = (numbers[0], numbers[1])
    if first < 1000, numbers.count == 3 { return ofShortDate(first, second, numbers[2]) }
    if first < 1000 {
      // What is no day is a year.
      return second > 31 ? years(second).flatMap { spellings([$0, first]) } : ofDay(first, second)
    }
    let day = numbers.count == 3 ? numbers[2] : 1
    guard let name = monthName(second), (1...31).contains(day) else { return [] }
    var found = ["\(first)-\(second)-\(day)", "\(first)年\(second)月\(day)日"]
    for year in [first, first % 100] {
      found += ["\(second)-\(day)-\(year)", "\(day)-\(second)-\(year)", "\(day)-\(name)-\(year)"]
      if numbers.count == 2 { found.append("\(name)-\(year)") }
    }
    return numbers.count == 2 ? found + ["\(first)年\(second)月"] : found
  }

  /// Of a month and a day, or of a day and a month.
  private static func ofDay(_ first: Int, _ second: Int) -> [String] {
    [(first, second), (second, first)].flatMap { month, day -> [String] in
      guard let name = monthName(month), (1...31).contains(day) else { return [] }
      return ["\(day)-\(name)", "\(month)月\(day)日"]
    }
  }

  /// Of a day whose year, before or after it, may be written without its century.
  private static func ofShortDate(_ first: Int, _ second: Int, _ third: Int) -> [String] {
    [(first, second, third), (third, first, second)].flatMap { year, month, day -> [String] in
      guard (1...12).contains(month), (1...31).contains(day) else { return [] }
      return years(year).flatMap { ["\($0)-\(month)-\(day)", "\(month)-\(day)-\($0)"] }
    }
  }

  /// The years for which a number may be taken.
  private static func years(_ number: Int) -> [Int] {
    if number >= 1000 { return [number] }
    return number < 100 ? [1900 + number, 2000 + number] : []
  }

  private static func monthName(_ month: Int) -> String? {
    (1...12).contains(month) ? String(months[month - 1].prefix(3)) : nil
  }

  /// With hyphens, in small letters, and without the zeros before a number.
  private static func plain(_ text: String) -> String {
    let parts = text.lowercased().split(omittingEmptySubsequences: false) { $0 == "-" || $0 == "/" }
    return parts.map { part in Int(part).map { String($0) } ?? String(part) }.joined(separator: "-")
  }
}
