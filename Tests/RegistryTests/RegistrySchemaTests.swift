import Registry
import SchemaFile
import SyncCore
import Testing

@Suite struct RegistrySchemaTests {
  @Test("The schema holds the records of the domain, parents first")
  func records() throws {
    let schema = try Registry.schema()
    #expect(schema.version == 1)
    #expect(schema.units == Reference(record: "org_unit", field: "code"))
    #expect(
      schema.records.map(\.name) == [
        "org_unit", "code_item", "plan", "indicator", "city_target", "county_target", "platform", "park",
        "reporting_year", "enterprise", "enterprise_name", "enterprise_year", "recognition", "cultivation_entry",
        "product",
      ])
    #expect(
      schema.record("enterprise")?.fields.map(\.name) == [
        "id", "uscc", "name", "division_code", "industry", "founded_on", "address", "lat", "lng", "owner_org",
        "field_tags",
        "first_contact_on", "status_note", "merged_into",
      ])
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
