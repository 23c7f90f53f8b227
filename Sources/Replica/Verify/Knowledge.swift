import GRDB
import SQLiteStore
import SyncCore

// What the master has of a row, as far as this replica knows. For a row that nobody touched here that is the row itself, so
// whatever differs from the master's and is not pending shows up; pending edits do not, for they know their base.

enum Knowledge: Equatable {
  /// The master has no such row.
  case none
  /// - Parameter unsure: columns of a batch under way, of which the master may have either value.
  case row([Value], unsure: Set<Int>)
  /// There is no such row here, and a batch under way names it.
  case unsure

  /// The columns in which the master's image is another; all of them when one has no row. Empty: they agree.
  func columns(differingFrom image: [Value]?, of record: RecordSchema) -> [Int] {
    let all = Array(record.fields.indices)
    switch (self, image) {
    case (.unsure, _), (.none, nil): return []
    case (.none, _): return all
    case (.row(_, let unsure), nil): return unsure.isEmpty ? all : []
    case (.row(let row, let unsure), let image?): return all.filter { row[$0] != image[$0] && !unsure.contains($0) }
    }
  }
}

extension RecordSchema {
  /// Pure: the row here, what is captured of it, the columns in flight, and what was pulled beneath it.
  func knowledge(row: [Value]?, pending: PendingRow?, inFlight: Int64, upstream: [Value]??) -> Knowledge {
    let flying = Set(fields.indices.filter { inFlight >> Int64($0) & 1 == 1 })
    // Nobody was seen to delete it.
    if inFlight == 0, pending?.wentUnseen(self) == true { return .none }
    if let pulled = upstream {
      guard let master = pulled else { return .none }
      guard let row else { return inFlight == 0 ? .row(master, unsure: []) : .unsure }
      let touched = flying.union(pending?.touched ?? [])
      return .row(fields.indices.map { touched.contains($0) ? master[$0] : row[$0] }, unsure: [])
    }
    if inFlight != 0 {
      guard let row else { return .unsure }
      return .row(fields.indices.map { pending?.base[$0] ?? row[$0] }, unsure: flying)
    }
    guard let base = pending.map({ $0.baseRow(self) }) ?? row else { return .none }
    return .row(base, unsure: [])
  }
}

extension Replica {
  /// - Parameter sent: what is on its way, in a repaired file that was not compared.
  func knowledge(_ db: Database, _ record: RecordSchema, _ key: RowKey, _ sent: Sent) throws -> Knowledge {
    let known = try counted(db, record, key)
    // The city may have taken a batch since something was pulled beneath it.
    if case .row(let image, let unsure) = known, unsure.isEmpty {
      let mask = try flightMask(db, record, key)
      return .row(image, unsure: Set(record.fields.indices.filter { mask >> Int64($0) & 1 == 1 }))
    }
    // It was there when it was sent, and nobody was seen to delete it.
    guard known == .unsure, try cells(db, record, key, missingOf: sent) != nil else { return known }
    return .none
  }

  /// The columns in which a row differs from the city's. A pending edit of what changed there since is sent over its own
  /// base; only of a sum nobody can tell whether that was what the city had.
  func columns(
    _ db: Database, _ record: RecordSchema, _ key: RowKey, differingFrom city: [Value]?, isNewer: Bool, _ sent: Sent
  ) throws -> [Int] {
    let columns = try knowledge(db, record, key, sent).columns(differingFrom: city, of: record)
    guard isNewer, let base = try record.pending(db, key: key)?.base else { return columns }
    return columns.filter { base[$0] == nil || record.fields[$0].policy == .sum }
  }

  private func counted(_ db: Database, _ record: RecordSchema, _ key: RowKey) throws -> Knowledge {
    record.knowledge(
      row: try record.row(db, key: key), pending: try record.pending(db, key: key),
      inFlight: try flightMask(db, record, key), upstream: try record.upstream(db, key: key))
  }

  /// Goes through what the master has of a record, as far as this replica is sure of it. Holds the keys of touched rows.
  func eachKnown(_ db: Database, _ record: RecordSchema, _ body: ([Value]) throws -> Void) throws {
    let touched = try touchedKeys(db, record)
    for key in touched {
      if case .row(let image, let unsure) = try counted(db, record, key), unsure.isEmpty { try body(image) }
    }
    let key = record.keyIndices
    try db.each("SELECT \(record.columns.joined(separator: ", ")) FROM \(record.table)") { row in
      if !touched.isEmpty, touched.contains(RowKey(key.map(row.cell))) { return }
      try body(row.cells(0..<record.fields.count))
    }
  }

  private func touchedKeys(_ db: Database, _ record: RecordSchema) throws -> Set<RowKey> {
    var keys = Set(try record.upstreamKeys(db))
    try db.each("SELECT \(record.keyColumns.joined(separator: ", ")) FROM \(record.baseTable)") { row in
      keys.insert(RowKey(row.cells(0..<record.key.count)))
    }
    try db.each("SELECT key FROM sync_flight WHERE record = ?", [.text(record.name)]) { row in
      if case .blob(let bytes) = row.cell(0) { keys.insert(try RowKey(encoded: bytes)) }
    }
    return keys
  }
}
