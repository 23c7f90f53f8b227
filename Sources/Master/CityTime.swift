import SQLiteStore
import SyncCore

extension Master {
  /// The city's time, under which whatever comes now arrives. It never goes back: once its machine's clock has stood
  /// ahead, it stays there until that catches up.
  public func now() throws -> Stamp {
    let last = try read { db in try SQLiteMasterTransaction(db: db, schema: schema).stamp() }
    return max(last, Stamp(milliseconds: clock()))
  }
}
