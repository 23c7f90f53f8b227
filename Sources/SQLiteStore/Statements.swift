import SyncCore
import Synchronization

/// The statements of one record, spelled once: a store runs them for every row.
public final class Statements: Sendable {
  public let select: String
  public let delete: String
  public let insert: String
  /// Inserts the row, or overwrites every column of the one that is there. Never REPLACE, which would remove other rows.
  public let write: String
  public let clearPending: String
  let setPending: String
  let pending: String
  let pendingOfKey: String
  public let upstream: String
  public let setUpstream: String
  public let clearUpstream: String
  let latest: [Int]
  let fullMask: Int64
  /// The columns that take part in a unique set.
  public let uniqueColumns: Set<Int>
  /// Updates of some columns, by them.
  private let updates = Mutex<[[Int]: String]>([:])
  private static let mostUpdates = 64
  /// What makes the tables, indexes and triggers, by whether weak references are keys.
  private let objects = Mutex<[Bool: [(name: String, sql: String)]]>([:])

  init(_ record: RecordSchema) {
    let columns = record.columns
    let list = columns.joined(separator: ", ")
    let keyMatch = record.keyMatch
    let keyList = record.keyColumns.joined(separator: ", ")
    let latest = record.latestIndices
    let state = (["existed", "mask", "stamp", "actor"] + latest.flatMap { ["stamp_\($0)", "actor_\($0)"] }).map {
      "sync_\($0)"
    }
    let assignments = record.otherIndices.map { "\(columns[$0]) = excluded.\(columns[$0])" }
    let action = assignments.isEmpty ? "NOTHING" : "UPDATE SET " + assignments.joined(separator: ", ")
    let shown = (columns + state).map { "b.\($0)" } + columns.map { "r.\($0)" }
    let captured = "SELECT \(shown.joined(separator: ", ")) FROM \(record.baseTable) b LEFT JOIN \(record.table) r ON "
    let ofKey = " WHERE " + record.keyMatch("b.")

    let values = record.fields.map(placeholder).joined(separator: ", ")
    select = "SELECT \(list) FROM \(record.table) WHERE \(keyMatch)"
    delete = "DELETE FROM \(record.table) WHERE \(keyMatch)"
    insert = "INSERT INTO \(record.table) (\(list)) VALUES (\(values))"
    write = "INSERT INTO \(record.table) (\(list)) VALUES (\(values)) ON CONFLICT (\(keyList)) DO \(action)"
    clearPending = "DELETE FROM \(record.baseTable) WHERE \(keyMatch)"
    let stored = columns + state
    setPending =
      "INSERT INTO \(record.baseTable) (\(stored.joined(separator: ", "))) VALUES (\(values), \(placeholders(state.count)))"
    let join = captured + record.keyJoin("b", "r")
    pending = join + " ORDER BY " + record.keyColumns.map { "b.\($0)" }.joined(separator: ", ")
    pendingOfKey = join + ofKey
    upstream = "SELECT \(list), sync_gone FROM \(record.upstreamTable) WHERE \(keyMatch)"
    setUpstream = "INSERT INTO \(record.upstreamTable) VALUES (\(values), ?)"
    clearUpstream = "DELETE FROM \(record.upstreamTable) WHERE \(keyMatch)"
    self.latest = latest
    fullMask = record.fullMask
    uniqueColumns = Set(record.unique.flatMap { $0 }.compactMap(record.index(of:)))
  }
}

extension Statements {
  func objects(weakKeys: Bool, _ make: () -> [(name: String, sql: String)]) -> [(name: String, sql: String)] {
    objects.withLock { known in
      if let found = known[weakKeys] { return found }
      let made = make()
      known[weakKeys] = made
      return made
    }
  }

  /// Sets these columns of a row; nil: the key is among them, or there are too many kinds of updates to keep one for each.
  func update(_ changed: [Int], of record: RecordSchema) -> String? {
    if changed.contains(where: record.isKey) { return nil }
    return updates.withLock { known in
      if let found = known[changed] { return found }
      guard !changed.isEmpty, known.count < Self.mostUpdates else { return nil }
      let set = changed.map { "\(quoted(record.fields[$0].name)) = \(placeholder(record.fields[$0]))" }
      let sql = "UPDATE \(record.table) SET \(set.joined(separator: ", ")) WHERE \(record.keyMatch)"
      known[changed] = sql
      return sql
    }
  }
}

extension RecordSchema {
  public var statements: Statements { statements { Statements(self) } }
}
