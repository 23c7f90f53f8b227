/// What a spreadsheet saves in place of characters that its code page has not; on Chinese Windows that is GBK.
package enum SpreadsheetEncoding {
  /// Whether a text may be what is left of another one: `恒扬?` of `恒扬®`, or `恒扬?0?3` of its bytes in GB18030.
  package static func isLeft(_ text: String, of original: String) -> Bool {
    guard text != original, let saved = try? TextEncoding.inGBK(original), saved != original,
      let same = try? TextEncoding.inGBK(text), same == text
    else { return false }
    return squeezed(text) == squeezed(saved)
  }

  /// With one question mark for a run of lost characters and the digits behind it: of the four bytes that GB18030 has
  /// for a character, the second and the fourth are digits.
  private static func squeezed(_ text: String) -> String {
    var out = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      let isBehind = out.last == "?"
      if scalar == "?" || scalar == TextEncoding.replacement {
        if !isBehind { out.append("?") }
      } else if !isBehind || !(48...57).contains(scalar.value) {
        out.append(scalar)
      }
    }
    return String(out)
  }
}
