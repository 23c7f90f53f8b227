import SyncCore
import Yams

/// Rows written as YAML: record, then a list of mappings from field to value. A field left out is NULL.
enum SeedFile {
  static func read(_ yaml: String, for schema: Schema) throws -> [(record: String, rows: [[Value]])] {
    guard let top = try Yams.compose(yaml: yaml)?.mapping else { throw failure(1, "not a mapping of records") }
    for (key, _) in top where schema.record(key.string ?? "") == nil {
      throw failure(key.mark?.line, "no record \(key.string ?? "?")")
    }
    return try schema.records.compactMap { record in
      guard let list = top[record.name]?.sequence else { return nil }
      return (record.name, try list.map { try row($0, of: record) })
    }
  }

  private static func row(_ node: Node, of record: RecordSchema) throws -> [Value] {
    var row = record.fields.map { _ in Value.null }
    for (key, value) in node.mapping ?? [:] {
      guard let index = record.index(of: key.string ?? ""), let scalar = value.scalar else {
        throw failure(key.mark?.line, "\(record.name) has no field \(key.string ?? "?") with one value")
      }
      guard let value = self.value(scalar.string, record.fields[index].kind) else {
        throw failure(key.mark?.line, "\(scalar.string) is no \(record.fields[index].kind.rawValue)")
      }
      row[index] = value
    }
    return row
  }

  private static func value(_ text: String, _ kind: Field.Kind) -> Value? {
    switch kind {
    case .text, .uuid, .date: .text(text)
    case .integer, .boolean, .money: Int64(text).map(Value.integer)
    case .real: Double(text).map(Value.normalized)
    case .blob: nil
    }
  }

  private static func failure(_ line: Int?, _ reason: String) -> Failure {
    Failure(.defect, zh: "内置初始数据第 \(line ?? 0) 行有误:\(reason)", en: "built-in seed, line \(line ?? 0): \(reason)")
  }
}
