import Presentation
import Reports
import SyncCore
import Testing

@Suite struct PublicListTests {
  private func town() throws -> Records {
    let town = try Records()
    try town.add(
      "enterprise", ["id": id(1), "name": "新名公司", "owner_org": "320706", "uscc": "91320706PDY00001XF"])
    try town.enterprise(2, "乙公司", org: "320722")
    return town
  }

  @Test("The list prints the certificate's name behind the present one, and a revocation from its day")
  func recognised() throws {
    let town = try town()
    let rows: [(Int, Int, String, Value, Value)] = [
      (10, 1, "KJ01", "旧名公司", .null), (11, 2, "KJ02", "乙公司", "2018-12-31"),
    ]
    for (number, enterprise, certificate, name, revoked) in rows {
      try town.add(
        "recognition",
        [
          "id": id(number), "enterprise_id": id(enterprise), "scheme": "small_giant", "year": 2018,
          "recognised_on": "2018-11-01", "cert_no": .text(certificate), "name_at_time": name, "revoked_on": revoked,
        ])
    }
    try town.recognition(12, of: 1, "small_giant", year: 2017)
    try town.recognition(13, of: 1, "tech_sme", year: 2018)
    func list(_ day: String, _ subject: String = "small_giant") throws -> [String] {
      try town.draw(RecognisedReport.self, on: day, year: 2018, about: subject).rows(
        "recognised", "uscc", "name", "county", "cert_no", "revoked_on")
    }
    #expect(
      try list("2018-12-30") == ["91320706PDY00001XF 新名公司(原:旧名公司) 海州区 KJ01 -", "- 乙公司 东海县 KJ02 -"])
    #expect(try list("2018-12-31", "科技小巨人").last == "- 乙公司 东海县 KJ02 2018-12-31")
    #expect(try list("2018-10-31") == [])
  }

  @Test("Where no name of the certificate is recorded the list prints that of its day")
  func formerNames() throws {
    let town = try town()
    for (number, name, last) in [(20, "最早公司", "2018-10-31"), (21, "旧名公司", "2018-11-01")] {
      try town.add(
        "enterprise_name",
        ["id": id(number), "enterprise_id": id(1), "name": .text(name), "valid_to": .text(last)])
    }
    for (number, scheme, day) in [
      (10, "small_giant", "2018-11-01"), (11, "tech_sme", "2018-11-02"), (12, "high_tech", nil),
    ] as [(Int, String, String?)] {
      try town.add(
        "recognition",
        [
          "id": id(number), "enterprise_id": id(1), "scheme": .text(scheme), "year": 2018,
          "recognised_on": day.map(Value.text) ?? .null,
        ])
    }
    func name(_ scheme: String) throws -> [String] {
      try town.draw(RecognisedReport.self, year: 2018, about: scheme).rows("recognised", "name")
    }
    #expect(try name("small_giant") == ["新名公司(原:旧名公司)"])
    #expect(try name("tech_sme") == ["新名公司"] && name("high_tech") == ["新名公司"])
  }

  @Test(
    "A scheme that is missing or unknown is refused with those that exist",
    arguments: [(nil, "name a scheme"), ("small_gaint", "did you mean 'small_giant'")])
  func scheme(_ subject: String?, _ words: String) throws {
    let town = try Records(seeded: false)
    let failure = try #require(throws: Failure.self) { try town.draw(RecognisedReport.self, about: subject) }
    #expect(failure.kind == .usage)
    #expect(failure.message.en.contains(words) && failure.message.zh.contains("single_champion"))
  }

  @Test("Products, technologies and cases that the city confirmed in the year")
  func confirmed() throws {
    let town = try town()
    for (number, confirmed, year) in [(10, 1, 2018), (11, 1, 2017), (12, 0, 2018)] as [(Int, Value, Value)] {
      try town.add(
        "product",
        [
          "id": id(number), "enterprise_id": id(1), "name": .text("产品\(number)"), "kind": "novel",
          "confirmed": confirmed, "confirmed_year": year,
        ])
      try town.add(
        "key_technology",
        [
          "id": id(number), "enterprise_id": id(2), "name": .text("技术\(number)"), "kind": "technology",
          "confirmed": confirmed, "confirmed_year": year,
        ])
      try town.add(
        "model_case",
        ["id": id(number), "enterprise_id": id(2), "title": .text("典型\(number)"), "year": year, "confirmed": confirmed])
    }
    #expect(
      try town.draw(ProductsReport.self).rows("products", "product", "kind", "enterprise", "county")
        == ["产品10 新颖化 新名公司 海州区"])
    let releases = try town.draw(ReleasesReport.self)
    #expect(try releases.rows("products", "product") == ["产品10"])
    #expect(try releases.rows("technologies", "technology", "enterprise") == ["技术10 乙公司"])
    #expect(try town.draw(CasesReport.self).rows("cases", "title", "enterprise") == ["典型10 乙公司"])
  }

  @Test("On the cultivation list are entries of which both approved one version, until the day of withdrawal")
  func cultivation() throws {
    let town = try town()
    try town.add("enterprise", ["id": id(3), "name": "重复", "owner_org": "320706", "merged_into": id(1)])
    let entries: [(Int, Int, Value, Value, Value)] = [
      (10, 1, "v", "v", "2018-12-31"), (11, 2, "v", "w", .null), (12, 2, "v", .null, .null), (13, 3, "v", "v", .null),
      (14, 2, "w", "w", .null),
    ]
    for (number, enterprise, county, city, withdrawn) in entries {
      try town.add(
        "cultivation_entry",
        [
          "id": id(number), "enterprise_id": id(enterprise), "batch": .text("批次\(number)"), "county_ok": county,
          "city_ok": city, "withdrawn_on": withdrawn,
        ])
    }
    func list(_ day: String, _ version: String? = nil) throws -> [String] {
      try town.draw(CultivationReport.self, on: day, version: { _, _ in version }).rows(
        "cultivation", "batch", "enterprise")
    }
    #expect(try list("2018-12-30") == ["批次10 新名公司", "批次14 乙公司"])
    #expect(try list("2018-12-31") == ["批次14 乙公司"])
    #expect(try list("2018-12-30", "v") == ["批次10 新名公司"])
    // An exit that is noted stands, though the day is not in the entry any more, or is a later one.
    for (batch, enterprise, day) in [("批次14", 2, "2018-12-20"), ("批次10", 1, "2018-12-10")] {
      try town.add(
        "status_event",
        [
          "id": id(Int(day.suffix(2)) ?? 0), "enterprise_id": id(enterprise), "scheme": "cultivation", "kind": "exit",
          "from_state": .text(batch), "to_state": "withdrawn", "happened_on": .text(day),
        ])
    }
    #expect(try list("2018-12-09") == ["批次10 新名公司", "批次14 乙公司"])
    #expect(try list("2018-12-10") == ["批次14 乙公司"] && list("2018-12-20") == [])
  }
}
