import GRDB
import Presentation
import SQLiteStore
import SyncCore

/// A column of a table that one query fills: its head, and how the values are read.
struct Drawn {
  enum Reading {
    case plain, yesNo
    /// A value that the schema gives a name.
    case choice([Check.Choice])
    /// An org unit by its code.
    case unit
    /// A code item by its code: that of the first of these lists that has it, else of any other.
    case code([String])

    static let field = Self.code(["pillar_industry", "key_field"])
    static let topic = Self.code(["priority_topic"])
  }
  var column: Report.Column
  var reading = Reading.plain

  init(_ name: String, zh: String, en: String, unit: Report.Unit = .none, hasBar: Bool = false) {
    column = Report.Column(name, Label(zh: zh, en: en), unit: unit, hasBar: hasBar)
  }

  init(_ column: Report.Column, _ reading: Reading) {
    self.column = column
    self.reading = reading
  }

  /// Columns that many tables share.
  static let enterprise = Drawn("enterprise", zh: "企业", en: "Enterprise")
  static let uscc = Drawn("uscc", zh: "统一社会信用代码", en: "Credit code")
  static let name = Drawn("name", zh: "名称", en: "Name")
  static let year = Drawn("year", zh: "年份", en: "Year")
  static let count = Drawn("count", zh: "数量", en: "Count", hasBar: true)
  static let enterprises = Drawn("enterprises", zh: "企业数", en: "Enterprises")
  static let county = Drawn(Report.Column("county", Label(zh: "所属单位", en: "Unit")), .unit)
  static let daysLate = Drawn("days_late", zh: "逾期天数", en: "Days late", unit: .days)
  static func money(_ name: String, zh: String, en: String) -> Drawn { Drawn(name, zh: zh, en: en, unit: .wan) }
}

extension ReportSource {
  /// A column headed and read as the schema says of a field; money comes in units of 10,000 yuan.
  func drawn(_ record: String, _ field: String, as name: String? = nil) -> Drawn {
    guard let known = schema.record(record)?.field(field) else { return Drawn(name ?? field, zh: field, en: field) }
    let unit: Report.Unit = known.kind == .money ? .wan : .none
    let column = Report.Column(name ?? field, known.label.withoutUnit, unit: unit)
    if let choices = known.check.values { return Drawn(column, .choice(choices)) }
    if known.kind == .boolean { return Drawn(column, .yesNo) }
    return Drawn(column, known.reference?.record == "org_unit" ? .unit : .plain)
  }

  /// A column of codes that lists of code items name: a priority topic, or else a field of industry.
  func code(_ record: String, _ field: String) -> Drawn {
    Drawn(drawn(record, field).column, field == "topic" ? .topic : .field)
  }
}

extension Label {
  /// Heads of columns get their unit from the renderer.
  var withoutUnit: Label { Label(zh: zh.without("(元)", "(代码项)"), en: en.without(" (yuan)", " (code item)")) }
}

extension String {
  fileprivate func without(_ endings: String...) -> String {
    endings.reduce(self) { $0.hasSuffix($1) ? String($0.dropLast($1.count)) : $0 }
  }
}
