import SyncCore

// What the city has closed.

extension Intake {
  /// What closes a row, and what would open it for the row's unit.
  struct Closed {
    var by: RowRef
    var except: RowRef?
  }

  private typealias Target = (row: RowRef, lock: Lock, closed: Closed)

  /// The rows that are locked, or would be, by where they stand or by where the change would put them: as the city has it
  /// when the batch arrives, and by the date of its arrival.
  /// - Parameter stored: the rows as the master has them, one for each change.
  func loadLocks(
    _ changes: [Incoming], _ stored: [[Value]?], _ tombstones: [RowRef: [Value]]
  ) throws -> [RowRef: Closed] {
    if waived.contains(.locked) { return [:] }
    #if MUTANTS
      if Mutant.forgetsLock.isActive { return [:] }
    #endif
    var targets: [Target] = []
    let locks = records.compactMapValues(\.rules.lock)
    if locks.isEmpty { return [:] }
    for (index, change) in changes.lazy.map(\.change).enumerated() {
      guard let lock = locks[change.record], let record = records[change.record] else { continue }
      let before = stored[index] ?? tombstones[change.ref]
      let wanted = record.fields.indices.map { change.new[$0] ?? before?[$0] ?? change.old[$0] ?? .null }
      for image in [before, wanted].compactMap({ $0 }) {
        guard let target = lock.target(of: record, image) else { continue }
        let except = try lock.except.map { $0.target(of: target, unit: try owner(of: record, image)) }
        targets.append((change.ref, lock, Closed(by: target, except: except)))
      }
    }
    let rows = Set(targets.map(\.closed.by) + targets.compactMap(\.closed.except))
    let states = try transaction.images(of: Array(rows))
    let closed = targets.filter { isClosed($0, states) }
    return Dictionary(closed.map { ($0.row, $0.closed) }) { first, _ in first }
  }

  private func isClosed(_ target: Target, _ states: [RowRef: [Value]]) -> Bool {
    let (lock, closed) = (target.lock, target.closed)
    guard let closing = records[closed.by.record], lock.holds(closing, states[closed.by]) else { return false }
    guard let except = lock.except, let ref = closed.except, let record = records[except.record] else { return true }
    return !except.holds(record, states[ref], at: received)
  }

  /// The unit of a row. Of one whose parent comes with it, the sender's: whatever else it is does not enter.
  private func owner(of record: RecordSchema, _ image: [Value]) throws -> String {
    try transaction.unit(of: record, image) ?? sender.successor ?? sender.org
  }
}
