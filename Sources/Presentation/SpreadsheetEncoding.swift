/// What a spreadsheet saves in place of characters that its code page has not; on Chinese Windows that is GBK.
package enum SpreadsheetEncoding {
  /// Whether a text may be what is left of another one: `恒扬?` of `恒扬®`, `恒扬?0?3` of its bytes in GB18030, or `m2`
  /// of `m²`.
  package static func isLeft(_ text: String, of original: String) -> Bool {
    guard text != original, let same = try? TextEncoding.inGBK(text), same == text else { return false }
    if isCut(text, from: original) { return true }
    let fitted = fitted(original)
    return fitted != original && (text == fitted || isCut(text, from: fitted))
  }

  private static func isCut(_ text: String, from original: String) -> Bool {
    guard let saved = try? TextEncoding.inGBK(original), saved != original else { return false }
    return squeezed(text) == squeezed(saved)
  }

  private static func fitted(_ text: String) -> String {
    String(String.UnicodeScalarView(text.unicodeScalars.map { bestFit[$0] ?? $0 }))
  }

  /// What Windows puts in place of characters that its code page 936 has not, where it knows a like one.
  private static let bestFit: [Unicode.Scalar: Unicode.Scalar] = {
    let pairs = [
      ("¢£¥¦ª\u{AD}¯²³´µ¹º", "￠￡￥|a-ˉ23′μ1o"), ("ÀÁÈÉÊÌÍÒÓÙÚÜ", "àáèéêìíòóùúü"), ("ÐÝÞâðýþ", "DYTaeyt"),
      ("ĀĒĚĪŌŪǍǏǑǓǕǗǙǛ", "āēěīōūǎǐǒǔǖǘǚǜ"), ("ǁ∘‾∼", "∥°￣～"),
    ]
    var fits: [Unicode.Scalar: Unicode.Scalar] = [:]
    for (lost, like) in pairs {
      for (scalar, fit) in zip(lost.unicodeScalars, like.unicodeScalars) { fits[scalar] = fit }
    }
    return fits
  }()

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
