import SyncCore

/// The words and marks that every renderer shares.
package enum ReportWords {
  static let nothing = Label(zh: "没有记录", en: "nothing on record")
  package static let suppressed = Label(zh: "* 少于3家企业，不予公布", en: "* fewer than three enterprises, not published")
  static let target = Label(zh: "目标", en: "target")
  package static let suppressedMark = "*"
  /// A cell without a figure: told apart from one that holds nothing by mistake.
  static let noneMark = "—"

  static func mark(_ isGood: Bool?) -> String {
    switch isGood {
    case true?: "✓"
    case false?: "✗"
    case nil: "…"
    }
  }
}

extension Report.Unit {
  /// As a header names it.
  public var label: Label? {
    switch self {
    case .none, .year: nil
    case .wan: Label(zh: "万元", en: "10,000 yuan")
    case .yi: Label(zh: "亿元", en: "100 million yuan")
    case .percent: Label(zh: "%", en: "%")
    case .days: Label(zh: "天", en: "days")
    }
  }
}

extension Report.Column {
  /// The label with its unit: 应税销售（万元）, Taxable sales (10,000 yuan).
  public func header(_ language: Language) -> String {
    let (name, unit) = headerParts(language)
    return name + unit
  }

  /// The label, with a space after it where the unit wants one, and the unit in brackets.
  func headerParts(_ language: Language) -> (name: String, unit: String) {
    guard let unit = unit.label else { return (label.text(language), "") }
    switch language {
    case .zh: return (label.zh, "（\(unit.zh)）")
    case .en: return (label.en + " ", "(\(unit.en))")
    }
  }
}

extension Report.Cell {
  /// For people, without the unit.
  public func text(_ unit: Report.Unit, _ language: Language) -> String {
    switch self {
    case .none: ReportWords.noneMark
    case .text(let text): text
    case .label(let label): label.text(language)
    case .integer(let number): Self.text(number, unit)
    case .real(let number): Self.text(number, unit) ?? ReportWords.noneMark
    case .verdict(let isGood, let label): ReportWords.mark(isGood) + " " + label.text(language)
    case .suppressed: ReportWords.suppressedMark
    }
  }

  private static func text(_ number: Int64, _ unit: Report.Unit) -> String {
    switch unit {
    case .none, .days: ReportNumber.integer(number)
    case .year: String(number)
    case .wan, .yi: ReportNumber.money(number, unit)
    case .percent: ReportNumber.percent(Double(number)) ?? ReportWords.noneMark
    }
  }

  private static func text(_ number: Double, _ unit: Report.Unit) -> String? {
    switch unit {
    case .none, .days, .year: return ReportNumber.decimal(number)
    case .percent: return ReportNumber.percent(number)
    case .wan, .yi:
      // A mean of yuan; a fraction of one is not shown.
      guard let yuan = Int64(exactly: number.rounded()) else { return ReportNumber.decimal(number / unit.divisor) }
      return ReportNumber.money(yuan, unit)
    }
  }

  /// As it is stored; nil where there is no (finite) number.
  var number: Double? {
    switch self {
    case .integer(let number): Double(number)
    case .real(let number): number.isFinite ? number : nil
    case .none, .text, .label, .verdict, .suppressed: nil
    }
  }

  /// Stands at the right of its column.
  var isNumeric: Bool {
    switch self {
    case .integer, .real, .none, .suppressed: true
    case .text, .label, .verdict: false
    }
  }
}

extension Report.Unit {
  /// What a stored number is divided by to be shown.
  var divisor: Double {
    switch self {
    case .none, .days, .year: 1
    case .wan: 10_000
    case .yi: 100_000_000
    case .percent: 0.01
    }
  }
}

extension Report.Section {
  var hasSuppressed: Bool { rows.contains { $0.contains(.suppressed) } }

  /// The cell, or none where a row is too short.
  func cell(_ row: [Report.Cell], _ column: Int) -> Report.Cell { column < row.count ? row[column] : .none }

  /// Whether the column holds numbers, and therefore stands right.
  func isNumeric(_ column: Int) -> Bool {
    if columns[column].unit != .none { return true }
    let cells = rows.map { cell($0, column) }
    return cells.allSatisfy(\.isNumeric) && cells.contains { $0 != .none }
  }
}
