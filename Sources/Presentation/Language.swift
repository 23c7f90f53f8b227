import Foundation
import SyncCore

/// A variable of this process's environment. Foundation would read all of them.
public func ownEnvironment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

/// The languages that people read messages in.
public enum Language: String, Sendable, CaseIterable {
  case zh, en

  /// The flag wins; without a usable one the locale variables decide in the order of POSIX (section 8.2), the first one
  /// that is set; anything but Chinese is English.
  public static func from(flag: String?, environment: (String) -> String?) -> Language {
    if let flag, let language = allCases.first(where: { flag.lowercased().hasPrefix($0.rawValue) }) { return language }
    let names = ["LC_ALL", "LC_MESSAGES", "LANG"]
    let locale = names.lazy.compactMap(environment).first { !$0.isEmpty } ?? ""
    return locale.lowercased().hasPrefix("zh") ? .zh : .en
  }
}

extension Label {
  public func text(_ language: Language) -> String {
    switch language {
    case .zh: zh
    case .en: en
    }
  }
}
