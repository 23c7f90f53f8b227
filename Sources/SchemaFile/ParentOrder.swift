import SyncCore

/// Parents before children, otherwise as written: the order in which rows are inserted and tables created.
enum ParentOrder {
  static func sorted(_ records: [RecordSchema]) throws -> [RecordSchema] {
    var waiting = records
    var placed: [RecordSchema] = []
    while !waiting.isEmpty {
      let names = Set(waiting.map(\.name))
      guard let next = waiting.firstIndex(where: { parent(of: $0, in: names) == nil }) else {
        throw cycle(in: waiting, names)
      }
      placed.append(waiting.remove(at: next))
    }
    return placed
  }

  /// The first field by which the record depends on another of these records.
  private static func parent(of record: RecordSchema, in names: Set<String>) -> (field: String, record: String)? {
    for field in record.fields where !field.weak {
      guard let target = field.reference?.record, target != record.name, names.contains(target) else { continue }
      return (field.name, target)
    }
    return nil
  }

  /// Each waiting record has a waiting parent: walking up must come round.
  private static func cycle(in waiting: [RecordSchema], _ names: Set<String>) -> SchemaProblem {
    var path: [String] = []
    var place = Place(record: waiting[0].name)
    var at: RecordSchema? = waiting[0]
    while let record = at, !path.contains(record.name), let up = parent(of: record, in: names) {
      path.append(record.name)
      place = Place(record: record.name, field: up.field, key: "references")
      at = waiting.first { $0.name == up.record }
    }
    let circle = (path.drop { $0 != at?.name } + [at?.name ?? ""]).joined(separator: " → ")
    return SchemaProblem(
      place, zh: "引用绕成一圈(\(circle)),请把其中之一写为 weak: true",
      en: "references go in a circle (\(circle)); declare one of them weak")
  }
}
