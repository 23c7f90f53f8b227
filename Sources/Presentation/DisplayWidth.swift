/// The columns that the text takes on a terminal: 2 for East Asian wide and for emoji, 0 for marks and controls.
/// Characters of ambiguous width (UAX #11) take 1.
public func displayWidth(_ s: String) -> Int {
  s.reduce(0) { $0 + width(of: $1) }
}

private func width(of character: Character) -> Int {
  if let ascii = character.asciiValue { return ascii < 0x20 || ascii == 0x7f ? 0 : 1 }
  let scalars = character.unicodeScalars
  guard let first = scalars.first else { return 0 }
  // A whole emoji sequence (flag, family, keycap, skin tone) is drawn as one picture.
  let drawnAsEmoji = scalars.contains { $0.value == 0xfe0f }
  if first.properties.isEmojiPresentation || (first.properties.isEmoji && drawnAsEmoji) { return 2 }
  return scalars.reduce(0) { $0 + width(of: $1) }
}

private func width(of scalar: Unicode.Scalar) -> Int {
  switch scalar.value {
  case 0xad: return 1
  // The vowels and finals of a Korean syllable are drawn inside its initial.
  case 0x1160...0x11ff, 0xd7b0...0xd7ff: return 0
  default: break
  }
  switch scalar.properties.generalCategory {
  case .nonspacingMark, .enclosingMark, .format, .control, .lineSeparator, .paragraphSeparator: return 0
  default: return isWide(scalar) || scalar.properties.isEmojiPresentation ? 2 : 1
  }
}

/// East_Asian_Width W and F, by block; emoji are found by their property.
private func isWide(_ scalar: Unicode.Scalar) -> Bool {
  switch scalar.value {
  case 0..<0x1100: false
  case 0x1100...0x115f, 0x2329...0x232a, 0x2e80...0x303e, 0x3041...0x3247, 0x3250...0xa4cf, 0xa960...0xa97f: true
  case 0xac00...0xd7a3, 0xf900...0xfaff, 0xfe10...0xfe19, 0xfe30...0xfe6f, 0xff01...0xff60, 0xffe0...0xffe6: true
  case 0x16fe0...0x18dff, 0x1aff0...0x1b2ff, 0x1f200...0x1f265, 0x20000...0x3fffd: true
  default: false
  }
}
