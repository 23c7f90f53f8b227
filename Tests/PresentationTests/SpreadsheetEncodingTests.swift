import Testing

@testable import Presentation

struct SpreadsheetEncodingTests {
  @Test(
    arguments: [
      ("恒扬®", "恒扬?", true), ("恒扬®", "恒扬?0?3", true), ("恒扬®", "恒扬\u{FFFD}", true),
      ("10 m² 厂房", "10 m?0?5 厂房", true), ("海州𠮷硅材料", "海州??硅材料", true),
      ("海州𠮷硅材料", "海州?4?5硅材料", true), ("®1 ®", "?0?31 ?", true), ("®", "?", true),
      ("恒扬®", "恒扬", false), ("恒扬®", "恒扬®", false), ("恒扬®", "恒扬?甲", false), ("恒扬®", "恒扬®?", false),
      ("恒扬", "恒扬?", false), ("恒扬é—·€‘’", "恒扬é—·€‘?", false), ("恒扬®", "", false), ("", "?", false),
      ("®甲²", "?甲", false), ("10 m² 厂房", "10 m2 厂房", true), ("5 µm", "5 μm", true), ("¥5万®", "￥5万?", true),
      ("École", "école", true), ("10 m²", "10 m3", false), ("10 m2", "10 m3", false), ("10 m2", "10 m²", false),
    ] as [(String, String, Bool)])
  func left(original: String, text: String, expected: Bool) {
    #expect(SpreadsheetEncoding.isLeft(text, of: original) == expected)
  }

  @Test func whatGBKHasNotIsReplaced() throws {
    #expect(try TextEncoding.inGBK("企業®a²𠮷") == "企業\u{FFFD}a\u{FFFD}\u{FFFD}")
    #expect(try TextEncoding.inGBK("") == "")
    let long = String(repeating: "企®", count: 500)
    #expect(try TextEncoding.inGBK(long) == String(repeating: "企\u{FFFD}", count: 500))
  }
}
