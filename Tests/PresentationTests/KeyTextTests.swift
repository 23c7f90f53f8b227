import SyncCore
import Testing

@testable import Presentation

struct KeyTextTests {
  @Test(
    arguments: [
      ([.integer], "42", .key(RowKey([.integer(42)]))), ([.text], "", .key(RowKey([.text("")]))),
      ([.text, .integer], "a,1", .key(RowKey([.text("a"), .integer(1)]))),
      ([.text, .text], #"a\,b,c\\"#, .key(RowKey([.text("a,b"), .text(#"c\"#)]))),
      ([.text, .text], ",", .key(RowKey([.text(""), .text("")]))),
      ([.text], #"C:\x\"#, .key(RowKey([.text(#"C:\x\"#)]))),
      ([.text], "code:A,1", .unique(field: 1, value: .text("A,1"))),
      ([.text], "code:", .unique(field: 1, value: .text(""))),
      ([.text], #"code\:A"#, .key(RowKey([.text("code:A")]))), ([.text], "k0:A", .key(RowKey([.text("k0:A")]))),
      ([.date], "2024/5/1", .key(RowKey([.text("2024-05-01")]))),
      ([.text], "code:a:b", .unique(field: 1, value: .text("a:b"))),
    ] as [([Field.Kind], String, Lookup)])
  func parses(kinds: [Field.Kind], text: String, expected: Lookup) throws {
    #expect(try KeyText.parse(text, record: Sample.keyed(kinds)) == expected)
  }

  @Test func onlyAUniqueFieldByItselfIsLookedUp() throws {
    let lookup = try KeyText.parse("code:X", record: Sample.enterprise)
    #expect(lookup == .unique(field: 2, value: .text("X")))
    // "name" is unique only together with "founded": this is a plain key, and no whole number.
    let failure = failure { () throws(Failure) in try KeyText.parse("name:X", record: Sample.enterprise) }
    #expect(failure?.kind == .data)
  }

  @Test(
    arguments: [
      ([.integer], "x", .data, "item.k0: 'x' is not a whole number"),
      ([.integer], "", .data, "item.k0: '' must not be empty"),
      ([.integer], "1,2", .usage, #"a key of item is written k0, a comma inside a part as \, but got '1,2'"#),
      ([.text, .text], "a", .usage, "a key of item is written k0,k1"), ([.text], "a\0", .data, "item.k0"),
    ] as [([Field.Kind], String, Failure.Kind, String)])
  func failures(kinds: [Field.Kind], text: String, kind: Failure.Kind, message: String) {
    let failure = failure { () throws(Failure) in try KeyText.parse(text, record: Sample.keyed(kinds)) }
    #expect(failure?.kind == kind)
    #expect(failure?.message.en.hasPrefix(message) == true, "\(failure?.message.en ?? "none")")
  }

  @Test func showsPlainly() {
    #expect(KeyText.show(RowKey([.text("a"), .integer(-1)])) == "a,-1")
    #expect(KeyText.show(RowKey([.text(#"a,\:"#), .text("10:30")])) == #"a\,\\\:,10:30"#)
    #expect(KeyText.show(RowKey([.blob([1, 2, 3])])) == "AQID")
  }

  /// Every text of up to four of these letters, alone and in pairs.
  @Test func whatIsShownReadsBack() throws {
    var texts = [""]
    for _ in 0..<4 { texts += texts.flatMap { text in ["a", ",", "\\", ":", "\u{301}"].map { text + $0 } } }
    texts = Array(Set(texts.map { Array($0.unicodeScalars) })).map { String(String.UnicodeScalarView($0)) }
    texts += ["code:", "code:x", "code\\:x", "code,:x"]
    for text in texts {
      for key in [RowKey([.text(text)]), RowKey([.text(text), .text(":\\,")]), RowKey([.text("code:"), .text(text)])] {
        let record = Sample.keyed(key.values.map { _ in .text })
        #expect(try KeyText.parse(KeyText.show(key), record: record) == .key(key))
      }
    }
  }

  @Test(arguments: [[0xd3, 0x10, 0x01], [], [255, 0]] as [[UInt8]])
  func blobKeysReadBack(bytes: [UInt8]) throws {
    let key = RowKey([.integer(.min), .real(1e16), .blob(bytes)])
    let record = Sample.keyed([.integer, .real, .blob])
    let lookup = try? KeyText.parse(KeyText.show(key), record: record)
    // An empty blob has no text: typed, it is a missing part.
    #expect(lookup == (bytes.isEmpty ? nil : .key(key)))
  }
}
