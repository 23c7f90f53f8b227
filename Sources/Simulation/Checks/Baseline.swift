import Master
import Replica
import SQLiteStore
import SyncCore
import SyncProtocol

/// How everything stood when it was last at rest. What happened since is judged from there, so that one odd event does
/// not take a row out of sight for good.
struct Baseline {
  /// The last event before.
  var event: Int
  /// The master's rows.
  var rows: Rows
  /// What was done before may still change these: it waits, is held, or is contested.
  var open: Set<RowRef> = []
  /// What was parked at the city and waits no more: nothing comes of it.
  var settled: Set<Int64> = []
  /// The same of what each machine has set aside. Only what was open then leaves its id to another.
  var aside: [Int: Set<Int64>] = [:]
  /// Rows whose claims since then do not add up.
  var uncountable: Set<RowRef> = []
  /// Rows of which something was taken up since then.
  var takenUp: Set<RowRef> = []
}

extension Town {
  /// Everything is at rest, and the checkers have looked.
  func noteBaseline(_ event: Int) throws {
    witness.baseline = nil
    // R9: what two backups held is nowhere.
    if try areBackupsLost || isAnythingLate() { return }
    let parked = try city.master.parked(waiting: false)
    let conflicts = try city.master.conflicts([.open, .proposed])
    var open = Set(conflicts.map { RowRef($0.record, $0.key) })
    open.formUnion(parked.filter { $0.state == .waiting }.map(\.ref))
    var aside: [Int: Set<Int64>] = [:]
    for machine in machines {
      let rows = try machine.replica.parked(waiting: false)
      open.formUnion(rows.filter { $0.state == .waiting }.map(\.ref))
      open.formUnion(try status(machine).held.map(\.ref))
      aside[machine.index] = Set(rows.filter { $0.state != .waiting }.map(\.id))
    }
    witness.baseline = Baseline(
      event: max(event, witness.claims.map(\.event).max() ?? event), rows: city.rows, open: open,
      settled: Set(parked.filter { $0.state != .waiting }.map(\.id)), aside: aside)
  }

  /// R5: what a county gave back may wait for a version of the schema, and merge without an edit of anybody's.
  private func isAnythingLate() throws -> Bool {
    let sql = "SELECT 1 FROM sync_returned WHERE state IN ('held', 'late') AND replica <> ? LIMIT 1"
    return try city.master.read { try $0.first(sql, [.blob(Identifier.city.bytes)]) != nil }
  }

  /// What people did since the last rest; all of it, where nothing can be judged from there.
  var claimsSinceRest: [Witness.Claim] {
    guard let event = witness.baseline?.event else { return witness.claims }
    return witness.claims.filter { $0.event > event }
  }
}
