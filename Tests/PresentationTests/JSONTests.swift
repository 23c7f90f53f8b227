import Foundation
import SyncCore
import Testing

@testable import Presentation

struct JSONTests {
  @Test(
    arguments: [
      (.null, "null"), (.bool(true), "true"), (.bool(false), "false"), (.integer(.min), "-9223372036854775808"),
      (.integer(.max), "9223372036854775807"), (.number(1), "1.0"), (.number(0.1), "0.1"), (.number(1e16), "1e+16"),
      (.number(.infinity), "null"), (.number(-.infinity), "null"), (.number(.nan), "null"), (.array([]), "[]"),
      (.object([]), "{}"), (.string(""), "\"\""), (.string("企业 é 😀"), "\"企业 é 😀\""),
      (.string("\"\\/\u{8}\u{C}\n\r\t\0"), #""\"\\/\u0008\u000c\n\r\t\u0000""#),
      (.string("\u{1B}[2J\u{7F}\u{9B}"), #""\u001b[2J\u007f\u009b""#), (.string("a\r\nb"), #""a\r\nb""#),
    ] as [(JSON, String)])
  func scalars(json: JSON, expected: String) {
    #expect(json.text() == expected)
  }

  @Test func nestsAndKeepsTheOrderOfKeys() {
    let json = JSON.object([
      ("z", .array([.integer(1), .array([]), .object([("b", .null), ("a", .bool(true))])])), ("a\"", .string("x")),
    ])
    #expect(
      json.text() == """
        {
          "z": [
            1,
            [],
            {
              "b": null,
              "a": true
            }
          ],
          "a\\"": "x"
        }
        """)
  }

  @Test(
    arguments: [
      (.null, "null"), (.integer(5), "5"), (.real(2), "2.0"), (.text("x"), "\"x\""),
      (.blob([1, 2, 3, 255]), "\"AQID/w==\""),
    ] as [(Value, String)])
  func values(value: Value, expected: String) {
    #expect(JSON(value).text() == expected)
  }

  @Test func anotherReaderReadsTheSameTexts() throws {
    for code in (0..<0x3000).map(UInt32.init) {
      guard let scalar = Unicode.Scalar(code) else { continue }
      let text = "a" + String(Character(scalar)) + "b"
      let data = Data(JSON.array([.string(text)]).text().utf8)
      let read = try JSONSerialization.jsonObject(with: data) as? [String]
      #expect(read?.first.map { Array($0.unicodeScalars) } == Array(text.unicodeScalars), "U+\(code)")
    }
  }

  @Test(arguments: 0..<40)
  func base64AgreesWithFoundation(count: Int) {
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 37 + 200) }
    let text = Base64.encode(bytes)
    #expect(text == Data(bytes).base64EncodedString())
    #expect(Base64.decode(text) == bytes)
  }

  @Test(arguments: [
    "A", "AA", "AAA", "=", "==", "====", "A===", "AA=A", "AB==", "AAB=", "AA==AAAA", "AA-_", "AA\n=", "中AA",
  ])
  func base64HasOneSpelling(text: String) {
    #expect(Base64.decode(text) == nil)
  }
}
