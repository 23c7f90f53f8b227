import GRDB
import SQLiteStore
import SyncCore

/// While a city recovers nobody writes its records: what comes back must find what it found then. Triggers say so to tools.
enum RecoveryGuard {
  private static let events = ["INSERT", "UPDATE", "DELETE"]

  static func names(_ schema: Schema) -> Set<String> {
    Set(schema.records.flatMap { record in events.map { name(record, $0) } })
  }

  private static func name(_ record: RecordSchema, _ event: String) -> String {
    "sync_recovering_\(event.lowercased())_\(record.name)"
  }

  static func create(_ db: Database, _ schema: Schema) throws {
    for record in schema.records {
      for event in events {
        try db.execute(
          sql: """
            DROP TRIGGER IF EXISTS \(quoted(name(record, event)));
            CREATE TRIGGER \(quoted(name(record, event))) BEFORE \(event) ON \(record.table)
            WHEN NOT EXISTS (SELECT 1 FROM sync_applying)
            BEGIN SELECT RAISE(ABORT, '主库正在恢复 / the city recovers: see city recovery'); END
            """)
      }
    }
  }
}

extension Master {
  package static let recovering = Failure(
    .busy, zh: "主库刚从备份恢复,正在等各县区送回备份之后的内容;请稍后再试,或用 city recovery 查看、--release 放行",
    en: "the city was restored from a backup and waits for what the counties give back; try again later, or see city "
      + "recovery, which can also release it")
}
