import GRDB
import SyncCore

extension RecordSchema {
  /// How many references of a row name what is not there.
  public func missingTargets(_ db: Database, _ row: [Value]) throws -> Int {
    try zip(fields, row).filter { field, value in
      guard let reference = field.reference, !value.isNull else { return false }
      return try !db.has(reference, value)
    }.count
  }
}

/// Takes rows away and writes them again, of which another program has deleted what they refer to. SQLite counts such a reference when its row
/// comes, and takes it off when its row goes, but never below none ("SQLite Foreign Key Support", deferred constraints): the row could not come
/// back. So as many are owed beforehand, in a table of this connection, until the rows are there. A reference that is broken by the body itself
/// is found as ever. Inside a transaction with deferred foreign keys.
/// - Parameter references: how many the rows have that name what is not there.
public func owing<T>(_ db: Database, _ references: Int, _ body: () throws -> T) throws -> T {
  if references == 0 { return try body() }
  #if MUTANTS
    if Mutant.missingIsCounted.isActive { return try body() }
  #endif
  try db.execute(
    sql: "CREATE TEMP TABLE IF NOT EXISTS sync_owed (id INTEGER PRIMARY KEY, target INTEGER REFERENCES sync_owed (id))")
  for _ in 0..<references { try db.run("INSERT INTO temp.sync_owed (target) VALUES (0)") }
  let result = try body()
  try db.run("DELETE FROM temp.sync_owed")
  return result
}
