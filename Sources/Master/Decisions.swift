import GRDB
import SQLiteStore
import SyncCore

// How a decision changes the master's row.

extension Master {
  func current(_ db: Database, _ conflict: Conflict) throws -> Value {
    let record = try record(conflict.record)
    guard let field = conflict.field, let column = record.index(of: field) else { return .null }
    return try record.row(db, key: conflict.key)?[column] ?? .null
  }

  func set(_ db: Database, _ conflict: Conflict, _ value: Value) throws {
    let record = try record(conflict.record)
    guard let field = conflict.field, let column = record.index(of: field) else {
      throw Failure(
        .usage, zh: "冲突 \(conflict.id) 涉及整行,只能 --keep 或 --take",
        en: "conflict \(conflict.id) is about the whole row: use --keep or --take")
    }
    try update(db, record, key: conflict.key, [column: value])
  }

  /// A row conflict: the contender either deleted the row or changed one that was deleted.
  func take(_ db: Database, _ conflict: Conflict, _ contender: Contender) throws {
    let record = try record(conflict.record)
    if contender.deletes { try delete(db, record, key: conflict.key) }
  }
}
