import GRDB
import SyncCore

/// What the commitments of signed batches stand for, each in a row that can be deleted: `batch` is the arrival at the master,
/// and the number of the own batch on a replica.
public enum SecretTable {
  public static func create(_ db: Database) throws {
    try db.execute(
      sql: """
        CREATE TABLE sync_secret (
          batch INTEGER NOT NULL, commitment BLOB NOT NULL, salt BLOB NOT NULL, value ANY NOT NULL, record TEXT NOT NULL,
          key BLOB NOT NULL, field TEXT, PRIMARY KEY (batch, commitment)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX sync_secret_of_row ON sync_secret (record, key);
        """)
  }

  public static func write(_ db: Database, _ cells: [SecretCell], of batch: Int64) throws {
    for cell in cells {
      try db.run(
        "INSERT INTO sync_secret VALUES (\(placeholders(7)))",
        [
          .integer(batch), .blob(cell.secret.commitment), .blob(cell.secret.salt), cell.secret.value,
          .text(cell.ref.record), .blob(cell.ref.key.encoded), cell.field.map(Value.text) ?? .null,
        ])
    }
  }

  /// In the order of their commitments.
  public static func read(_ db: Database, of batch: Int64) throws -> [Secret] {
    var secrets: [Secret] = []
    try db.each("SELECT commitment, salt, value FROM sync_secret WHERE batch = ?", [.integer(batch)]) { row in
      guard case .blob(let commitment) = row.cell(0), case .blob(let salt) = row.cell(1) else { return }
      secrets.append(Secret(commitment: commitment, salt: salt, value: row.cell(2)))
    }
    return secrets
  }

  /// Whether anything is kept of these fields of a row.
  public static func holds(_ db: Database, _ ref: RowRef, _ fields: [String]) throws -> Bool {
    let sql = """
      SELECT 1 FROM sync_secret WHERE record = ? AND key = ?
        AND (field IS NULL OR field IN (\(placeholders(fields.count)))) LIMIT 1
      """
    let row: [Value] = [.text(ref.record), .blob(ref.key.encoded)]
    return try db.first(sql, row + fields.map(Value.text)) != nil
  }

  /// Deletes what is kept of the cells that an erasure is about.
  /// - Parameter condition: of which batches, in SQL.
  public static func erase(
    _ db: Database, _ erasure: Erasure, where condition: String = "true", _ arguments: [Value] = []
  )
    throws
  {
    try db.run(
      """
      DELETE FROM sync_secret WHERE record = ? AND key = ?
        AND (field IS NULL OR field IN (\(placeholders(erasure.fields.count)))) AND \(condition)
      """,
      [.text(erasure.record), .blob(erasure.key.encoded)] + erasure.fields.map(Value.text) + arguments)
  }
}

extension ConflictTables {
  /// Erases the values that conflicts keep of these cells: base, the master's, the contenders' and what was decided.
  /// - Parameter kept: values that are new, by column: they stay.
  /// - Returns: the conflicts that kept any, as they are now; where any stay, all about these cells.
  public static func erase(
    _ db: Database, _ erasure: Erasure, _ record: RecordSchema, but kept: [Int: Set<Value>] = [:]
  ) throws -> [Conflict] {
    let columns = record.restrictedColumns(erasure.fields)
    let row: [Value] = [.text(erasure.record), .blob(erasure.key.encoded)]
    return try read(db, where: "record = ? AND key = ?", row).compactMap { conflict in
      var erased = conflict
      func erasing(_ value: Value) -> Value {
        guard let field = conflict.field else { return record.erasing(columns, inImage: value, but: kept) }
        guard let column = record.index(of: field), kept[column]?.contains(value) != true else { return value }
        return record.fields[column].erasing(value)
      }
      guard erasure.covers(conflict.field) else { return nil }
      erased.base = erasing(conflict.base)
      erased.master = erasing(conflict.master)
      erased.decision?.value = erasing(conflict.decision?.value ?? .null)
      for index in erased.contenders.indices {
        erased.contenders[index].value = erasing(conflict.contenders[index].value)
      }
      if erased == conflict, kept.isEmpty { return nil }
      try write(db, erased)
      for contender in erased.contenders {
        try db.run(
          "UPDATE sync_contender SET value = ? WHERE conflict = ? AND id = ?",
          [contender.value, .integer(erased.id), .integer(contender.id)])
      }
      return erased
    }
  }
}

extension RecordSchema {
  /// The same of a row that is kept as a blob, all fields spelled as a key is.
  public func erasing(_ columns: [Int], inImage value: Value, but kept: [Int: Set<Value>] = [:]) -> Value {
    guard case .blob(let bytes) = value, let image = try? RowKey(encoded: bytes).values, image.count <= fields.count
    else { return value }
    return .blob(RowKey(erasing(columns, in: image, but: kept)).encoded)
  }
}
