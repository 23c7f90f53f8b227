import SyncCore
import Yams

/// One mapping of the rules file. Every key must be known, every value have its shape.
struct RuleSection {
  let path: String
  let line: Int
  private let entries: [(key: String, node: Node)]

  init(_ node: Node, path: String, known: [String]? = nil) throws(Failure) {
    let line = node.mark?.line ?? 1
    guard let mapping = node.mapping else { throw Self.failure(path, line, "not a mapping") }
    self.path = path
    self.line = line
    var entries: [(key: String, node: Node)] = []
    for (key, value) in mapping {
      guard let name = key.scalar?.string, known?.contains(name) ?? true else {
        throw Self.failure(path, key.mark?.line ?? line, "unknown key \(key.scalar?.string ?? "?")")
      }
      entries.append((name, value))
    }
    self.entries = entries
  }

  var keys: [String] { entries.map(\.key) }

  func failure(_ reason: String) -> Failure { Self.failure(path, line, reason) }

  func has(_ key: String) -> Bool { entries.contains { $0.key == key } }

  func section(_ key: String, known: [String]? = nil) throws(Failure) -> RuleSection {
    try RuleSection(node(key), path: "\(path).\(key)", known: known)
  }

  func list(_ key: String) throws(Failure) -> Node.Sequence {
    guard let list = try node(key).sequence, !list.isEmpty else { throw failure("\(key) is no list with entries") }
    return list
  }

  func text(_ key: String) throws(Failure) -> String {
    guard let text = try node(key).scalar?.string, !text.isEmpty else { throw failure("\(key) is no text") }
    return text
  }

  /// A number in the range; without one, any number from 0.
  func number(_ key: String, in range: ClosedRange<Int64> = 0...Int64.max) throws(Failure) -> Int64 {
    guard let number = try node(key).scalar.flatMap({ Int64($0.string) }), range.contains(number) else {
      throw failure("\(key) is no whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  /// `{lower bound: points}`, both falling, so that the first bound that is reached gives the most points.
  func bands(_ key: String, percent: Bool = false) throws(Failure) -> [Band] {
    let section = try self.section(key)
    var bands: [Band] = []
    for key in section.keys {
      let points = try section.number(key, in: 1...100)
      guard let from = Int64(key), (1...(percent ? 100 : 1000)).contains(from) else {
        throw section.failure("\(key) is no lower bound")
      }
      if let last = bands.last, from >= last.from || points >= Int64(last.points) {
        throw section.failure("bounds and points must fall from band to band, \(key) does not")
      }
      bands.append(Band(from: from, points: Int(points)))
    }
    guard !bands.isEmpty else { throw section.failure("no bands") }
    return bands
  }

  private func node(_ key: String) throws(Failure) -> Node {
    guard let node = entries.first(where: { $0.key == key })?.node else { throw failure("\(key) is missing") }
    return node
  }

  static func failure(_ path: String, _ line: Int, _ reason: String) -> Failure {
    Failure(
      .defect, zh: "规则文件第 \(line) 行有误,请更正:\(path):\(reason)",
      en: "rules file, line \(line), please correct it: \(path): \(reason)")
  }
}

/// Points for reaching a lower bound.
struct Band: Sendable, Equatable {
  let from: Int64
  let points: Int
}
