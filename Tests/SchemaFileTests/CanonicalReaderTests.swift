import Foundation
import SyncCore
import TestSupport
import Testing

@testable import SchemaFile

// What every start of a program reads: no other schema than JSONDecoder would make of the text, and every text that we write.

private let everything = """
  schema: 全
  version: 12
  requires: 1
  title: {zh: 一切, en: "Every \\"thing\\", a \\\\ and\\ttabs"}
  units: unit.code
  successor: next
  records:
    unit: {key: code, owner: city, fields: {code: , next: {references: unit.code}}}
    period: {key: year, owner: city, fields: {year: {type: integer}, state: {values: [open, closed]}}}
    reopened: {key: [year, unit], owner: city, fields: {year: {type: integer}, unit: , until: {type: date, required: true}}}
    report:
      key: [unit, year]
      scope: {field: unit}
      edits: propose
      delete: keep
      decides: owner
      locked_by: {record: period, key: year, field: state, values: closed, except: {record: reopened, until: until}}
      joint: {county: county_ok, city: city_ok}
      unique: [[year, code]]
      fields:
        unit: {references: unit.code}
        year: {type: integer, min: -5, max: 9223372036854775807}
        code: {max_length: 13, format: digits}
        kind: {values: {a: {zh: 甲, en: A}, b: {zh: 乙, en: B, owner: city}}}
        person: {restricted: true}
        county_ok: {policy: latest}
        city_ok: {owner: city, policy: latest}
    thing: {key: id, scope: {field: unit}, fields: {id: {type: uuid}, unit: {required: true, references: unit.code}}}
    part:
      key: id
      scope: {via: thing}
      append: true
      fields: {id: {type: uuid}, thing: {required: true, references: thing.id}}
  """

@Test func whatWeWriteIsReadInOneGo() throws {
  for schema in try [Schema.foreign(), .ruled(), SchemaFile.read(everything)] {
    let text = try SchemaFile.canonicalJSON(schema)
    #expect(try Schema(canonical: text) == schema)
  }
}

@Test func whatIsReadInOneGoIsWhatJSONDecoderReads() throws {
  let bytes = Array(try SchemaFile.canonicalJSON(SchemaFile.read(everything)).utf8)
  let others = Array(#" "\,:{}[]-019eEtnu/"#.utf8) + [0x1F, 0x7F]
  var readable = 0
  for place in bytes.indices {
    let other = others[place % others.count]
    let rest = bytes[(place + (place.isMultiple(of: 2) ? 0 : 1))...]
    let spoilt = [bytes[..<place] + bytes[(place + 1)...], bytes[..<place] + [other] + rest]
    for bytes in spoilt {
      let text = String(decoding: bytes, as: UTF8.self)
      guard let schema = try? Schema(canonical: text) else { continue }
      readable += 1
      #expect(try JSONDecoder().decode(Schema.self, from: Data(text.utf8)) == schema, "\(text)")
    }
  }
  // Those whose names and labels have become others.
  #expect(readable > 300)
}

@Test(arguments: [
  (#""version":12"#, #""version":12,"version":13"#), (#""version":12"#, #""version":012"#),
  (#""version":12"#, #""version":1e1"#), (#""version":12"#, #""version":12.0"#),
  (#""version":12"#, #""version": 12"#), (#""version":12}"#, #""version":12} "#),
  (#""version":12"#, #""colour":1,"version":12"#), (#""requires":1,"#, #""requires":null,"#),
  (#""requires":1,"#, #""requires":99999999999999999999,"#), (#""weak":false"#, #""weak":0"#),
  (#""all":{}"#, #""all":{"_0":"x"}"#), (#""en":"#, #""zh":"1","en":"#), (#"\t"#, #"\/"#), (#"\t"#, "\u{1}"),
])
func anotherSpellingIsLeftToJSONDecoder(from: String, to: String) throws {
  let text = try SchemaFile.canonicalJSON(SchemaFile.read(everything))
  let other = text.replacing(from, with: to)
  #expect(other != text)
  #expect(throws: CanonicalReader.NotCanonical.self) { try Schema(canonical: other) }
}
