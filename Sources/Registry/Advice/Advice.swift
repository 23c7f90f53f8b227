import SyncCore

/// What the registry doubts in rows of its records, beyond what the schema says. Nothing here is told to the engine: a row that
/// another tool wrote is merged all the same, and listed by the `check` command.
public enum Advice {
  /// - Parameter today: the calendar day, `YYYY-MM-DD`.
  public static func findings(about row: RowFacts, today: String, lookup: Lookup) throws -> [Finding] {
    var findings = order(row) + parts(row)
    switch row.record.name {
    case "enterprise": findings += enterprise(row, today)
    case "enterprise_year": findings += try year(row, lookup)
    case "enterprise_month": findings += try month(row, lookup)
    case "period": findings += period(row)
    case "org_unit": findings += unit(row, today)
    case "credit_rating": findings += try rating(row, lookup)
    default: break
    }
    return findings
  }

  /// The finding that stops the row, if any does.
  public static func stopping(_ findings: [Finding], _ row: RowFacts) -> Finding? {
    let isExplained = row.text("note") != nil
    return findings.first { $0.weight == .hard }
      ?? (isExplained || row.record.index(of: "note") == nil ? nil : findings.first { $0.weight == .explainable })
  }
}

// Rules that are tables.
extension Advice {
  /// Dates of which the second must not lie before the first, in every record that has both.
  private static let dates = [
    ("valid_from", "valid_to"), ("starts_on", "ends_on"), ("starts_on", "due_on"), ("notice_from", "notice_to"),
    ("recognised_on", "valid_to"), ("recognised_on", "revoked_on"), ("granted_on", "expires_on"),
    ("issued_on", "expires_on"), ("issued_on", "repealed_on"), ("raised_on", "closed_on"), ("listed_on", "delisted_on"),
    ("invested_on", "exited_on"), ("starts_on", "repaid_on"),
  ]

  /// What is a part of something cannot be more than it.
  private static let shares: [(record: String, part: String, whole: String, weight: Finding.Weight)] = [
    ("enterprise_year", "tech_staff", "staff", .hard), ("enterprise_year", "main_revenue", "revenue", .hard),
    ("enterprise_year", "product_revenue", "main_revenue", .hard), ("enterprise_year", "rd", "revenue", .explainable),
    ("enterprise_year", "rd", "cost", .explainable), ("enterprise_year", "profit", "revenue", .explainable),
    ("enterprise_year", "staff", "peak_staff", .explainable), ("submission", "reported", "expected", .explainable),
  ]

  private static func order(_ row: RowFacts) -> [Finding] {
    dates.compactMap { from, to in
      guard let start = row.text(from), let end = row.text(to), end < start else { return nil }
      return Finding(
        .hard, to, zh: "\(row.label(to).zh) \(end) 早于\(row.label(from).zh) \(start),请核对",
        en: "\(end) lies before \(from) \(start); correct one of them")
    }
  }

  private static func parts(_ row: RowFacts) -> [Finding] {
    shares.compactMap { rule in
      guard rule.record == row.record.name, let part = row.number(rule.part), let whole = row.number(rule.whole),
        part > whole
      else { return nil }
      return Finding(
        rule.weight, rule.part, zh: "\(row.label(rule.part).zh) \(part) 大于\(row.label(rule.whole).zh) \(whole),请核对",
        en: "\(part) is more than \(rule.whole) \(whole); compare the two")
    }
  }
}

// Single records.
extension Advice {
  /// Divisions that are no more, with the day on which they ended.
  private static let retired = ["320705": "2014-07-01", "320721": "2014-07-01", "320772": "2022-01-01"]

  private static func enterprise(_ row: RowFacts, _ today: String) -> [Finding] {
    var findings: [Finding] = []
    if let founded = row.text("founded_on"), founded > today {
      findings.append(
        Finding(.hard, "founded_on", zh: "成立日期 \(founded) 尚未到来", en: "\(founded) is yet to come; correct the date"))
    }
    if let division = row.text("division_code"), let ended = retired[division], ended <= today {
      findings.append(
        Finding(
          .explainable, "division_code", zh: "区划 \(division) 已于 \(ended) 停用,请改用现行区划",
          en: "division \(division) ended on \(ended); use the present one"))
    }
    if let code = row.text("uscc"), let warning = CreditCode.warning(in: code) {
      findings.append(Finding(.hint, "uscc", zh: warning.zh, en: warning.en))
    }
    return findings
  }

  /// Figures that change by more than this factor from one year to the next are asked about.
  private static let jump: Int64 = 5

  private static func isJump(from then: Int64, to now: Int64) -> Bool {
    // Without a product, which may be too large.
    now > 0 && then > 0 && ((now - 1) / jump >= then || (then - 1) / jump >= now)
  }

