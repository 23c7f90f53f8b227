import GRDB
import SQLiteStore
import SyncCore
import SyncProtocol

// A pull in three passes over its rows: plan, vacate, assign. Of a row that nobody here has touched only what to do is remembered.

/// What becomes of a row that somebody here has touched, or beneath which something lies.
private struct Target {
  var record: RecordSchema
  var key: RowKey
  var master: [Value]?
  var result: Reconciliation
}

/// What is to be done with the row at a place of the pull.
private enum Step: UInt8 {
  case nothing
  /// It takes the master's image.
  case write
  /// It takes what its target says.
  case reconcile
}

/// A row that may leave, or give up a unique value, before any other is written.
private struct Leaver {
  var record: RecordSchema
  var key: RowKey
  /// What it becomes.
  var row: [Value]?
}

extension Replica {
  /// Vacate, then assign: rows that go, or give up a unique value, leave first, so that two rows may swap one.
  /// - Parameter left: rows that refer to what has left with a receipt.
  /// - Returns: how many rows it was about.
  func apply(_ db: Database, _ pull: Pull, _ left: [Dependent], parkingClashes: Bool, _ news: inout [News]) throws
    -> Int
  {
    let parkedBefore = try lastParked(db) ?? 0
    let askedBefore = try Set(requests(db).map(\.ref))
    if parkingClashes { try vacateUntouched(db, pull) }
    for child in left { try park(db, child) }
    if parkingClashes { try parkClashes(db, pull) }
    var steps = Array(repeating: Step.nothing, count: pull.places)
    var targets: [Int: Target] = [:]
    var leavers: [Leaver] = []
    // Only of the records that the pull names.
    var beneath: [String: Set<RowKey>] = [:]
    try pull.eachRow { place, record, key, master in
      let upstreams = try beneath[record.name] ?? Set(record.upstreamKeys(db))
      beneath[record.name] = upstreams
      let (result, here, isEdited) = try plan(db, record, key, master: master)
      // Rows that are parked on the way may leave others otherwise than they are now.
      if parkingClashes || here.map({ record.leaves($0, for: result.row) }) == true {
        leavers.append(Leaver(record: record, key: key, row: result.row))
      }
      if isEdited || parkingClashes || upstreams.contains(key) {
        targets[place] = Target(record: record, key: key, master: master, result: result)
        steps[place] = .reconcile
      } else if result.row != here {
        steps[place] = .write
      }
    }
    var decided: [Int64] = []
    for item in pull.others {
      switch item {
      case .parked(let notice): if let item = try take(db, notice) { news.append(item) }
      default: try hear(db, item, &decided)
      }
    }
    try pull.eachDispute { try hear(db, $0, &decided) }
    try applying(db, rows: pull.count) {
      for leaver in leavers { try vacate(db, leaver) }
      try pull.eachRow(where: { steps[$0] != .nothing }) { place, record, key, image in
        let target = targets[place]
        let row = target.map(\.result.row) ?? image
        // A row that is as it was is left alone: it may be an orphan that a shell made, and writing it would not stand.
        guard let row, try steps[place] == .write || record.row(db, key: key) != row else { return }
        if target?.result.isTouched == true {
          try record.writeUnchecked(db, row: row)
        } else {
          try record.write(db, row: row)
        }
      }
    }
    let touched = targets.sorted { $0.key < $1.key }.map(\.value)
    for target in touched { try keep(db, target.record, target.key, target.result, master: target.master) }
    if parkingClashes { for target in touched { try mendReferences(db, target.record, key: target.key) } }
    for id in decided {
      if let conflict = try ConflictTables.find(db, id),
        conflict.contenders.contains(where: { identity.names.contains($0.replica) })
      {
        news.append(.decided(conflict))
      }
    }
    news += try restoredHere(db, besides: askedBefore)
    news += try parkedHere(db, after: parkedBefore)
    return pull.count
  }

  /// Rows of the pull that nobody here has touched give up their unique values before edits are taken back that may need them.
  private func vacateUntouched(_ db: Database, _ pull: Pull) throws {
    #if MUTANTS
      if Mutant.untouchedStays.isActive { return }
    #endif
    try applying(db, rows: pull.count) {
      try pull.eachRow { _, record, key, image in
        guard let image, !record.unique.isEmpty else { return }
        let (result, here, isEdited) = try plan(db, record, key, master: image)
        if !isEdited, let here, record.leaves(here, for: result.row) { try record.remove(db, key: key) }
      }
    }
  }

  /// What nobody has sent makes room: the holders of unique values that come, edits of rows that go together with what they
  /// refer to, and edits that refer to what goes.
  private func parkClashes(_ db: Database, _ pull: Pull) throws {
    var gone: Set<RowRef> = []
    try pull.eachRow { _, record, key, image in if image == nil { gone.insert(RowRef(record.name, key)) } }
    try pull.eachRow { _, record, key, image in
      if let image {
        try parkHolders(db, record, image, gone: gone)
      } else {
        try parkChildren(db, record, key: key, gone: gone)
      }
    }
    // Before anything is planned: what is set aside takes back also what others hold. It may let further rows go.
    var last: Int64?
    repeat {
      last = try lastParked(db)
      try pull.eachRow { _, record, key, image in
        guard image == nil, try plan(db, record, key, master: nil).result.row == nil else { return }
        try parkChildren(db, record, key: key)
      }
    } while try lastParked(db) != last
  }

  private func lastParked(_ db: Database) throws -> Int64? { try db.integer("SELECT max(id) FROM sync_parked") }

  /// - Parameter decided: gets the conflict if its decision was not known here.
  private func hear(_ db: Database, _ item: PageItem, _ decided: inout [Int64]) throws {
    switch item {
    case .conflict(let conflict):
      if !conflict.isWaiting, try isNews(db, conflict) { decided.append(conflict.id) }
      try ConflictTables.write(db, conflict)
    case .contender(let id, let contender): try ConflictTables.write(db, contender, of: id)
    default: break
    }
  }

  /// Whether this state of the conflict was not known here.
  private func isNews(_ db: Database, _ conflict: Conflict) throws -> Bool {
    let sql = "SELECT 1 FROM sync_conflict WHERE id = ? AND version = ?"
    return try db.first(sql, [.integer(conflict.id), .integer(conflict.version)]) == nil
  }

  private func vacate(_ db: Database, _ leaver: Leaver) throws {
    let (record, key) = (leaver.record, leaver.key)
    guard let here = try record.row(db, key: key), record.leaves(here, for: leaver.row) else { return }
    if leaver.row != nil { return try record.remove(db, key: key) }
    try retire(db, record, key: key)
  }

  /// Removes a row that the master no longer has here, and keeps its last image. Inside `applying`.
  func retire(_ db: Database, _ record: RecordSchema, key: RowKey) throws {
    guard let current = try record.row(db, key: key) else { return }
    try archive(db, RowRef(record.name, key), current)
    try record.remove(db, key: key)
  }

  /// Keeps an image that leaves the record tables.
  func archive(_ db: Database, _ ref: RowRef, _ image: [Value]) throws {
    try db.run(
      "INSERT INTO sync_archive (record, key, image, cursor) SELECT ?, ?, ?, value FROM sync_meta WHERE name = 'cursor'",
      [.text(ref.record), .blob(ref.key.encoded), .blob(encodeImage(image))])
  }
}

extension RecordSchema {
  /// Whether a row goes, or gives up a unique value, when it becomes the other.
  fileprivate func leaves(_ row: [Value], for other: [Value]?) -> Bool {
    guard let other else { return true }
    return statements.uniqueColumns.contains { row[$0] != other[$0] }
  }
}
