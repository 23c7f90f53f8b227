import Registry
import SchemaFile
import SyncCore
import Testing

@Suite struct RegistrySchemaTests {
  static let wanted = [
    "org_unit", "code_item", "enterprise", "enterprise_name", "transfer", "contact", "enterprise_year",
    "enterprise_month", "ip_right", "status_event", "application", "recognition", "product", "key_technology",
    "rd_institution", "platform", "park", "carrier", "project", "investment_project", "cluster", "organisation",
    "membership", "cultivation_entry", "roadmap", "milestone", "meeting", "meeting_decision", "evaluation",
    "support_record", "service_provider", "service_contract", "service_record", "credit_standard", "credit_rating",
    "rating_use", "refinancing_loan", "equity_listing", "fund", "fund_investment", "qualification", "event",
    "county_measure", "enterprise_issue", "model_case", "document", "plan", "indicator", "city_target",
    "county_target", "indicator_value", "period", "submission", "lock_exception", "publication", "attachment",
  ]

  @Test("The schema holds the records of the domain, parents first")
  func records() throws {
    let schema = try Registry.schema()
    #expect(schema.version == 1)
    #expect(schema.units == Reference(record: "org_unit", field: "code"))
    let names = schema.records.map(\.name)
    #expect(names.count == Set(names).count)
    // The proposal's records, each in the table that maps the plan to records.
    for name in Self.wanted { #expect(names.contains(name), "\(name)") }
    #expect(schema.record("recognition")?.unique == [["enterprise_id", "scheme", "year"]])
    #expect(try SchemaFile.parse(canonicalJSON: SchemaFile.canonicalJSON(schema)) == schema)
  }

  @Test("Every label is written in Chinese and in English")
  func labels() throws {
    let schema = try Registry.schema()
    var labels = [(schema.name, schema.title)]
    for record in schema.records {
      labels.append((record.name, record.label))
      for field in record.fields {
        labels.append(("\(record.name).\(field.name)", field.label))
        for choice in field.check.values ?? [] {
          labels.append(("\(record.name).\(field.name)=\(choice.value)", choice.label))
        }
      }
    }
    #expect(labels.count > 100)
    for (name, label) in labels {
      #expect(label.zh.unicodeScalars.contains { (0x4e00...0x9fff).contains($0.value) }, "\(name): \(label.zh)")
      #expect(label.en.unicodeScalars.allSatisfy(\.isASCII) && !label.en.isEmpty, "\(name): \(label.en)")
    }
  }

  @Test("What rules out a tech SME is asked for in the words of the rule")
  func prohibited() throws {
    var facts = TechSMEFacts()
    facts.prohibited = true
    let items = try Registry.rules().techSME.version(in: 2018).assess(facts).items
    let failing = items.filter { $0.kind == .condition && $0.verdict == .fail }
    let field = try #require(try Registry.schema().record("enterprise")?.field("prohibited"))
    #expect(failing.map(\.name) == [field.label])
  }

  @Test("What the R&D of a tech SME is held against, cost of sales and expenses, is asked for by the name of its field")
  func costs() throws {
    let field = try #require(try Registry.schema().record("enterprise_year")?.field("cost"))
    #expect(field.label == Label(zh: "成本费用总额(元)", en: "Costs and expenses (yuan)"))
    var facts = TechSMEFacts()
    facts.rd = 1
    let items = try Registry.rules().techSME.version(in: 2018).assess(facts).items
    let spend = try #require(items.first { $0.name.en == "R&D spend" })
    #expect(spend.reason?.zh.contains("缺少成本费用总额,请补报") == true)
  }

  // Nothing in the registry is counted up from several machines, so no column sums.
  @Test("Every policy but sum is used, and every format that is named is known")
  func policiesAndFormats() throws {
    let fields = try Registry.schema().records.flatMap(\.fields)
    #expect(Set(fields.map(\.policy)).union([.sum]) == Set(Policy.allCases))
    #expect(Set(fields.compactMap(\.check.format)) == Set(Registry.formats.keys))
  }

  static let someCodes: [(format: String, code: String, valid: Bool)] = [
    ("industry", "C27", true), ("industry", "C271", true), ("industry", "C2710", true), ("industry", "C2", false),
    ("industry", "C27100", false), ("industry", "2710", false), ("industry", "c2710", false), ("industry", "", false),
    ("division", "320706", true), ("division", "LYG-XW", true), ("division", "LYG-YT", true),
    ("division", "LYG-XX", false),
    ("division", "32070", false), ("division", "3207061", false), ("division", "32070六", false),
  ]

  @Test("Industry and division codes", arguments: someCodes)
  func codes(format: String, code: String, valid: Bool) throws {
    let check = try #require(Registry.formats[format])
    #expect((check(code) == nil) == valid)
  }
}