  private static func year(_ row: RowFacts, _ lookup: Lookup) throws -> [Finding] {
    var findings: [Finding] = []
    if let sales = row.number("taxable_sales"), let staff = row.number("staff"), staff >= 20, sales > 0, sales < 100_000
    {
      findings.append(
        Finding(
          .explainable, "taxable_sales", zh: "应税销售 \(sales) 元,职工 \(staff) 人:是否误按万元填报?",
          en: "\(sales) yuan with \(staff) staff: was it entered in units of 10,000 yuan?"))
    }
    guard let year = row.number("year"),
      let before = try lookup(row.record.name, RowKey([row["enterprise_id"], .integer(year - 1)]))
    else { return findings }
    for field in ["taxable_sales", "revenue", "assets", "staff"] {
      guard let now = row.number(field), let then = before.number(field), isJump(from: then, to: now) else { continue }
      findings.append(
        Finding(
          .explainable, field, zh: "\(row.label(field).zh) \(now),上年为 \(then),变化超过 \(jump) 倍",
          en: "\(now), after \(then) a year before: a change by more than \(jump) times"))
    }
    return findings
  }

  private static func month(_ row: RowFacts, _ lookup: Lookup) throws -> [Finding] {
    guard let period = row.number("period") else { return [] }
    guard period > 9999 else {
      return [
        Finding(
          .hard, "period", zh: "\(period) 是年度报告期,月报请填年月(如 201803)",
          en: "\(period) is a year; a monthly figure is of a year and month, such as 201803")
      ]
    }
    guard row.text("indicator") != "staff", row.text("indicator") != "profit", let value = row.number("ytd_value")
    else { return [] }
    var findings: [Finding] = []
    if period % 100 > 1, let before = try figure(of: row, in: period - 1, lookup), value < before {
      findings.append(
        Finding(
          .explainable, "ytd_value", zh: "累计值 \(value) 小于上月累计 \(before):是否误填当月数?",
          en: "\(value) from January on is less than the \(before) of a month before: is it the month alone?"))
    }
    // The header of a monthly figure names no unit.
    if let before = try figure(of: row, in: period - 100, lookup), isJump(from: before, to: value) {
      findings.append(
        Finding(
          .explainable, "ytd_value",
          zh: "累计值 \(value) 元,上年同期为 \(before) 元,变化超过 \(jump) 倍:是否误按万元填报?",
          en: "\(value) yuan, after \(before) in the same month a year before, a change by more than \(jump) times: "
            + "was it entered in units of 10,000 yuan?"))
    }
    return findings
  }

  /// The same figure of another month.
  private static func figure(of row: RowFacts, in period: Int64, _ lookup: Lookup) throws -> Int64? {
    let key = RowKey([row["enterprise_id"], .integer(period), row["indicator"]])
    return try lookup(row.record.name, key)?.number("ytd_value")
  }

  /// What a unit sends lands with its successor from the moment on at which that is named (M15).
  private static func unit(_ row: RowFacts, _ today: String) -> [Finding] {
    guard row.text("successor") != nil, let end = row.text("valid_to"), end > today else { return [] }
    return [
      Finding(
        .hard, "successor", zh: "一经填写即由其承接,而停用日期 \(end) 尚未到来;请到当日再填",
        en: "takes over at once, and valid_to \(end) is yet to come; name it on that day")
    ]
  }

  /// A rating is valid for the months that its standard gives, the same day of the last month included.
  private static func rating(_ row: RowFacts, _ lookup: Lookup) throws -> [Finding] {
    guard let from = row.text("valid_from"), let to = row.text("valid_to"), let year = Int64(from.prefix(4)),
      let month = Int64(from.dropFirst(5).prefix(2)),
      let months = try lookup("credit_standard", RowKey([row["standard"]]))?.number("valid_months")
    else { return [] }
    let (last, number) = (year * 12 + month - 1 + months, (month - 1 + months) % 12 + 1)
    let end = "\(last / 12)-\(number < 10 ? "0" : "")\(number)\(from.suffix(3))"
    guard to > end else { return [] }
    return [
      Finding(
        .hint, "valid_to", zh: "\(to) 晚于标准规定的 \(months) 个月(至 \(end)),请核对",
        en: "\(to) is after the \(months) months that the standard gives, until \(end); compare the two")
    ]
  }

  private static func period(_ row: RowFacts) -> [Finding] {
    guard let code = row.number("code"), let kind = row.text("kind") else { return [] }
    let isMonth = code > 9999 && (1...12).contains(code % 100) && (1949...2100).contains(code / 100)
    let isYear = (1949...2100).contains(code)
    if kind == "month" ? isMonth : isYear { return [] }
    return [
      Finding(
        .hard, "code", zh: "\(code) 不是\(kind == "month" ? "年月(如 201803)" : "年份(如 2018)")",
        en: "\(code) is not a \(kind == "month" ? "year and month, such as 201803" : "year, such as 2018")")
    ]
  }
}
