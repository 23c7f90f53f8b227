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
    if let unknown = unknownNames(in: tree, .schema).min() {
      throw head.failure(zh: "其中有本程序不认识的「\(unknown)」", en: "says “\(unknown)”, which this program does not know")
    }
  }

  private func failure(zh: String, en: String) -> Failure {
    Failure(
      .configuration, zh: "模式「\(name)」第 \(version) 版\(zh);请安装更新的程序",
      en: "version \(version) of the schema “\(name)” \(en); install a newer program")
  }

  /// The names of members that this program does not know where they stand.
  private static func unknownNames(in tree: Any, _ part: Part) -> Set<String> {
    switch tree {
    case let object as [String: Any]:
      let known = members[part] ?? [:]
      return object.reduce(into: Set<String>()) { names, member in
        if let part = known[member.key] {
          names.formUnion(unknownNames(in: member.value, part))
        } else {
          names.insert(member.key)
        }
      }
    case let array as [Any]: return array.reduce(into: Set<String>()) { $0.formUnion(unknownNames(in: $1, part)) }
    default: return []
    }
  }

  /// The kinds of objects, and what is none.
  private enum Part {
    case schema, record, field, label, reference, scope, named, rules, joint, lock, exception, check, choice, value
  }

  private static let members: [Part: [String: Part]] = [
    .schema: [
      "name": .value, "version": .value, "requires": .value, "title": .label, "units": .reference, "successor": .value,
      "records": .record,
    ],
    .record: [
      "name": .value, "label": .label, "key": .value, "fields": .field, "scope": .scope, "owner": .value,
      "edits": .value, "unique": .value, "projects": .value, "rules": .rules,
    ],
    .field: [
      "name": .value, "label": .label, "kind": .value, "required": .value, "policy": .value, "reference": .reference,
      "weak": .value, "owner": .value, "restricted": .value, "check": .check,
    ],
    .label: ["zh": .value, "en": .value],
    .reference: ["record": .value, "field": .value],
    .scope: ["all": .value, "field": .named, "via": .named],
    .named: ["_0": .value],
    .rules: ["append": .value, "decides": .value, "delete": .value, "joint": .joint, "lock": .lock],
    .joint: ["city": .value, "county": .value],
    .lock: ["record": .value, "key": .value, "field": .value, "values": .value, "except": .exception],
    .exception: ["record": .value, "until": .value],
    .check: ["values": .choice, "min": .value, "max": .value, "maxLength": .value, "format": .value],
    .choice: ["value": .value, "label": .label, "owner": .value],
  ]
}
