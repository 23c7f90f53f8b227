import Registry
import SyncCore
import Testing

@Suite struct AdviceTests {
  private static let id = "0163c817-e800-7db0-9a75-b2e34378a214"

  private static func row(_ record: String, _ values: [String: Value]) throws -> RowFacts {
    let schema = try #require(try Registry.schema().record(record))
    for name in values.keys { try #require(schema.field(name) != nil, "\(record).\(name)") }
    return RowFacts(schema, schema.fields.map { values[$0.name] ?? .null })
  }

  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    var record: String
    var values: [String: Value]
    var before: [String: Value] = [:]
    var found: [String]
    var testDescription: String { name }
  }

  static let cases = [
    Case(
      name: "nothing to say", record: "enterprise_year",
      values: ["year": 2018, "taxable_sales": 60_000_000, "revenue": 61_000_000, "staff": 50, "tech_staff": 20],
      before: ["taxable_sales": 50_000_000], found: []),
    Case(
      name: "more technical staff than staff", record: "enterprise_year",
      values: ["year": 2018, "staff": 10, "tech_staff": 11], found: ["hard tech_staff"]),
    Case(
      name: "as many technical staff as staff", record: "enterprise_year",
      values: ["year": 2018, "staff": 11, "tech_staff": 11], found: []),
    Case(
      name: "more spent on research than earned", record: "enterprise_year",
      values: ["year": 2018, "revenue": 10, "rd": 11], found: ["explainable rd"]),
    Case(
      name: "sales of 5,000 with 20 staff", record: "enterprise_year",
      values: ["year": 2018, "taxable_sales": 5000, "staff": 20], found: ["explainable taxable_sales"]),
    Case(
      name: "sales of 5,000 with 19 staff", record: "enterprise_year",
      values: ["year": 2018, "taxable_sales": 5000, "staff": 19], found: []),
    Case(
      name: "five times is allowed", record: "enterprise_year", values: ["year": 2018, "revenue": 500],
      before: ["revenue": 100], found: []),
    Case(
      name: "six times is asked about", record: "enterprise_year", values: ["year": 2018, "revenue": 600],
      before: ["revenue": 100], found: ["explainable revenue"]),
    Case(
      name: "a sixth is asked about", record: "enterprise_year", values: ["year": 2018, "revenue": 100],
      before: ["revenue": 600], found: ["explainable revenue"]),
    Case(
      name: "from two to ten is allowed", record: "enterprise_year", values: ["year": 2018, "staff": 10],
      before: ["staff": 2], found: []),
    Case(
      name: "from two to eleven is asked about", record: "enterprise_year", values: ["year": 2018, "staff": 11],
      before: ["staff": 2], found: ["explainable staff"]),
    Case(
      name: "from nine to one is asked about", record: "enterprise_year", values: ["year": 2018, "staff": 1],
      before: ["staff": 9], found: ["explainable staff"]),
    Case(
      name: "less than a month before", record: "enterprise_month",
      values: ["period": 201803, "indicator": "output", "ytd_value": 9], before: ["ytd_value": 10],
      found: ["explainable ytd_value"]),
    Case(
      name: "staff may fall", record: "enterprise_month",
      values: ["period": 201803, "indicator": "staff", "ytd_value": 9], before: ["ytd_value": 10], found: []),
    Case(
      name: "January begins anew", record: "enterprise_month",
      values: ["period": 201801, "indicator": "output", "ytd_value": 9], before: ["ytd_value": 10], found: []),
    Case(
      name: "a figure of a month in units of 10,000", record: "enterprise_month",
      values: ["period": 201801, "indicator": "output", "ytd_value": 125], before: ["ytd_value": 1_250_000],
      found: ["explainable ytd_value"]),
    Case(
      name: "five times a year before", record: "enterprise_month",
      values: ["period": 201801, "indicator": "tax", "ytd_value": 500], before: ["ytd_value": 100], found: []),
    Case(
      name: "six times a year before", record: "enterprise_month",
      values: ["period": 201801, "indicator": "tax", "ytd_value": 600], before: ["ytd_value": 100],
      found: ["explainable ytd_value"]),
    Case(
      name: "profit may jump", record: "enterprise_month",
      values: ["period": 201801, "indicator": "profit", "ytd_value": 600], before: ["ytd_value": 100], found: []),
    Case(
      name: "a monthly figure of a year", record: "enterprise_month",
      values: ["period": 2018, "indicator": "output", "ytd_value": 9], found: ["hard period"]),
    Case(name: "month 13", record: "period", values: ["code": 201813, "kind": "month"], found: ["hard code"]),
    Case(name: "month 12", record: "period", values: ["code": 201812, "kind": "month"], found: []),
    Case(name: "a month as a year", record: "period", values: ["code": 201812, "kind": "year"], found: ["hard code"]),
    Case(name: "a year as a month", record: "period", values: ["code": 2018, "kind": "month"], found: ["hard code"]),
    Case(
      name: "founded tomorrow", record: "enterprise", values: ["founded_on": "2018-06-05"], found: ["hard founded_on"]),
    Case(name: "founded today", record: "enterprise", values: ["founded_on": "2018-06-04"], found: []),
    Case(
      name: "a retired division", record: "enterprise", values: ["division_code": "320705"],
      found: ["explainable division_code"]),
    Case(name: "a division that ends later", record: "enterprise", values: ["division_code": "320772"], found: []),
    Case(
      name: "a successor whose day comes tomorrow", record: "org_unit",
      values: ["valid_to": "2018-06-05", "successor": "320706"], found: ["hard successor"]),
    Case(
      name: "a successor whose day has come", record: "org_unit",
      values: ["valid_to": "2018-06-04", "successor": "320706"], found: []),
    Case(name: "a unit that ends later", record: "org_unit", values: ["valid_to": "2018-06-05"], found: []),
    Case(
      name: "dates the wrong way round", record: "recognition",
      values: ["recognised_on": "2018-06-04", "valid_to": "2018-06-03"], found: ["hard valid_to"]),
  ]

