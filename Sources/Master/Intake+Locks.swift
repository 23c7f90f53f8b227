import SyncCore

// What the city has closed.

extension Intake {
  /// The rows that are locked, or would be, by where they stand or by where the change would put them.
  func loadLocks(_ changes: [Incoming], _ tombstones: [RowRef: [Value]]) throws -> Set<RowRef> {
    if waived.contains(.locked) { return [] }
    var targets: [(row: RowRef, target: RowRef, lock: Lock)] = []
    for change in changes.map(\.change) {
      guard let record = records[change.record], let lock = record.rules.lock else { continue }
      let before = images[change.ref] ?? tombstones[change.ref]
      let wanted = record.fields.indices.map { change.new[$0] ?? before?[$0] ?? change.old[$0] ?? .null }
      for image in [before, wanted].compactMap({ $0 }) {
        if let target = lock.target(of: record, image) { targets.append((change.ref, target, lock)) }
      }
    }
    let states = try transaction.images(of: Array(Set(targets.map(\.target))))
    return Set(
      targets.filter { _, target, lock in
        records[target.record].map { lock.holds($0, states[target]) } ?? false
      }.map(\.row))
  }
}
