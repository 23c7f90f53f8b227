import Presentation
import SyncCore

/// Where the money went: refinancing loans, support, funds, purchased services.
public enum LedgerReport: ReportKind {
  public static let name = "ledger"
  public static let summary = Label(
    zh: "资金台账:应急转贷、支持资金、基金投资、购买服务",
    en: "Ledger of funds: refinancing loans, support, fund investments, purchased services")

  public static func draw(_ source: ReportSource) throws -> Report {
    Report(
      name: name, title: Label(zh: "资金台账", en: "Ledger of funds"), notes: [source.dayNote] + source.ownOnly,
      sections: try [
        refinancing(source), banks(source), support(source), supportByGrade(source), funds(source), contracts(source),
      ])
  }

  /// Loans count in the year in which they start. The target is kept in units of 100 million yuan. It is the city's:
  /// one county's loans are not measured by it.
  static func refinancing(_ source: ReportSource) throws -> Report.Section {
    let chart = Report.Chart(
      .bars, Label(zh: "年转贷金额与目标", en: "Refinancing by year and its target"), x: "year", y: ["amount"],
      target: "target")
    return try source.section(
      "refinancing", Label(zh: "应急转贷(按年)", en: "Refinancing loans by year"),
      notes: [
        Label(
          zh: "按起始日所在年份计;余额为截至日未还的金额",
          en: "By the year in which a loan starts; outstanding is what is not repaid on the day")
      ],
      [
        .year, Drawn("count", zh: "笔数", en: "Loans"), .enterprises,
        Drawn("amount", zh: "金额", en: "Amount", unit: .yi),
        Drawn("outstanding", zh: "余额", en: "Outstanding", unit: .yi),
        Drawn("target", zh: "目标", en: "Target", unit: .yi),
        Drawn("share", zh: "完成率", en: "Share of the target", unit: .percent, hasBar: true),
        Drawn(Report.Column("reached", Label(zh: "达标", en: "Reached")), .yesNo),
      ],
      chart: chart,
      sql: """
        WITH loans AS (SELECT *, CAST(substr(starts_on, 1, 4) AS INTEGER) AS y FROM refinancing_loan
            WHERE starts_on <= :day),
          targets AS (SELECT year AS y, round(target * 100000000) AS target, comparison FROM city_target
            WHERE indicator = 'refinancing' AND :unit IS NULL),
          sums AS (SELECT y.y, count(l.id) AS n, count(DISTINCT l.enterprise_id) AS firms,
              coalesce(\(yuanSum("l.amount")), 0) AS amount, coalesce(\(yuanSum(unpaid)), 0) AS open
            FROM (SELECT y FROM loans UNION SELECT y FROM targets) y LEFT JOIN loans l USING (y) GROUP BY y.y)
        SELECT s.y, n, firms, amount, open, t.target, amount / nullif(t.target, 0),
          CASE t.comparison WHEN '>' THEN amount > t.target WHEN '>=' THEN amount >= t.target
            WHEN '<' THEN amount < t.target WHEN '<=' THEN amount <= t.target WHEN '=' THEN amount = t.target END
        FROM sums s LEFT JOIN targets t USING (y) ORDER BY s.y
        """)
  }

  private static let unpaid = "CASE WHEN l.repaid_on IS NULL OR l.repaid_on > :day THEN l.amount ELSE 0 END"

  static func banks(_ source: ReportSource) throws -> Report.Section {
    try source.section(
      "banks", Label(zh: "应急转贷(按银行)", en: "Refinancing loans by bank"),
      [
        .year, source.drawn("refinancing_loan", "bank"), Drawn("count", zh: "笔数", en: "Loans"),
        .money("amount", zh: "金额", en: "Amount"), .money("outstanding", zh: "余额", en: "Outstanding"),
      ],
      sql: """
        SELECT CAST(substr(l.starts_on, 1, 4) AS INTEGER) AS y, l.bank, count(*), \(yuanSum("l.amount")) AS amount,
          \(yuanSum(unpaid))
        FROM refinancing_loan l WHERE l.starts_on <= :day GROUP BY y, l.bank ORDER BY y, amount DESC, l.bank
        """)
  }

