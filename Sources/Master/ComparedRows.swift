import GRDB
import SQLiteStore
import SyncCore

/// A table and what of it is compared.
struct ComparedTable {
  let name: String
  let key: [String]
  var columns = "*"
  var rows = "true"
  /// Columns whose values are not told.
  var hidden: Set<String> = []

  var sql: String {
    "SELECT \(columns) FROM \(quoted(name)) WHERE \(rows) ORDER BY \(key.map(quoted).joined(separator: ", "))"
  }
}

/// The rows of a table, one at a time.
struct ComparedRows {
  private let cursor: RowCursor
  private let table: ComparedTable
  private let columns: [String]
  private let keys: [Int]
  private(set) var row: [Value]?

  init(_ db: Database, _ table: ComparedTable) throws {
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
    let list = cells.map { index -> Label in
      let cell = "\(name(mine)).\(columns[index])"
      if table.hidden.contains(columns[index]) {
        return Label(zh: "\(cell) 与历史不符", en: "\(cell) is not what it is by the log")
      }
      let (here, logged) = (shown(columns[index], mine[index]), shown(columns[index], theirs[index]))
      return Label(zh: "\(cell) 是 \(here),按历史应为 \(logged)", en: "\(cell) is \(here), by the log it is \(logged)")
    }
    return Label(zh: list.map(\.zh).joined(separator: ";"), en: list.map(\.en).joined(separator: "; "))
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

/// Two tables, each read once, in the order of their keys.
struct ComparedPair {
  private(set) var left: ComparedRows
  private(set) var right: ComparedRows

  init(_ mine: Database, _ theirs: Database, _ table: ComparedTable) throws {
    left = try ComparedRows(mine, table)
    right = try ComparedRows(theirs, table)
  }

  /// The rows of the next key, of which there is one at least; nil: both tables are at their end.
  mutating func next() throws -> (mine: [Value]?, theirs: [Value]?)? {
    guard left.row != nil || right.row != nil else { return nil }
    let (mine, theirs) = (left.row, right.row)
    if let mine, theirs.map({ precedes(left.key(mine), right.key($0)) }) ?? true {
      try left.advance()
      return (mine, nil)
    }
    try right.advance()
    guard let mine, let theirs, left.key(mine) == right.key(theirs) else { return (nil, theirs) }
    try left.advance()
    return (mine, theirs)
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
