import GRDB
import Presentation
import Registry
import Reports
import SQLiteStore
import SyncCore

/// What an enterprise can be assessed as.
public enum AssessedScheme: String, CaseIterable, Sendable {
  case techSME = "tech_sme"
  case smallGiant = "small_giant"
}

extension RecordStore {
  /// How an enterprise stands against a scheme's rule. Inside `read` or `edit`.
  /// - Parameters:
  ///   - year: whose version of the rule holds.
  ///   - figures: the year of the annual figures.
  ///   - day: on which certificates and rights must be valid.
  public func assessment(
    _ db: Database, of enterprise: Enterprise, as scheme: AssessedScheme, year: Int64, figures: Int64,
    on day: CalendarDay
  ) throws -> Assessment {
    let rules = try Registry.rules()
    let (source, id) = reportSource(db, rules, enterprise, figures, day)
    switch scheme {
    case .techSME: return try rules.techSME.version(in: year).assess(EnterpriseFacts.techSME(source, id))
    case .smallGiant:
      let rule = try rules.smallGiant.version(in: year)
      return rule.assess(try EnterpriseFacts.smallGiant(source, id, rule: rule))
    }
  }

  /// What an application says of its enterprise today; nil: there is no rule for the scheme. Inside `edit`.
  /// - Parameter figures: the year of the annual figures; else the newest of this and last year.
  public func selfAssessment(
    _ db: Database, of enterprise: Enterprise, as scheme: String, year: Int64, figures: Int64? = nil
  ) throws -> Assessment? {
    guard let scheme = AssessedScheme(rawValue: scheme) else { return nil }
    let figures = try figures ?? figuresYear(db, of: enterprise, upTo: year)
    return try assessment(db, of: enterprise, as: scheme, year: year, figures: figures, on: today)
  }

  /// nil: the industry, the staff or the revenue does not say which class. Inside `read` or `edit`.
  public func sizeClass(
    _ db: Database, of enterprise: Enterprise, year: Int64, on day: CalendarDay
  ) throws -> (rule: RuleVersion, size: SizeClass?) {
    let rules = try Registry.rules()
    let (source, id) = reportSource(db, rules, enterprise, year, day)
    return (try rules.sizeClass.version(in: year).version, try EnterpriseFacts.size(source, id))
  }

  private func reportSource(
    _ db: Database, _ rules: Rules, _ enterprise: Enterprise, _ year: Int64, _ day: CalendarDay
  ) -> (ReportSource, String) {
    let source = ReportSource(db: db, schema: schema, rules: rules, day: day.description, year: year, unit: unit)
    return (source, enterprise.record.text("id", of: enterprise.row) ?? "")
  }

  /// The newest year up to this one, but not before the last one, of which the enterprise has annual figures.
  public func figuresYear(_ db: Database, of enterprise: Enterprise, upTo year: Int64) throws -> Int64 {
    let sql = """
      SELECT max(y.year) FROM enterprise_year y
      WHERE y.enterprise_id = ? AND y.year BETWEEN ? AND ? AND \(Valid.figures())
      """
    return try db.integer(sql, [enterprise.id, .integer(year - 1), .integer(year)]) ?? year
  }
}

extension Verdict {
  public var label: Label {
    switch self {
    case .pass: Label(zh: "符合", en: "pass")
    case .fail: Label(zh: "不符合", en: "fail")
    case .unknown: Label(zh: "待补数据", en: "unknown")
    }
  }
}

extension Assessment {
  /// The points together, where the rule gives any.
  var total: Item? { items.first { $0.kind == .total } }

  /// In a sentence: the verdict, the points, what is open.
  public var summary: Label {
    let points = total?.value.map { Label(zh: ",\($0.zh)", en: ", \($0.en) points") }
    let zh = open.map(\.zh).joined(separator: ";")
    let en = open.map(\.en).joined(separator: "; ")
    return Label(
      zh: verdict.label.zh + (points?.zh ?? "") + (zh.isEmpty ? "" : ":" + zh),
      en: verdict.label.en + (points?.en ?? "") + (en.isEmpty ? "" : ": " + en))
  }

  /// The summary as an application keeps it.
  public var kept: String { String(summary.zh.unicodeScalars.prefix(1000)) }

  func json(_ language: Language) -> [(String, JSON)] {
    func text(_ label: Label?) -> JSON { label.map { .string($0.text(language)) } ?? .null }
    let items = items.map { item in
      JSON.object([
        ("kind", .string(item.kind.rawValue)), ("name", text(item.name)), ("value", text(item.value)),
        ("points_from", .integer(Int64(item.points.lowerBound))),
        ("points_to", .integer(Int64(item.points.upperBound))),
        ("most_points", .integer(Int64(item.mostPoints))), ("verdict", .string(item.verdict.rawValue)),
        ("reason", text(item.reason)),
      ])
    }
    return [
      ("rule", .string(rule)), ("rule_from", .integer(from)), ("verdict", .string(verdict.rawValue)),
      ("items", .array(items)), ("open", .array(open.map { .string($0.text(language)) })),
    ]
  }

  func table(_ language: Language) -> String {
    let rows = items.map { item in
      let range = item.points
      let points =
        item.mostPoints == 0
        ? ""
        : (range.count == 1 ? "\(range.lowerBound)" : "\(range.lowerBound)–\(range.upperBound)") + "/\(item.mostPoints)"
      return [
        item.name.text(language), item.value?.text(language) ?? "", points, item.verdict.label.text(language),
        item.reason?.text(language) ?? "",
      ]
    }
    let headers = Label(zh: "项目 数据 得分 结论 说明", en: "item value points verdict reason").text(language)
    return TextTable(headers: headers.split(separator: " ").map(String.init), rows: rows).render()
  }
}

extension CommonOptions {
  /// A person decides: a failed assessment stops nothing.
  public func warn(_ assessment: Assessment) {
    if assessment.verdict == .pass { return }
    tell(Label(zh: "自评\(assessment.summary.zh)", en: "self-assessment: \(assessment.summary.en)"))
  }
}
