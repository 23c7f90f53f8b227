import GRDB
import Presentation
import SQLiteStore
import SyncCore

/// The rows that stood before an import. A row whose key fills itself is told from others by its cells only: two like each
/// other may be meant, as two services on one day, but not by whoever imports a file a second time.
struct AlikeRows {
  /// Their keys, by the cells that the file has; nil: no line has asked yet.
  private var keys: [[Value]: RowKey]?

  /// What to say of a line before it becomes a new row.
  mutating func note(
    _ db: Database, _ shape: ImportShape, _ values: [Int: Value], _ row: ImportRow
  ) throws -> ImportProblem? {
    let record = shape.own
    guard record.keyIndices.allSatisfy({ record.fields[$0].kind == .uuid && values[$0] == nil }) else { return nil }
    let columns = shape.columns(of: row)
    let known = try keys ?? Self.keys(db, record, by: columns)
    keys = known
    guard let key = known[columns.map { values[$0] ?? .null }].map(KeyText.show) else { return nil }
    return ImportProblem(
      line: row.line, column: "", value: "",
      message: Label(
        zh: "已有与此行相同的记录 \(key);如是同一条,请勿重复导入",
        en: "a row like this stands already, \(key); if it is the same one, do not import the line again"))
  }

  private static func keys(_ db: Database, _ record: RecordSchema, by columns: [Int]) throws -> [[Value]: RowKey] {
    var keys: [[Value]: RowKey] = [:]
    let names = (record.keyIndices + columns).map { record.columns[$0] }.joined(separator: ", ")
    let count = record.key.count
    try db.each("SELECT \(names) FROM \(record.table)") { row in
      keys[row.cells(count..<row.count)] = RowKey(row.cells(0..<count))
    }
    return keys
  }
}