  /// The seven fields, those without a grant too; the year that is asked for and all until the day.
  static func support(_ source: ReportSource) throws -> Report.Section {
    let years = try source.rows(
      "SELECT DISTINCT CAST(substr(granted_on, 1, 4) AS INTEGER) FROM support_record WHERE granted_on <= :day ORDER BY 1"
    ).compactMap { if case .integer(let year)? = $0.first { year } else { nil } }
    let sums = years.map { year in
      yuanSum("CASE WHEN substr(s.granted_on, 1, 4) = '\(year)' THEN s.amount ELSE 0 END")
    }
    let columns = years.map { Drawn.money("y\($0)", zh: "\($0) 年", en: "\($0)") }
    let selected = (["count(s.id)", "count(DISTINCT s.enterprise_id)", yuanSum("s.amount")] + sums)
      .map { "coalesce(\($0), 0)" }
    return try source.section(
      "support", Label(zh: "优先支持(七个方面,按年)", en: "Support by the seven fields and by year"),
      notes: [Label(zh: "负数为更正", en: "A negative amount is a correction")],
      [
        source.drawn("support_record", "field"), Drawn("count", zh: "笔数", en: "Grants"), .enterprises,
        .money("amount", zh: "合计", en: "Total"),
      ] + columns,
      sql: """
        WITH f(place, code) AS (\(source.choiceRows("support_record", "field"))) SELECT f.code, \(selected.joined(separator: ", "))
        FROM f LEFT JOIN support_record s ON s.field = f.code AND s.granted_on <= :day
        GROUP BY f.code ORDER BY f.place
        """)
  }

  /// The grade is that of the evaluation year on which the grant rests; blank: it names none, or there is none.
  static func supportByGrade(_ source: ReportSource) throws -> Report.Section {
    try source.section(
      "support_by_grade", Label(zh: "优先支持(按评价等级)", en: "Support by grade of the evaluation"),
      [
        source.drawn("support_record", "evaluation_year"), source.drawn("evaluation", "grade"),
        Drawn("count", zh: "笔数", en: "Grants"), .enterprises, .money("amount", zh: "金额", en: "Amount"),
      ],
      sql: """
        SELECT s.evaluation_year, v.grade, count(*), count(DISTINCT s.enterprise_id), \(yuanSum("s.amount"))
        FROM support_record s
        LEFT JOIN evaluation v ON v.enterprise_id = s.enterprise_id AND v.year = s.evaluation_year
        WHERE s.granted_on <= :day
        GROUP BY s.evaluation_year, v.grade ORDER BY s.evaluation_year IS NULL, s.evaluation_year, v.grade IS NULL, v.grade
        """)
  }

  static func funds(_ source: ReportSource) throws -> Report.Section {
    try source.section(
      "funds", Label(zh: "中小企业发展基金", en: "SME funds"),
      [
        Drawn("fund", zh: "基金", en: "Fund"), source.drawn("fund", "manager"), source.drawn("fund", "size"),
        Drawn("count", zh: "投资笔数", en: "Investments"), .enterprises,
        .money("amount", zh: "投资金额", en: "Invested"), .money("held", zh: "未退出金额", en: "Not yet exited"),
      ],
      sql: """
        SELECT f.name, f.manager, f.size, count(i.id), count(DISTINCT i.enterprise_id),
          coalesce(\(yuanSum("i.amount")), 0),
          coalesce(\(yuanSum("CASE WHEN i.exited_on IS NULL OR i.exited_on > :day THEN i.amount ELSE 0 END")), 0)
        FROM fund f LEFT JOIN fund_investment i ON i.fund_id = f.id AND i.invested_on <= :day
        WHERE f.founded_on IS NULL OR f.founded_on <= :day OR i.id IS NOT NULL
        GROUP BY f.id ORDER BY f.name
        """)
  }

  /// A contract is the city's: the services to one county's enterprises are no share of it.
  static func contracts(_ source: ReportSource) throws -> Report.Section {
    var head = Label(zh: "已交付", en: "Delivered")
    if source.unit != nil { head = Label(zh: "已交付本单位", en: "Delivered to this unit") }
    return try source.section(
      "contracts", Label(zh: "政府购买服务", en: "Purchased services"),
      [
        Drawn("provider", zh: "服务机构", en: "Provider"), source.drawn("service_contract", "contract_no"),
        source.drawn("service_contract", "starts_on"), source.drawn("service_contract", "ends_on"),
        source.drawn("service_contract", "amount"), source.drawn("service_contract", "units"),
        Drawn("delivered", zh: head.zh, en: head.en),
        Drawn("share", zh: "交付率", en: "Share delivered", unit: .percent, hasBar: true),
      ],
      sql: """
        SELECT p.name, k.contract_no, k.starts_on, k.ends_on, k.amount, k.units, (\(delivered("k"))) AS done,
          CASE WHEN :unit IS NULL THEN (\(delivered("k"))) * 1.0 / k.units END
        FROM service_contract k JOIN service_provider p ON p.id = k.provider_id
        WHERE k.starts_on <= :day ORDER BY k.starts_on, k.contract_no
        """)
  }
}