  @Test("What is doubted, case by case", arguments: cases)
  func findings(_ test: Case) throws {
    var values = test.values
    if test.record.hasPrefix("enterprise_") { values["enterprise_id"] = .text(Self.id) }
    let found = try Advice.findings(about: Self.row(test.record, values), today: "2018-06-04") { record, key in
      #expect(record == test.record && key.values.first == .text(Self.id))
      return test.before.isEmpty ? nil : try Self.row(record, test.before)
    }
    #expect(found.map { "\($0.weight) \($0.field)" } == test.found)
  }

  @Test("A month is compared with the same one of the year before")
  func monthOfTheYearBefore() throws {
    let values: [String: Value] = [
      "enterprise_id": .text(Self.id), "period": 201803, "indicator": "output", "ytd_value": 125,
    ]
    let found = try Advice.findings(about: Self.row("enterprise_month", values), today: "2018-06-04") { record, key in
      try key.values[1] == .integer(201703) ? Self.row(record, ["ytd_value": 1_250_000]) : nil
    }
    #expect(found.map { "\($0.weight) \($0.field)" } == ["explainable ytd_value"])
    #expect(found.first?.message.en.contains("10,000") == true)
  }

  static let ratings: [(from: Value, to: Value, isLong: Bool)] = [
    ("2018-01-01", "2018-12-31", false), ("2018-01-01", "2019-01-01", false), ("2018-01-01", "2019-01-02", true),
    ("2018-12-15", "2019-12-15", false), ("2018-12-15", "2028-12-14", true),
  ]

  @Test("A rating that is valid for longer than its standard gives is doubted", arguments: ratings)
  func rating(from: Value, to: Value, isLong: Bool) throws {
    let values: [String: Value] = [
      "enterprise_id": .text(Self.id), "standard": "S1", "grade": "A", "valid_from": from, "valid_to": to,
    ]
    let found = try Advice.findings(about: Self.row("credit_rating", values), today: "2018-06-04") { record, key in
      #expect(record == "credit_standard" && key == RowKey([.text("S1")]))
      return try Self.row(record, ["valid_months": 12])
    }
    #expect(found.map { "\($0.weight) \($0.field)" } == (isLong ? ["hint valid_to"] : []))
  }

  @Test("A note lets what can be explained through, and nothing else")
  func notes() throws {
    let row = try Self.row("enterprise_year", ["note": "并购"])
    let bare = try Self.row("enterprise_year", [:])
    let blank = try Self.row("enterprise_year", ["note": ""])
    let odd = Finding(.explainable, "rd", zh: "一", en: "one")
    let wrong = Finding(.hard, "staff", zh: "二", en: "two")
    #expect(Advice.stopping([odd], row) == nil)
    #expect(Advice.stopping([odd], bare) == odd)
    #expect(Advice.stopping([odd], blank) == odd)
    #expect(Advice.stopping([odd, wrong], row) == wrong)
    #expect(Advice.stopping([Finding(.hint, "uscc", zh: "三", en: "three")], bare) == nil)
  }
}
