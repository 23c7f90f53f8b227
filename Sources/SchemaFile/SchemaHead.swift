import Foundation
import SyncCore

/// What every version of the format says in the same way: enough to tell a schema that this program cannot follow.
struct SchemaHead: Decodable {
  var name: String
  var version: Int
  var requires: Int?

  /// Throws `Failure(.configuration)` for a schema that needs a newer program, and `DecodingError` for what is none.
  static func assertFollowable(_ data: Data) throws {
    let head = try JSONDecoder().decode(SchemaHead.self, from: data)
    if let level = head.requires, level > Schema.level {
      throw head.failure(
        zh: "需要第 \(level) 级的程序,本程序是第 \(Schema.level) 级",
        en: "needs a program of level \(level), this one is of level \(Schema.level)")
    }
    let tree = try JSONSerialization.jsonObject(with: data)
    if let unknown = keys(of: tree).subtracting(known).min() {
      throw head.failure(zh: "其中有本程序不认识的「\(unknown)」", en: "says “\(unknown)”, which this program does not know")
    }
  }

  private func failure(zh: String, en: String) -> Failure {
    Failure(
      .configuration, zh: "模式「\(name)」第 \(version) 版\(zh);请安装更新的程序",
      en: "version \(version) of the schema “\(name)” \(en); install a newer program")
  }

  /// The names of all members of all objects. Names that a schema gives are never among them.
  private static func keys(of tree: Any) -> Set<String> {
    switch tree {
    case let object as [String: Any]: object.values.reduce(into: Set(object.keys)) { $0.formUnion(keys(of: $1)) }
    case let array as [Any]: array.reduce(into: []) { $0.formUnion(keys(of: $1)) }
    default: []
    }
  }

  private static let known: Set<String> = [
    // The schema.
    "name", "version", "requires", "title", "units", "successor", "records", "zh", "en", "record", "field",
    // A record.
    "label", "key", "fields", "scope", "owner", "edits", "unique", "rules", "projects", "all", "via", "_0",
    "append", "delete", "lock", "decides", "joint", "values", "except", "until", "county", "city",
    // A field.
    "kind", "required", "reference", "weak", "check", "policy", "restricted", "min", "max", "maxLength", "format",
    "value",
  ]
}
