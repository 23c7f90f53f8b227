import SyncCore
import Testing

@testable import Presentation

struct MaskingTests {
  private static let name = Field(name: "name", label: Label(zh: "姓名", en: "Name"), restricted: true)

  @Test(
    arguments: [
      ("", ""), ("王", "*"), ("王芳", "王*"), ("王小芳", "王**"), ("1234567", "1******"), ("12345678", "123***78"),
      ("13812345678", "138******78"), ("0518-85812345-8001", "051******01"),
    ] as [(String, String)])
  func masks(text: String, shown: String) {
    let (value, mask) = (Value.text(text), Value.text(shown))
    #expect(Masking.mask(value, Self.name) == mask)
    #expect(Masking.isMask(mask, Self.name) == !text.isEmpty)
    #expect(!Masking.isMask(value, Self.name))
    Masking.$isOff.withValue(true) { #expect(Masking.mask(value, Self.name) == value) }
  }

  @Test("Nothing, what was erased, and what is no personal data are shown as they are")
  func whole() {
    #expect(Masking.mask(.null, Self.name) == .null)
    #expect(Masking.mask(.text(Field.erasedText), Self.name) == .text(Field.erasedText))
    #expect(Masking.mask(.text("王小芳"), Sample.field(.text)) == .text("王小芳"))
  }
}
