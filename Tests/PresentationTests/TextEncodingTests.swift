import SyncCore
import Testing

@testable import Presentation

struct TextEncodingTests {
  static let texts = ["", "id,name\n", "企业名称\r\n", "𠮷野家", "㐀丂", "€", "é", "👩‍👩‍👧‍👦", "\u{E000}", "\u{10FFFF}", "\u{FFFD}"]

  @Test(arguments: texts, TextEncoding.allCases)
  func whatIsEncodedIsRecognised(text: String, encoding: TextEncoding) throws {
    // Alone some texts of GB18030 are valid UTF-8 too; the header of a file is not.
    let text = "企业,名称\n" + text
    #expect(Array(try TextEncoding.decode(try TextEncoding.encode(text, encoding)).utf8) == Array(text.utf8))
  }

  @Test(
    arguments: [
      ("企", [0xc6, 0xf3]), ("€", [0xa2, 0xe3]), ("𠮷", [0x95, 0x34, 0xb2, 0x35]), ("é", [0xa8, 0xa6]),
      ("\u{10FFFF}", [0xe3, 0x32, 0x9a, 0x35]), ("a", [0x61]),
    ] as [(String, [UInt8])])
  func bytesOfGB18030(text: String, bytes: [UInt8]) throws {
    #expect(try TextEncoding.encode(text, .gb18030) == bytes)
    #expect(try TextEncoding.decode(bytes) == text)
  }

  private static let missing: Set<UInt32> = Set(
    [0xe78d...0xe796, 0xe816...0xe818, 0xe82b...0xe82c, 0xe831...0xe832].joined()
  )
  .union([0xe81e, 0xe826, 0xe83b, 0xe843, 0xe854, 0xe855, 0xe864])

  @Test func whatGB18030HasNotIsNamed() {
    for number in Self.missing {
      let text = "企a" + (Unicode.Scalar(number).map { String(Character($0)) } ?? "")
      let failure = PresentationTests.failure { () throws(Failure) in try TextEncoding.encode(text, .gb18030) }
      #expect(failure?.message.en.contains("U+" + String(number, radix: 16, uppercase: true)) == true)
    }
  }

  @Test func everyOtherScalarHasBytesInGB18030() throws {
    for plane in 0...16 {
      let numbers = (0..<0x10000).map { UInt32(plane << 16 | $0) }
      let text = String(
        String.UnicodeScalarView(numbers.compactMap(Unicode.Scalar.init).filter { !Self.missing.contains($0.value) }))
      let bytes = try TextEncoding.encode("企" + text, .gb18030)
      #expect(try TextEncoding.decode(bytes).utf8.elementsEqual(("企" + text).utf8), "plane \(plane)")
    }
  }

  @Test(
    arguments: [
      ([0xef, 0xbb, 0xbf, 0xe4, 0xbc, 0x81], "企"), ([0xff, 0xfe, 0x01, 0x4f], "企"), ([0xfe, 0xff, 0x4f, 0x01], "企"),
      ([0xff, 0xfe, 0x42, 0xd8, 0xb7, 0xdf], "𠮷"), ([0xef, 0xbb, 0xbf], ""), ([], ""), ([0xff, 0xfe], ""),
      // Valid in both: UTF-8 wins.
      ([0xc3, 0xa9], "é"), ([0xe4, 0xb8, 0xad, 0xe6, 0x96, 0x87], "中文"),
    ] as [([UInt8], String)])
  func marksAndAmbiguity(bytes: [UInt8], text: String) throws { #expect(try TextEncoding.decode(bytes) == text) }

  @Test(
    arguments: [
      (Array("企\n企\n".utf8) + [0xff], "neither UTF-8 (see byte 9, line 3) nor GB18030 (see byte"),
      ([0xc6, 0xf3, 0x0a, 0xff], "neither UTF-8 (see byte 1, line 1) nor GB18030 (see byte 4, line 2)"),
      ([0x61, 0xc6], "neither UTF-8 (see byte 2, line 1) nor GB18030 (see byte 2, line 1)"),
      ([0xef, 0xbb, 0xbf, 0x61, 0x0a, 0xc6, 0xf3], "says that it is UTF-8, but is not at byte 6, line 2"),
      ([0xff, 0xfe, 0x61, 0, 0x42, 0xd8, 0x61, 0], "says that it is UTF-16LE, but is not at byte 5, line 1"),
      ([0xfe, 0xff, 0xdf, 0xb7], "says that it is UTF-16BE, but is not at byte 3, line 1"),
    ] as [([UInt8], String)])
  func refusals(bytes: [UInt8], message: String) {
    let failure = PresentationTests.failure { () throws(Failure) in try TextEncoding.decode(bytes) }
    #expect(failure?.kind == .data)
    #expect(failure?.message.en.contains(message) == true, "\(failure?.message.en ?? "none")")
  }

  @Test(arguments: TextEncoding.allCases)
  func tablesInEachEncoding(encoding: TextEncoding) throws {
    let bytes = try TextEncoding.encode("编号,企业名称\n1,𠮷野家\n", encoding)
    #expect(
      try ImportFile.readCSV(bytes, record: Sample.enterprise).map(\.values) == [[0: .integer(1), 1: .text("𠮷野家")]])
  }

  @Test func longTexts() throws {
    let text = String(repeating: "企业𠮷,", count: 100_000)
    #expect(try TextEncoding.decode(try TextEncoding.encode(text, .gb18030)) == text)
  }
}
