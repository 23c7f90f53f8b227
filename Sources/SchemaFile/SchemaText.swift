import Foundation
import SyncCore

extension SchemaFile {
  /// The one text of a schema: what is hashed, stored and sent. Keys in order, no spaces.
  public static func canonicalJSON(_ schema: Schema) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(schema), as: UTF8.self)
  }

  /// Reads what `canonicalJSON` wrote. It may come over the wire: it is held to the same rules as a file. What a newer
  /// program wrote and this one cannot follow is `Failure(.configuration)`: to leave out what it says would be to lose it.
  public static func parse(canonicalJSON text: String) throws -> Schema {
    do { return try SchemaRules.checked(decoded(text)) } catch let problem as SchemaProblem {
      throw Failure(.data, zh: "收到的方案不合规则:\(problem.message.zh)", en: "schema received: \(problem.message.en)")
    } catch let error as DecodingError {
      let path = error.codingPath.map(\.stringValue).joined(separator: ".")
      throw Failure(
        .data, zh: "收到的方案无法读取(\(path)):请升级本程序,或请对方重发",
        en: "schema received: cannot be read at “\(path)”; upgrade this program or ask for it again")
    } catch let error where !(error is Failure) {
      // What only one of the two JSON readers lets pass.
      throw Failure(.data, zh: "收到的方案不是 JSON:请对方重发", en: "schema received: it is not JSON; ask for it again")
    }
  }

  /// In one go when all is well, as it is at every start of a program. Of anything else the head is read first: it says why.
  private static func decoded(_ text: String) throws -> Schema {
    if let schema = try? Schema(canonical: text), schema.requires ?? 0 <= Schema.level { return schema }
    let data = Data(text.utf8)
    try SchemaHead.assertFollowable(data)
    return try JSONDecoder().decode(Schema.self, from: data)
  }
}

extension DecodingError {
  fileprivate var codingPath: [any CodingKey] {
    switch self {
    case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context): context.codingPath
    case .keyNotFound(let key, let context): context.codingPath + [key]
    @unknown default: []
    }
  }
}
