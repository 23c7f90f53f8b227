import GRDB
import SQLiteStore
import SyncCore

// Two masters, row by row and byte by byte.

extension Master {
  /// How many differences are told.
  public static let mostDifferences = 20

  /// Where this master is not what another one is that was replayed from a log: the table, the key and the column of the first
  /// differences. Empty: both are the same.
  ///
  /// Compared are all rows of all records and everything that the engine knows of them: conflicts, parked changes, aliases,
  /// tombstones, stamps of cells, the feed with its places, the log and its index, the counters, and of the replicas that have
  /// sent anything who they are and their last batch.
  ///
  /// Not compared, for the log does not tell it: of a replica `withdrawn`, `enrolled_at`, and what a hello says (`request`,
  /// `acknowledged`, `clock_offset`, `last_seen`); enrolment codes; the clock of the file (`sync_clock`), which a hello or an
  /// edit moves; `sync_meta`, which is copied; the chain, of which one changed link changes all later ones (the replay itself
  /// and `verify` name that link).
  public func differences(from replay: Master, limit: Int = mostDifferences) throws -> [Label] {
    if replay === self { return [] }
    try absorbNow()
    return try read { mine in try replay.read { try schema.differences(mine, $0, limit: limit) } }
  }
}

/// A table and what of it is compared.
private struct Compared {
  let name: String
  let key: [String]
  var columns = "*"
  var rows = "true"

  var sql: String {
    "SELECT \(columns) FROM \(quoted(name)) WHERE \(rows) ORDER BY \(key.map(quoted).joined(separator: ", "))"
  }
}

private let engineTables = [
  Compared(name: Conflict.table, key: ["id"]),
  Compared(name: Contender.table, key: ["conflict", "id"]),
  Compared(name: "sync_parked", key: ["id"]),
  Compared(name: Alias.table, key: ["record", "key"]),
  Compared(name: "sync_tombstone", key: ["record", "key"]),
  Compared(name: "sync_cell", key: ["record", "key", "field"]),
  Compared(name: "sync_feed", key: ["record", "key", "unit"]),
  Compared(
    name: "sync_batch", key: ["arrival"],
    columns: "arrival, replica, number, hash, received_at, message, receipt, clock_offset"),
  Compared(name: "sync_touch", key: ["record", "key", "arrival"]),
  Compared(name: "sync_counter", key: ["name"]),
  Compared(name: "sync_replica", key: ["id"], columns: "id, org, public_key, high_water", rows: "high_water > 0"),
]

extension Schema {
  func differences(_ mine: Database, _ theirs: Database, limit: Int) throws -> [Label] {
    var found: [Label] = []
    for table in records.map({ Compared(name: $0.name, key: $0.key) }) + engineTables {
      guard found.count < limit else { break }
      found += try differences(mine, theirs, table, limit: limit - found.count)
    }
    return found
  }

  /// Both tables are read once, in the order of their keys.
  private func differences(_ mine: Database, _ theirs: Database, _ table: Compared, limit: Int) throws -> [Label] {
    var left = try Rows(mine, table)
    var right = try Rows(theirs, table)
    var found: [Label] = []
    while found.count < limit, left.row != nil || right.row != nil {
      if let difference = try difference(&left, &right) { found.append(difference) }
    }
    return found
  }

  /// Compares the next rows, of which there is one at least.
  private func difference(_ left: inout Rows, _ right: inout Rows) throws -> Label? {
    let (mine, theirs) = (left.row, right.row)
    if let mine, theirs.map({ precedes(left.key(mine), right.key($0)) }) ?? true {
      try left.advance()
      return left.surplus(mine)
    }
    try right.advance()
    guard let theirs else { return nil }
    guard let mine, left.key(mine) == right.key(theirs) else { return right.missing(theirs) }
    try left.advance()
    return mine == theirs ? nil : left.altered(mine, theirs)
  }
}

/// The rows of a table, one at a time.
private struct Rows {
  private let cursor: RowCursor
  private let table: Compared
  private let columns: [String]
  private let keys: [Int]
  private(set) var row: [Value]?

  init(_ db: Database, _ table: Compared) throws {
    self.table = table
    let statement = try db.makeStatement(sql: table.sql)
    columns = statement.columnNames
    keys = table.key.compactMap { name in statement.columnNames.firstIndex(of: name) }
    cursor = try Row.fetchCursor(statement)
    try advance()
  }

  mutating func advance() throws { row = try cursor.next().map { $0.cells(0..<columns.count) } }

  func key(_ row: [Value]) -> [Value] { keys.map { row[$0] } }

  func surplus(_ row: [Value]) -> Label {
    Label(zh: "\(name(row)):主库中有,历史中得不出", en: "\(name(row)): is in the master, but does not follow from the log")
  }

  func missing(_ row: [Value]) -> Label {
    Label(zh: "\(name(row)):主库中没有,但历史中应有", en: "\(name(row)): is not in the master, but follows from the log")
  }

  func altered(_ mine: [Value], _ theirs: [Value]) -> Label {
    let cells = columns.indices.filter { mine[$0] != theirs[$0] }
    let list = cells.map { (columns[$0], shown(columns[$0], mine[$0]), shown(columns[$0], theirs[$0])) }
    return Label(
      zh: list.map { "\(name(mine)).\($0) 是 \($1),按历史应为 \($2)" }.joined(separator: ";"),
      en: list.map { "\(name(mine)).\($0) is \($1), by the log it is \($2)" }.joined(separator: "; "))
  }

  private func name(_ row: [Value]) -> String {
    table.name + " " + keys.map { shown(columns[$0], row[$0]) }.joined(separator: ",")
  }

  /// A key as people know it, and of long values the beginning.
  private func shown(_ column: String, _ value: Value) -> String {
    if column == "key" || column == "target", case .blob(let bytes) = value, let key = try? RowKey(encoded: bytes) {
      return show(key)
    }
    let text = show(RowKey([value]))
    return text.count > 60 ? text.prefix(60) + "…" : text
  }
}

/// SQLite's order of keys.
private func precedes(_ a: [Value], _ b: [Value]) -> Bool {
  for (x, y) in zip(a, b) where x != y { return precedes(x, y) }
  return false
}

private func precedes(_ a: Value, _ b: Value) -> Bool {
  switch (a, b) {
  case (.integer(let x), .integer(let y)): x < y
  case (.real(let x), .real(let y)): x < y
  case (.text(let x), .text(let y)): x.utf8.lexicographicallyPrecedes(y.utf8)
  case (.blob(let x), .blob(let y)): x.lexicographicallyPrecedes(y)
  default: rank(a) < rank(b)
  }
}

private func rank(_ value: Value) -> Int {
  switch value {
  case .null: 0
  case .integer: 1
  case .real: 2
  case .text: 3
  case .blob: 4
  }
}
