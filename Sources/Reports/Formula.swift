import SyncCore

/// How an indicator of the plan follows from the records.
struct Formula: Sendable {
  enum Kind: Sendable {
    case count
    /// A sum of yuan.
    case money
    /// Those of the counted whose taxable sales lie in the tier of this indicator.
    case tier
  }
  let code: String
  let kind: Kind
  /// Records that it is drawn from.
  let records: [String]
  /// Each row is one thing that counts: its unit, its enterprise, yuan, the year from which it counts.
  /// `?1` is the day, of a year that is over its last one, `?2` the year, `?3` the day that the report is drawn on.
  let sql: String
  /// Counts rows that would count if they had a year; nil: none can lack it.
  var undated: String?
  let meaning: Label

  /// In the order of the plan. An indicator without a formula is entered by hand (`indicator_value`).
  static let all = recognised + confirmed + dated

  static func of(_ code: String) -> Formula? { all.first { $0.code == code } }

  /// The place of an indicator in lists.
  static func order(_ code: String) -> Int { places.firstIndex(of: code) ?? places.count }

  private static let places = [
    "tech_sme", "small_giant_tier1", "small_giant_tier2", "small_giant_tier3", "small_giant_sales",
    "small_giant_recognised", "small_giant_cumulative", "key_technology", "srdi_product", "srdi_product_new", "cluster",
    "rd_institution", "public_platform", "park", "carrier", "transformation_project", "talent", "refinancing",
    "equity_listing",
  ]
}

/// What follows from recognitions.
extension Formula {
  static let validGiants = """
    SELECT e.owner_org AS org, e.id AS id, y.taxable_sales AS taxable_sales, min(r.year) AS since
    FROM recognition r JOIN enterprise e ON e.id = r.enterprise_id
    LEFT JOIN enterprise_year y ON y.enterprise_id = e.id AND y.year = ?2
    WHERE r.scheme = 'small_giant' AND \(Valid.recognition()) AND \(Valid.enterprise()) GROUP BY e.id
    """

  private static let recognised: [Formula] = [
    Formula(
      code: "tech_sme", kind: .count, records: ["recognition"],
      sql: """
        SELECT e.owner_org, e.id, NULL, min(r.year) FROM recognition r JOIN enterprise e ON e.id = r.enterprise_id
        WHERE r.scheme = 'tech_sme' AND \(Valid.recognition()) AND \(Valid.enterprise()) GROUP BY e.id
        """,
      meaning: Label(zh: "认定有效的企业,每家计一次", en: "enterprises with a valid recognition, each once")),
    tier(
      "small_giant_tier1", Label(zh: "有效科技小巨人,应税销售≥1亿元", en: "valid small giants with sales of 100 million and more")),
    tier(
      "small_giant_tier2", Label(zh: "有效科技小巨人,应税销售≥5亿元且<10亿元", en: "valid small giants, 500 million to below 1 billion")
    ),
    tier(
      "small_giant_tier3", Label(zh: "有效科技小巨人,应税销售≥10亿元", en: "valid small giants with sales of 1 billion and more")),
    Formula(
      code: "small_giant_sales", kind: .money, records: ["recognition", "enterprise_year"], sql: validGiants,
      meaning: Label(zh: "有效科技小巨人当年应税销售之和", en: "taxable sales of valid small giants in the year")),
    Formula(
      code: "small_giant_recognised", kind: .count, records: ["recognition"],
      sql: """
        SELECT e.owner_org, e.id, NULL, r.year FROM recognition r JOIN enterprise e ON e.id = r.enterprise_id
        WHERE r.scheme = 'small_giant' AND r.year = ?2 AND \(Valid.made(by: "?3")) AND \(Valid.enterprise())
        GROUP BY e.id
        """,
      // That of a year is often made in the January after.
      meaning: Label(zh: "当年认定的企业,后被撤销的也计", en: "enterprises recognised in the year, revoked ones too")),
    Formula(
      code: "small_giant_cumulative", kind: .count, records: ["recognition"],
      sql: """
        SELECT e.owner_org, e.id, NULL, min(r.year) FROM recognition r JOIN enterprise e ON e.id = r.enterprise_id
        WHERE r.scheme = 'small_giant' AND r.year <= ?2 AND \(Valid.made()) AND \(Valid.enterprise()) GROUP BY e.id
        """,
      meaning: Label(
        zh: "历年认定的企业,每家计一次,失效或撤销的也计", en: "enterprises ever recognised, each once, lapsed and revoked ones too")),
  ]

  private static func tier(_ code: String, _ meaning: Label) -> Formula {
    Formula(code: code, kind: .tier, records: ["recognition", "enterprise_year"], sql: validGiants, meaning: meaning)
  }
}

