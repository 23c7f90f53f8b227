import Registry
import SQLiteStore
import SyncCore

/// What the records say of one enterprise, for the rules to assess: its figures of the source's year, and what is valid on
/// the source's day. A figure that is not reported is unknown, and so are the rights of one for which none was ever recorded.
/// A certificate or an institution that is not recorded is one that it does not have.
public enum EnterpriseFacts {
  /// - Parameter id: of the enterprise. Throws `Failure` (`notFound`) when there is none.
  public static func techSME(_ source: ReportSource, _ id: String) throws -> TechSMEFacts {
    let enterprise = try enterprise(source, id)
    let year = try year(source, id, source.year)
    var facts = TechSMEFacts()
    facts.resident = enterprise["resident"]?.flag
    facts.prohibited = enterprise["prohibited"]?.flag
    facts.majorIncident = enterprise["major_incident"]?.flag
    facts.blacklisted = enterprise["blacklisted"]?.flag
    (facts.staff, facts.techStaff) = (year["staff"]?.int, year["tech_staff"]?.int)
    (facts.sales, facts.assets) = (year["taxable_sales"]?.int, year["assets"]?.int)
    (facts.rd, facts.cost) = (year["rd"]?.int, year["cost"]?.int)
    facts.classOneRights = try rights(source, id, "'invention', 'plant', 'drug', 'chip'")
    facts.classTwoRights = try rights(source, id, "'utility', 'design', 'software'")
    facts.highTechCertificate = try isHighTech(source, id)
    facts.nationalPrize = try isRecent(source, id, "national_prize")
    facts.ledStandard = try isRecent(source, id, "led_standard")
    facts.provincialInstitution = try source.exists(
      """
      rd_institution WHERE enterprise_id = ?2 AND confirmed = 1 AND level IN ('province', 'nation')
        AND (confirmed_year IS NULL OR confirmed_year <= CAST(substr(?1, 1, 4) AS INTEGER))
      """, [.text(source.day), .text(id)])
    return facts
  }

  /// - Parameter rule: the version that is applied; without it that of the source's year.
  public static func smallGiant(
    _ source: ReportSource, _ id: String, rule: SmallGiantRule? = nil
  ) throws -> SmallGiantFacts {
    _ = try enterprise(source, id)
    let rule = try rule ?? source.rules.smallGiant.version(in: source.year)
    let year = try year(source, id, source.year)
    var facts = SmallGiantFacts()
    facts.revenue = year["revenue"]?.int
    facts.revenueBefore = try self.year(source, id, source.year - rule.growthYears)["revenue"]?.int
    (facts.profit, facts.tax, facts.rd) = (year["profit"]?.int, year["tax"]?.int, year["rd"]?.int)
    (facts.mainRevenue, facts.productRevenue) = (year["main_revenue"]?.int, year["product_revenue"]?.int)
    facts.domesticRank = year["domestic_rank"]?.int
    facts.patents = try rights(source, id, "'invention', 'utility', 'design'")
    facts.highTech = try isHighTech(source, id)
    facts.techSME = try isRecognised(source, id, "tech_sme")
    return facts
  }

  /// nil: the industry, the staff or the revenue does not say which class.
  public static func size(_ source: ReportSource, _ id: String) throws -> SizeClass? {
    let rule = try source.rules.sizeClass.version(in: source.year)
    guard let industry = try enterprise(source, id)["industry"]?.string else { return nil }
    let year = try year(source, id, source.year)
    return rule.size(industry: industry, staff: year["staff"]?.int, revenue: year["revenue"]?.int)
  }

  // MARK: From the records

  private static func enterprise(_ source: ReportSource, _ id: String) throws -> [String: Value] {
    let found = try source.row("enterprise", "id = ?1", [.text(id)])
    guard !found.isEmpty else {
      throw Failure(.notFound, zh: "没有企业 \(id),请核对编号", en: "no enterprise \(id); check its id")
    }
    return found
  }

  private static func year(_ source: ReportSource, _ id: String, _ year: Int64) throws -> [String: Value] {
    try source.row("enterprise_year", "enterprise_id = ?1 AND year = ?2", [.text(id), .integer(year)])
  }

  /// nil: no right of any kind was ever recorded, so nobody has looked yet.
  private static func rights(_ source: ReportSource, _ id: String, _ kinds: String) throws -> Int64? {
    guard try source.exists("ip_right WHERE enterprise_id = ?1", [.text(id)]) else { return nil }
    return try source.db.integer(
      """
      SELECT count(*) FROM ip_right
      WHERE \(Valid.between("granted_on", "expires_on")) AND enterprise_id = ?2 AND kind IN (\(kinds))
      """, [.text(source.day), .text(id)])
  }

  private static func isRecognised(_ source: ReportSource, _ id: String, _ scheme: String) throws -> Bool {
    try source.exists(
      "recognition r WHERE \(Valid.recognition()) AND r.enterprise_id = ?2 AND r.scheme = ?3",
      [.text(source.day), .text(id), .text(scheme)])
  }

  /// By a certificate that the county has entered, or by the city's own recognition.
  private static func isHighTech(_ source: ReportSource, _ id: String) throws -> Bool {
    if try isRecognised(source, id, "high_tech") { return true }
    return try source.exists(
      "qualification WHERE \(Valid.between("issued_on", "expires_on")) AND enterprise_id = ?2 AND kind = 'high_tech'",
      [.text(source.day), .text(id)])
  }

  /// Within five years. One without a date may or may not be.
  private static func isRecent(_ source: ReportSource, _ id: String, _ kind: String) throws -> Bool? {
    let from = Calendar.day(source.day, yearsBefore: 5)
    let of = "qualification WHERE enterprise_id = ?1 AND kind = ?2"
    let arguments: [Value] = [.text(id), .text(kind)]
    if try source.exists("\(of) AND issued_on BETWEEN ?3 AND ?4", arguments + [.text(from), .text(source.day)]) {
      return true
    }
    return try source.exists("\(of) AND issued_on IS NULL", arguments) ? nil : false
  }
}

extension ReportSource {
  func exists(_ what: String, _ arguments: [Value]) throws -> Bool {
    try db.integer("SELECT EXISTS (SELECT 1 FROM \(what))", arguments) == 1
  }

  /// One row by the names of its fields; empty when there is none.
  func row(_ record: String, _ condition: String, _ arguments: [Value]) throws -> [String: Value] {
    guard let fields = schema.record(record) else { return [:] }
    let sql = "SELECT \(fields.columns.joined(separator: ", ")) FROM \(fields.table) WHERE \(condition)"
    guard let values = try db.first(sql, arguments) else { return [:] }
    return Dictionary(zip(fields.fields.map(\.name), values), uniquingKeysWith: { first, _ in first })
  }
}

extension Value {
  var int: Int64? { if case .integer(let x) = self { x } else { nil } }
  var string: String? { if case .text(let x) = self { x } else { nil } }
  var flag: Bool? { int.map { $0 != 0 } }
}
