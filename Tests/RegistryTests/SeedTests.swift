import Registry
import SyncCore
import Testing

@Suite struct SeedTests {
  let schema: Schema
  let seed: [(record: String, rows: [[Value]])]

  init() throws {
    schema = try Registry.schema()
    seed = try Registry.seed()
  }

  private func rows(_ record: String) -> [[Value]] { seed.first { $0.record == record }?.rows ?? [] }

  private func values(_ record: String, _ field: String) throws -> [Value] {
    let index = try #require(schema.record(record)?.index(of: field))
    return rows(record).map { $0[index] }
  }

  @Test("What the plan and the lists name is there, and nothing that they do not")
  func counts() {
    let counts = seed.map { "\($0.record) \($0.rows.count)" }
    #expect(
      counts == ["org_unit 13", "code_item 13", "plan 1", "indicator 19", "city_target 29", "platform 3", "park 6"])
  }

  @Test("Every row passes the schema's checks, with the formats")
  func sound() throws {
    for (name, rows) in seed {
      let record = try #require(schema.record(name))
      for row in rows {
        #expect(row.count == record.fields.count)
        #expect(record.problems(in: row, formats: Registry.formats) == [], "\(name) \(row)")
      }
      #expect(Set(rows.map(record.rowKey(of:))).count == rows.count, "\(name): a key stands twice")
    }
  }

  @Test("Every reference names a row of the seed, and records come after those they refer to")
  func references() throws {
    var resolved = 0
    for (at, (name, rows)) in seed.enumerated() {
      let record = try #require(schema.record(name))
      for (index, field) in record.fields.enumerated() {
        guard let reference = field.reference else { continue }
        let targets = try Set(values(reference.record, reference.field))
        #expect(seed[...at].contains { $0.record == reference.record })
        for row in rows where !row[index].isNull {
          #expect(targets.contains(row[index]), "\(name).\(field.name) \(row[index])")
          resolved += 1
        }
      }
    }
    #expect(resolved > 70)
  }

  @Test("Ids are UUIDs of version 7, each once")
  func ids() throws {
    let ids = try values("platform", "id") + values("park", "id")
    #expect(Set(ids).count == 9)
    for id in ids {
      guard case .text(let text) = id else { throw Unexpected() }
      let characters = Array(text)
      #expect(characters[14] == "7" && "89ab".contains(characters[19]), "\(text)")
    }
  }

  @Test("The targets are the plan's figures")
  func targets() throws {
    let expected = planFigures.flatMap { figure in
      figure.years.map { year in
        [
          .text(figure.indicator), .integer(year), .text("tech_sme_2018"), .text(figure.comparison),
          .real(figure.target),
          figure.baseline.map(Value.real) ?? .null, figure.baseline == nil ? .null : .integer(2017),
        ] as [Value]
      }
    }
    #expect(rows("city_target") == expected)
    #expect(try values("indicator", "code") == planFigures.map { .text($0.indicator) })
  }

  @Test("Retired units name their successors")
  func successors() throws {
    let pairs = try zip(values("org_unit", "code"), values("org_unit", "successor")).filter { !$0.1.isNull }
    #expect(pairs.map(\.0) == [.text("320772"), .text("320705"), .text("320721")])
    #expect(pairs.map(\.1) == [.text("320706"), .text("320706"), .text("320707")])
  }

  @Test("Before its day a successor is not named yet; nothing else differs by the day")
  func successorsOfTheDay() throws {
    let record = try #require(schema.record("org_unit"))
    let (code, successor) = (try #require(record.index(of: "code")), try #require(record.index(of: "successor")))
    for (day, isNamed) in [("2020-06-30", false), ("2020-07-01", true)] {
      var found = try Registry.seed(on: try #require(CalendarDay(day)))
      let zone = try #require(found[0].rows.firstIndex { $0[code] == .text("320772") })
      #expect(found[0].record == "org_unit" && found[0].rows[zone][successor].isNull == !isNamed, "\(day)")
      found[0].rows[zone][successor] = .text("320706")
      #expect(found.map(\.record) == seed.map(\.record) && found.map(\.rows) == seed.map(\.rows), "\(day)")
    }
  }

  private struct Unexpected: Error {}
}