/// What the county files and the city confirms. It counts from the year in which it was first confirmed.
extension Formula {
  private static let confirmed: [Formula] = [
    ofEnterprise("key_technology", "key_technology", same: "t.kind, t.name"),
    ofEnterprise("srdi_product", "product"),
    ofEnterprise("srdi_product_new", "product", having: "HAVING min(t.confirmed_year) = ?2", isNew: true),
    ofUnit("cluster", "cluster"),
    ofEnterprise(
      "rd_institution", "rd_institution",
      where: "AND t.confirmed_year = ?2 AND t.level IN ('city', 'province', 'nation')", same: "t.kind, t.name",
      isNew: true),
    ofUnit("park", "park", where: "AND t.kind = 'featured_park'", name: "t.name_zh"),
    ofUnit("carrier", "carrier", enterprise: "min(t.enterprise_id)"),
    ofEnterprise("transformation_project", "project", where: "AND t.phase <> 'stopped'"),
  ]

  private static func ofEnterprise(
    _ code: String, _ record: String, where condition: String = "", same: String = "t.name", having: String = "",
    isNew: Bool = false
  ) -> Formula {
    Formula(
      code: code, kind: .count, records: [record],
      sql: """
        SELECT e.owner_org, e.id, NULL, min(t.confirmed_year) FROM \(record) t JOIN enterprise e ON e.id = t.enterprise_id
        WHERE t.confirmed = 1 AND t.confirmed_year <= ?2 \(condition) AND \(Valid.enterprise())
        GROUP BY e.id, \(same) \(having)
        """,
      undated: """
        SELECT count(*) FROM \(record) t JOIN enterprise e ON e.id = t.enterprise_id
        WHERE t.confirmed = 1 AND t.confirmed_year IS NULL AND \(Valid.enterprise())
        """,
      meaning: isNew
        ? Label(zh: "当年市级确认的,同名计一次", en: "confirmed by the city in the year, those of one name once")
        : Label(zh: "截至当年市级确认的,同名计一次", en: "confirmed by the city up to the year, those of one name once"))
  }

  private static func ofUnit(
    _ code: String, _ record: String, where condition: String = "", name: String = "t.name", enterprise: String = "NULL"
  ) -> Formula {
    Formula(
      code: code, kind: .count, records: [record],
      sql: """
        SELECT t.owner_org, \(enterprise), NULL, min(t.confirmed_year) FROM \(record) t
        WHERE t.confirmed = 1 AND t.confirmed_year <= ?2 \(condition) GROUP BY t.owner_org, \(name)
        """,
      undated: "SELECT count(*) FROM \(record) t WHERE t.confirmed = 1 AND t.confirmed_year IS NULL \(condition)",
      meaning: Label(zh: "截至当年市级确认的,同名计一次", en: "confirmed by the city up to the year, those of one name once"))
  }
}

/// What carries its own date.
extension Formula {
  private static let dated: [Formula] = [
    Formula(
      code: "public_platform", kind: .count, records: ["platform"],
      sql: "SELECT NULL, NULL, NULL, year FROM platform WHERE kind = 'new' AND year <= ?2",
      undated: "SELECT count(*) FROM platform WHERE kind = 'new' AND year IS NULL",
      meaning: Label(zh: "截至当年新建成的,原有平台不计", en: "new ones built up to the year, existing ones left out")),
    Formula(
      code: "refinancing", kind: .money, records: ["refinancing_loan"],
      // Merges are followed to their end; of the rows of a group SQLite takes that of the maximum.
      sql: """
        WITH RECURSIVE chain(loan, enterprise, step) AS (
          SELECT l.id, l.enterprise_id, 0 FROM refinancing_loan l
          WHERE substr(l.starts_on, 1, 4) = CAST(?2 AS TEXT) AND l.starts_on <= ?1
          UNION SELECT c.loan, e.merged_into, c.step + 1 FROM chain c JOIN enterprise e ON e.id = c.enterprise
          WHERE e.merged_into IS NOT NULL AND c.step < 100)
        SELECT owner_org, id, amount, ?2 FROM (
          SELECT e.owner_org, e.id, l.amount, max(c.step) FROM chain c JOIN enterprise e ON e.id = c.enterprise
          JOIN refinancing_loan l ON l.id = c.loan GROUP BY l.id)
        """,
      // Money that was lent stays lent.
      meaning: Label(
        zh: "当年起始的转贷金额之和,企业后来并入其他企业的计入后者",
        en: "amounts of the loans that start in the year; of an enterprise merged into another, with the other")),
    Formula(
      code: "equity_listing", kind: .count, records: ["equity_listing"],
      sql: """
        SELECT e.owner_org, e.id, NULL, ?2 FROM equity_listing l JOIN enterprise e ON e.id = l.enterprise_id
        WHERE l.confirmed = 1 AND substr(l.listed_on, 1, 4) = CAST(?2 AS TEXT) AND l.listed_on <= ?1
        AND \(Valid.enterprise()) GROUP BY e.id
        """,
      meaning: Label(zh: "当年挂牌并经市级确认的企业,每家计一次", en: "enterprises listed in the year and confirmed, each once")),
  ]
}
