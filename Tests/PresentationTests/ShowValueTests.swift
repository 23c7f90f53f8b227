import SyncCore
import Testing

@testable import Presentation

struct ShowValueTests {
  @Test(
    arguments: [
      (.text, .null, "", ""), (.money, .integer(15000), "15000", "15000"), (.boolean, .integer(1), "1", "yes"),
      (.boolean, .integer(0), "0", "no"), (.boolean, .integer(7), "7", "7"), (.integer, .integer(1), "1", "1"),
      (.real, .real(1), "1.0", "1.0"), (.blob, .blob([1, 2, 3]), "AQID", "AQID"),
      (.blob, .blob(Array(repeating: 0, count: 18)), "AAAAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAAAA"),
      (.blob, .blob(Array(repeating: 0, count: 19)), "AAAAAAAAAAAAAAAAAAAAAAA…", "AAAAAAAAAAAAAAAAAAAAAAA…"),
    ] as [(Field.Kind, Value, String, String)])
  func shows(kind: Field.Kind, value: Value, plain: String, labelled: String) {
    let field = Sample.field(kind)
    #expect(ValueText.show(value, field: field, language: .en) == plain)
    #expect(ValueText.show(value, field: field, language: .en, labels: true) == labelled)
  }

  @Test func choiceShowsItsLabelOnDemand() throws {
    let field = try #require(Sample.enterprise.field("state"))
    #expect(ValueText.show(.text("active"), field: field, language: .zh) == "active")
    #expect(ValueText.show(.text("active"), field: field, language: .zh, labels: true) == "存续")
    #expect(ValueText.show(.text("active"), field: field, language: .en, labels: true) == "Trading")
    #expect(ValueText.show(.text("gone"), field: field, language: .en, labels: true) == "gone")
    #expect(ValueText.show(.integer(1), field: Sample.field(.boolean), language: .zh, labels: true) == "是")
  }

  @Test(
    arguments: [
      (.integer, .integer(.min)), (.money, .integer(.max)), (.real, .real(1e16)),
      (.real, .real(.leastNonzeroMagnitude)),
      (.real, .real(0.1 + 0.2)), (.text, .text(" a,\"\n")), (.date, .text("2024-05-31")), (.boolean, .integer(1)),
      // Base64 of these bytes is "0xAB": it would be read as hexadecimal.
      (.blob, .blob([0xd3, 0x10, 0x01])), (.blob, .blob(Array(0...255))), (.text, .null), (.blob, .null),
    ] as [(Field.Kind, Value)])
  func spelledInFullReadsBack(kind: Field.Kind, value: Value) {
    #expect(ValueText.parse(ValueText.spell(value), field: Sample.field(kind)) == .success(value))
  }
}
