import Foundation
import SyncCore

/// A sentence of help, written in English and then in Chinese, in the language of this run: `--locale` among the arguments, or
/// the environment.
public func words(_ both: String) -> String { Words.split(both).text(Words.language) }

public enum Words {
  static let language = language(of: CommandLine.arguments) { ownEnvironment($0) }

  static func language(of arguments: [String], environment: (String) -> String?) -> Language {
    let joined = arguments.first { $0.hasPrefix("--locale=") }.map { String($0.dropFirst("--locale=".count)) }
    let next = arguments.firstIndex(of: "--locale").flatMap { arguments.dropFirst($0 + 1).first }
    return Language.from(flag: joined ?? next, environment: environment)
  }

  /// The Chinese sentence begins after the last full stop before the first Chinese character. By bytes: every command says its
  /// sentences at each start.
  static func split(_ both: String) -> Label {
    guard let first = both.unicodeScalars.firstIndex(where: isChinese) else { return Label(zh: both, en: both) }
    let head = both.utf8[..<first]
    var cut = first
    for place in head.indices where head[place] == UInt8(ascii: ".") {
      let after = head.index(after: place)
      if after < first, head[after] == UInt8(ascii: " ") { cut = head.index(after: after) }
    }
    var end = cut
    while end > both.startIndex, both.utf8[both.utf8.index(before: end)] == UInt8(ascii: " ") {
      end = both.utf8.index(before: end)
    }
    return Label(zh: String(both[cut...]), en: String(both[..<end]))
  }

  private static func isChinese(_ scalar: Unicode.Scalar) -> Bool { (0x4e00...0x9fff).contains(scalar.value) }
}
