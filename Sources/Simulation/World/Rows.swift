import GRDB
import SQLiteStore
import SchemaFile
import SyncCore

/// Every row of every record of one database at one moment.
typealias Rows = [RowRef: [Value]]

extension RecordStore {
  func allRows() throws -> Rows { try read(allRows) }

  func allRows(_ db: Database) throws -> Rows {
    var rows: Rows = [:]
    for record in schema.records {
      try db.each("SELECT \(record.columns.joined(separator: ", ")) FROM \(record.table)") { row in
        let image = row.cells(0..<record.fields.count)
        rows[RowRef(record.name, record.rowKey(of: image))] = image
      }
    }
    return rows
  }
}

extension Schema {
  /// The unit that sees a row, found anew from the rows themselves; "" is everybody, nil: its parent is not among them.
  /// - Parameter last: what deleted rows were.
  func unit(of ref: RowRef, _ image: [Value], in rows: Rows, or last: Rows = [:]) -> String? {
    guard let record = record(ref.record) else { return nil }
    switch record.scope {
    case .all: return ""
    case .field(let name):
      guard let column = record.index(of: name), case .text(let unit) = image[column] else { return nil }
      return unit
    case .via(let name):
      guard let column = record.index(of: name), let parent = record.fields[column].reference?.record else {
        return nil
      }
      let ref = RowRef(parent, RowKey([image[column]]))
      return (rows[ref] ?? last[ref]).flatMap { unit(of: ref, $0, in: rows, or: last) }
    }
  }
}

extension RecordSchema {
  /// Where in its key a row has its unit; nil: it has it elsewhere, or finds it through another row.
  var unitPlace: Int? {
    guard case .field = scope else { return nil }
    return scopeIndex.flatMap(keyIndices.firstIndex(of:))
  }
}

extension Schema {
  /// The unit that took over from this one at last; nil: none.
  func successor(of unit: String, in rows: Rows) -> String? {
    guard let units, let successor, let column = record(units.record)?.index(of: successor) else { return nil }
    var seen = [unit]
    while let last = seen.last, case .text(let next)? = rows[RowRef(units.record, RowKey([.text(last)]))]?.cell(column)
    {
      // Of units that took over from each other none is the last.
      if seen.contains(next) { return nil }
      seen.append(next)
    }
    return seen.count > 1 ? seen.last : nil
  }
}

extension Schema {
  /// Rows that refer to what is not there, or to such rows. What is referred to weakly may lie anywhere.
  func orphans(in rows: Rows) -> Set<RowRef> {
    var rest = rows
    while true {
      let lost = rest.filter { ref, image in
        guard let record = record(ref.record) else { return false }
        return loose(record, image, in: rest).contains { !record.fields[$0].weak }
      }
      if lost.isEmpty { return Set(rows.keys).subtracting(rest.keys) }
      for ref in lost.keys { rest[ref] = nil }
    }
  }

  /// The columns of a row that refer to what is not there.
  private func loose(_ record: RecordSchema, _ image: [Value], in rows: Rows) -> [Int] {
    zip(record.fields.indices, image).compactMap { column, value in
      guard let reference = record.fields[column].reference, !value.isNull else { return nil }
      return rows[RowRef(reference.record, RowKey([value]))] == nil ? column : nil
    }
  }

  /// What takes away every reference to what is not there.
  func mending(of rows: Rows) -> [RowEdit] {
    let lost = orphans(in: rows)
    var rest = rows.filter { !lost.contains($0.key) }
    var edits = lost.inOrder().compactMap { ref in
      record(ref.record).map { RowEdit(kind: .delete, record: $0, key: ref.key) }
    }
    for ref in rest.keys.inOrder() {
      guard let record = record(ref.record), let image = rest[ref] else { continue }
      let loose = loose(record, image, in: rest)
      if loose.isEmpty { continue }
      if loose.contains(where: { record.fields[$0].required }) {
        edits.append(RowEdit(kind: .delete, record: record, key: ref.key))
        rest[ref] = nil
      } else {
        let values = Dictionary(uniqueKeysWithValues: loose.map { ($0, Value.null) })
        edits.append(RowEdit(kind: .update, record: record, key: ref.key, values: values))
      }
    }
    return edits
  }

  /// The row, and those through which it finds its unit.
  func ancestry(of ref: RowRef, _ image: [Value], in rows: Rows) -> [RowRef] {
    guard let parent = record(ref.record)?.parent(of: image) else { return [ref] }
    return [ref] + (rows[parent].map { ancestry(of: parent, $0, in: rows) } ?? [])
  }
}

extension Sequence<RowRef> {
  /// By record, then by key: the order of a set never decides anything.
  func inOrder() -> [RowRef] { sorted() }
}

/// A row as the story tells it.
func name(_ ref: RowRef) -> String { "\(ref.record) \(ref.key)" }
func text(_ value: Value) -> String { value.isNull ? "nothing" : RowKey([value]).description }

/// Reads a schema as files hold it.
let readSchema: ReadSchema = { try SchemaFile.parse(canonicalJSON: $0) }

extension [Value] {
  /// A row of an earlier version of the schema has fewer.
  func cell(_ column: Int) -> Value { column < count ? self[column] : .null }
}
