import Foundation
import SyncCore

/// A sentence of help, written in English and then in Chinese, in the language of this run: `--locale` among the arguments, or
/// the environment.
public func words(_ both: String) -> String { Words.split(both).text(Words.language) }

public enum Words {
  static let language = language(
    of: CommandLine.arguments, environment: ProcessInfo.processInfo.environment)

  static func language(of arguments: [String], environment: [String: String]) -> Language {
    let joined = arguments.first { $0.hasPrefix("--locale=") }.map { String($0.dropFirst("--locale=".count)) }
    let next = arguments.firstIndex(of: "--locale").flatMap { arguments.dropFirst($0 + 1).first }
    return Language.from(flag: joined ?? next, environment: environment)
  }

  /// The Chinese sentence begins after the last full stop before the first Chinese character.
  static func split(_ both: String) -> Label {
    guard let first = both.firstIndex(where: isChinese) else { return Label(zh: both, en: both) }
    let cut = both[..<first].range(of: ". ", options: .backwards)?.upperBound ?? first
    let en = both[..<cut].split(separator: " ").joined(separator: " ")
    return Label(zh: String(both[cut...]), en: en)
  }

  private static func isChinese(_ character: Character) -> Bool {
    character.unicodeScalars.first.map { (0x4e00...0x9fff).contains($0.value) } ?? false
  }
}
