import SyncCore
import Yams

/// One mapping of the file, read strictly: every key is known, every value is of the kind asked for.
struct Section {
  let name: String
  let line: Int
  let entries: [Entry]

  struct Entry {
    let key: String
    let line: Int
    let node: Node
  }

  /// `known` nil: the keys are names that the file gives.
  init(_ node: Node, name: String, line: Int, known: [String]? = nil) throws {
    guard let mapping = node.mapping else {
      throw refusal(line, zh: "\(name) 应是键值对,请写成「键: 值」", en: "\(name) must be a mapping; write “key: value”")
    }
    self.name = name
    self.line = line
    entries = try mapping.map { key, value in
      let at = key.mark?.line ?? line
      guard let text = key.scalar?.string else {
        throw refusal(at, zh: "\(name) 的键应是文字", en: "\(name): a key must be plain text")
      }
      if let known, !known.contains(text) {
        let hint = suggestion(for: text, in: known)
        throw refusal(at, zh: "\(name) 中有未知的键「\(text)」\(hint.zh)", en: "\(name): unknown key “\(text)”\(hint.en)")
      }
      return Entry(key: text, line: at, node: value)
    }
    if let again = entries.enumerated().first(where: { at, entry in entries[..<at].contains { $0.key == entry.key } }) {
      throw refusal(
        again.element.line, zh: "\(name) 中「\(again.element.key)」出现两次,请删去一个",
        en: "\(name): “\(again.element.key)” stands twice; remove one")
    }
  }

  subscript(key: String) -> Entry? { entries.first { $0.key == key } }

  func required(_ key: String) throws -> Entry {
    if let entry = self[key] { return entry }
    throw refusal(line, zh: "\(name) 缺少「\(key)」,请补上", en: "\(name): “\(key)” is missing; add it")
  }

  func text(_ key: String) throws -> String? { try self[key].map(text) }

  func text(_ entry: Entry) throws -> String {
    if let text = entry.node.scalar?.string, !text.isEmpty { return text }
    throw refusal(entry.line, zh: "\(name) 的「\(entry.key)」应是一个词", en: "\(name): “\(entry.key)” must be one text")
  }

  func flag(_ key: String) throws -> Bool {
    guard let entry = self[key] else { return false }
    if let flag = try Bool(text(entry)) { return flag }
    throw refusal(
      entry.line, zh: "\(name) 的「\(key)」只能是 true 或 false", en: "\(name): “\(key)” must be true or false")
  }

  func number(_ key: String) throws -> Int64? {
    guard let entry = self[key] else { return nil }
    if let number = try Int64(text(entry)) { return number }
    throw refusal(
      entry.line, zh: "\(name) 的「\(key)」应是 64 位整数,只写数字",
      en: "\(name): “\(key)” must be a 64-bit integer, in digits only")
  }

  /// One of the words that an enumeration knows.
  func choice<E: RawRepresentable<String>>(_ key: String, of all: [E]) throws -> E? {
    guard let entry = self[key] else { return nil }
    let word = try text(entry)
    if let choice = E(rawValue: word) { return choice }
    let words = all.map(\.rawValue)
    let (hint, list) = (suggestion(for: word, in: words), words.joined(separator: ", "))
    throw refusal(
      entry.line, zh: "\(name) 的「\(key)」不能是「\(word)」(可用:\(list))\(hint.zh)",
      en: "\(name): “\(word)” is no \(key) (there are: \(list))\(hint.en)")
  }

  /// One name or a list of names.
  func names(_ node: Node, at line: Int, of key: String) throws -> [String] {
    let nodes = node.sequence.map { Array($0) } ?? [node]
    let names = nodes.compactMap { $0.scalar?.string }
    guard names.count == nodes.count, !names.isEmpty, !names.contains("") else {
      throw refusal(
        line, zh: "\(name) 的「\(key)」应是一个名称或 [名称, 名称]", en: "\(name): “\(key)” must be a name or [name, name]")
    }
    return names
  }

  /// A label in both languages, one text for both, or, when there is none, the name.
  func label(default fallback: String, key: String = "label") throws -> Label {
    guard let entry = self[key] else { return Label(zh: fallback, en: fallback) }
    return try Self.label(entry, of: name)
  }

  static func label(_ entry: Entry, of name: String) throws -> Label {
    if let text = entry.node.scalar?.string, !text.isEmpty { return Label(zh: text, en: text) }
    let section = try Section(entry.node, name: "\(name).\(entry.key)", line: entry.line, known: ["zh", "en"])
    return try section.bothLanguages()
  }

  func bothLanguages() throws -> Label { try Label(zh: text(required("zh")), en: text(required("en"))) }
}
