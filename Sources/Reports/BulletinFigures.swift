import Presentation
import Registry
import SQLiteStore
import SyncCore

/// What enterprises reported for a period and for the one a year before.
struct BulletinFigures {
  /// One that has to report.
  struct Reporter {
    var id, org: String
    /// The letter of its industry (GB/T 4754); empty when it has no code.
    var letter: String
    var now: [String: Int64] = [:]
    var before: [String: Int64] = [:]
    var hasReported: Bool { !now.isEmpty }
  }
  struct Figure {
    var name: String
    var label: Label
    var isMoney: Bool
    var column: Drawn { Drawn(name, zh: label.zh, en: label.en, unit: isMoney ? .wan : .none) }
  }
  var figures: [Figure]
  /// All that have to report.
  var expected: [Reporter]
  var reporters: [Reporter] { expected.filter(\.hasReported) }

  init(_ source: ReportSource, _ period: BulletinPeriod) throws {
    figures = period.isMonth ? Self.monthly(source) : Self.annual(source)
    var found: [String: Reporter] = [:]
    for row in try source.rows(bulletinExpected, ["day": .text(period.lastDay)]) {
      guard let id = row[0].string, let org = row[1].string else { continue }
      found[id] = Reporter(id: id, org: org, letter: String(row[2].string?.prefix(1) ?? ""))
    }
    let sql = period.isMonth ? Self.monthSQL : Self.yearSQL(figures)
    let arguments: [String: Value] = [
      "day": .text(period.lastDay), "period": .integer(period.code), "before": .integer(period.before),
    ]
    for row in try source.rows(sql, arguments) {
      guard case .text(let id) = row[0], case .text(let figure) = row[1], case .integer(let value) = row[3]
      else { continue }
      if row[2] == .integer(period.code) { found[id]?.now[figure] = value } else { found[id]?.before[figure] = value }
    }
    expected = Array(found.values)
  }

  private static func monthly(_ source: ReportSource) -> [Figure] {
    let indicators = source.schema.record("enterprise_month")?.field("indicator")?.check.values ?? []
    return indicators.map { Figure(name: $0.value, label: $0.label.withoutUnit, isMoney: $0.value != "staff") }
  }

  private static func annual(_ source: ReportSource) -> [Figure] {
    ["taxable_sales", "revenue", "rd", "staff"].compactMap { name in
      source.schema.record("enterprise_year")?.field(name).map {
        Figure(name: name, label: $0.label.withoutUnit, isMoney: $0.kind == .money)
      }
    }
  }

  private static let monthSQL = """
    SELECT e.id, m.indicator, m.period, m.ytd_value FROM (\(bulletinExpected)) e
    JOIN enterprise_month m ON m.enterprise_id = e.id WHERE m.period IN (:period, :before)
    """

  private static func yearSQL(_ figures: [Figure]) -> String {
    figures.map { figure in
      """
      SELECT e.id, '\(figure.name)', y.year, y.\(quoted(figure.name))
      FROM (\(bulletinExpected)) e JOIN enterprise_year y ON y.enterprise_id = e.id
      WHERE y.year IN (:period, :before) AND y.\(quoted(figure.name)) IS NOT NULL
      """
    }.joined(separator: " UNION ALL ")
  }
}

extension BulletinFigures {
  /// How many have to report.
  static func expectedCount(_ group: [Reporter]) -> Disclosure.Figure {
    .init(cell: .count(group.count), sums: group.isEmpty ? [:] : ["expected": ids(group)])
  }

  /// How many of them have. That rests on all of them: that neither of two has tells as much as that both have.
  static func reportedCount(_ group: [Reporter]) -> Disclosure.Figure {
    let reported = group.filter(\.hasReported)
    return .init(
      cell: .count(reported.count),
      sums: group.isEmpty ? [:] : ["expected": ids(group), "reporters": ids(reported)])
  }

  private static func ids(_ group: [Reporter]) -> Set<String> { Set(group.map(\.id)) }
}

/// Who has to report: tech SMEs and small giants whose recognition is valid on the day.
let bulletinExpected = """
  SELECT e.id, e.owner_org, e.industry FROM enterprise e WHERE \(Valid.enterprise("e")) AND EXISTS (
    SELECT 1 FROM recognition r WHERE r.enterprise_id = e.id AND r.scheme IN ('tech_sme', 'small_giant')
      AND \(Valid.recognition("r")))
  """

/// Sums of one figure over enterprises.
struct FigureSum {
  private let figure: String
  /// Enterprises that reported it, and those of them that did a year before too.
  private var reported: Set<String> = []
  private var both: Set<String> = []
  private var total = Sum()
  private var comparedTotal = Sum()
  private var earlierTotal = Sum()

  init(_ figure: String, _ reporters: [BulletinFigures.Reporter]) {
    self.figure = figure
    for reporter in reporters {
      guard let now = reporter.now[figure] else { continue }
      reported.insert(reporter.id)
      total.add(now)
      guard let before = reporter.before[figure] else { continue }
      both.insert(reporter.id)
      comparedTotal.add(now)
      earlierTotal.add(before)
    }
  }

  var count: Int { reported.count }
  var compared: Int { both.count }

  var sum: Disclosure.Figure {
    .init(cell: count == 0 ? .none : total.cell, sums: [Self.now(figure): reported])
  }
  var comparedSum: Disclosure.Figure { comparing(comparedTotal.cell) }
  var earlierSum: Disclosure.Figure { comparing(earlierTotal.cell) }
  /// Against the same enterprises a year before; nothing when they had nothing, or less.
  var growth: Disclosure.Figure {
    comparing(
      earlierTotal.value > 0
        ? .real(Double(comparedTotal.value - earlierTotal.value) / earlierTotal.real) : .none)
  }

  /// The quantities of a figure in the period and a year before.
  static func now(_ figure: String) -> String { "\(figure) now" }
  static func before(_ figure: String) -> String { "\(figure) before" }

  /// Of the sums compared and their growth none is shown without the others.
  private func comparing(_ cell: Report.Cell) -> Disclosure.Figure {
    .init(cell: compared == 0 ? .none : cell, sums: [Self.now(figure): both, Self.before(figure): both])
  }
}
