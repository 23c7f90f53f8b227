import SyncCore

/// The unified social credit code of GB 32100-2015: 18 characters, the last of which checks the others.
///
/// [1] registering department, [2] category, [3–8] division of the *registering* authority, which is not where the
/// enterprise is, [9–17] organisation code, [18] check.
public enum CreditCode {
  /// What is wrong with the code; nil when it is valid.
  public static func problem(in code: String) -> Label? {
    let characters = Array(code)
    guard characters.count == 18 else {
      return Label(
        zh: "统一社会信用代码应有 18 位,现有 \(characters.count) 位",
        en: "a credit code has 18 characters, this one has \(characters.count)")
    }
    if let index = characters.prefix(17).firstIndex(where: { values[$0] == nil }) {
      return Label(
        zh: "第 \(index + 1) 位「\(characters[index])」不能用:只能是数字和大写字母,且没有 I、O、S、V、Z",
        en: "position \(index + 1) is “\(characters[index])”: only digits and capital letters without I, O, S, V, Z")
    }
    guard let check = checkCharacter(characters.prefix(17)), check != characters[17] else { return nil }
    return Label(
      zh: "第 18 位是「\(characters[17])」,按前 17 位应为「\(check)」,请核对是否录错",
      en: "position 18 is “\(characters[17])”, the first 17 call for “\(check)”; look for a mistyped character")
  }

  /// A doubt about a code without `problem`: the inner check of the organisation code (GB 11714) fails. Some codes that
  /// were really issued fail it, so it never refuses.
  public static func warning(in code: String) -> Label? {
    let organisation = Array(code.dropFirst(8).prefix(9))
    guard organisation.count == 9, let check = organisationCheck(organisation.prefix(8)), check != organisation[8]
    else {
      return nil
    }
    return Label(
      zh: "第 17 位是「\(organisation[8])」,按组织机构代码应为「\(check)」,请核对",
      en: "position 17 is “\(organisation[8])”, the organisation code calls for “\(check)”; please compare")
  }

  /// The code that begins with these 17 characters; nil when they are not 17 or not all allowed.
  public static func make(prefix17: String) -> String? {
    guard prefix17.count == 17, let check = checkCharacter(prefix17) else { return nil }
    return prefix17 + String(check)
  }

  private static let alphabet = Array("0123456789ABCDEFGHJKLMNPQRTUWXY")
  private static let values = Dictionary(uniqueKeysWithValues: zip(alphabet, 0...))

  /// Weights are the powers of 3 modulo 31.
  private static func checkCharacter(_ prefix: some Sequence<Character>) -> Character? {
    var sum = 0
    var weight = 1
    for character in prefix {
      guard let value = values[character] else { return nil }
      sum += value * weight
      weight = weight * 3 % 31
    }
    return alphabet[(31 - sum % 31) % 31]
  }

  private static func organisationCheck(_ characters: some Sequence<Character>) -> Character? {
    var sum = 0
    for (character, weight) in zip(characters, [3, 7, 9, 10, 5, 8, 4, 2]) {
      // Digits stand for themselves, A to Z for 10 to 35.
      guard let value = character.base36 else { return nil }
      sum += value * weight
    }
    let rest = 11 - sum % 11
    return rest == 10 ? "X" : rest == 11 ? "0" : Character(String(rest))
  }
}

extension Character {
  /// 0 to 9, then A to Z as 10 to 35.
  fileprivate var base36: Int? {
    guard let byte = asciiValue else { return nil }
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): return Int(byte - UInt8(ascii: "0"))
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): return Int(byte - UInt8(ascii: "A")) + 10
    default: return nil
    }
  }
}
