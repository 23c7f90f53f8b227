import GRDB
import Master
import Replica
import SQLiteStore
import SyncCore
import SyncProtocol

// What must hold once everything is at rest.
extension Town {
  /// I5: nothing is on its way but rows that break a rule.
  func checkProgress() throws {
    for machine in active {
      let status = try status(machine)
      if status.inFlight > 0 {
        throw Violation(.progress, "\(machine.name) still has \(status.inFlight) rows in flight")
      }
      if status.pending > status.held.count {
        throw Violation(.progress, "\(machine.name) still has \(status.pending - status.held.count) rows pending")
      }
    }
  }

  /// I2: what a machine shows is what the master has in its scope.
  func checkConvergence() throws {
    let orphans = schema.orphans(in: city.rows)
    let units = city.rows.filter { !orphans.contains($0.key) }
      .map { ($0.key, schema.unit(of: $0.key, $0.value, in: city.rows)) }
    for machine in active {
      let held = Set(try status(machine).held.map(\.ref))
      let scope = Set(units.filter { $0.1 == "" || $0.1 == machine.org }.map(\.0))
      for ref in scope.union(machine.rows.keys).inOrder() where !held.contains(ref) {
        let (theirs, ours) = (machine.rows[ref], scope.contains(ref) ? city.rows[ref] : nil)
        if theirs != ours {
          throw Violation(
            .convergence, "\(name(ref)): \(machine.name) has \(shown(theirs)), the master \(shown(ours))")
        }
      }
    }
  }

  /// M11: what waits for a decision at a machine waits at the master, too, also when the row has left its unit.
  func checkDecided() throws {
    let waiting = Set(try city.master.conflicts([.open, .proposed]).map(\.id))
    for machine in active {
      let decided = try machine.replica.conflicts([.open, .proposed]).first { !waiting.contains($0.id) }
      if let decided {
        throw Violation(
          .convergence, "conflict \(decided.id) waits for a decision at \(machine.name), and the city has decided")
      }
    }
  }

  private func shown(_ image: [Value]?) -> String { image.map { "\($0.map(text))" } ?? "no such row" }

  /// I3: the log has every frozen batch once, in its order and with its bytes, and the machine has the receipt of it.
  func checkExactlyOnce() throws {
    var log: [Identifier: [(number: Int64, hash: [UInt8], receipt: [UInt8])]] = [:]
    try city.master.read { db in
      var arrival: Int64 = 0
      var lost: Set<Int64> = []
      try db.each("SELECT arrival, through FROM sync_loss") { lost.formUnion($0[0]...max($0[0], $0[1])) }
      try db.each("SELECT arrival, replica, number, hash, receipt FROM sync_batch ORDER BY arrival") { row in
        arrival += 1
        while lost.contains(arrival), (row[0] as Int64) > arrival { arrival += 1 }
        guard row[0] as Int64 == arrival, case .blob(let id) = row.cell(1), let id = Identifier(id),
          case .blob(let hash) = row.cell(3), case .blob(let receipt) = row.cell(4)
        else { throw Violation(.exactlyOnce, "the log is broken at arrival \(arrival)") }
        log[id, default: []].append((row[2], hash, receipt))
      }
    }
    for machine in machines { try check(machine, log[try machine.replica.identity.replica] ?? []) }
  }

  private func check(_ machine: Machine, _ log: [(number: Int64, hash: [UInt8], receipt: [UInt8])]) throws {
    let id = try machine.replica.identity.replica
    // A file that goes on under another id goes on counting.
    let first = machine.hasRejoined ? log.first?.number ?? 1 : 1
    for (place, batch) in log.enumerated() {
      // A file has let go of batches for backups that could not be read.
      let last = place > 0 ? log[place - 1].number : 0
      let mayLeaveGap = areBackupsLost && batch.number > last
      if !mayLeaveGap, batch.number != first + Int64(place) {
        throw Violation(.exactlyOnce, "batch \(batch.number) of \(machine.name) is number \(place + 1) in the log")
      }
      if witness.frozen[id]?[batch.number]?.contains(batch.hash) != true {
        throw Violation(.exactlyOnce, "batch \(batch.number) of \(machine.name) is not the one that was frozen")
      }
    }
    if machine.isWithdrawn || machine.isCopy { return }
    let frozen = witness.frozen[id]?.filter { !$0.value.isSubset(of: lost) }.keys.max()
    if log.last?.number ?? 0 < frozen ?? 0 {
      throw Violation(.exactlyOnce, "\(machine.name) froze batches that the log lacks")
    }
    // What a backup of the city holds need not be kept.
    let receipts = try machine.replica.receipts()
    if machine.hasRejoined { return }
    let isAsGiven = try receipts.allSatisfy { number, receipt in
      try log.first { $0.number == number }.map { try saysTheSame($0.receipt, receipt) } ?? false
    }
    if !isAsGiven {
      throw Violation(.exactlyOnce, "\(machine.name) has other receipts than the city gave")
    }
  }

  /// A city that was restored says a receipt again under its new epoch.
  private func saysTheSame(_ one: [UInt8], _ other: [UInt8]) throws -> Bool {
    if one == other { return true }
    let key = try city.master.key.publicKey
    let (one, other) = (try Envelope(one[...]) { _ in key }, try Envelope(other[...]) { _ in key })
    return one.body == other.body && one.header.cursor == other.header.cursor && one.header.epoch != other.header.epoch
  }

  /// I6: no rule of the schema is broken, whichever way one looks.
  /// - Parameter readingIndexes: whether every index is compared with its table, too: a file that is broken stays so.
  func checkConstraints(readingIndexes: Bool = true) throws {
    for machine in active {
      if try !status(machine).held.isEmpty {
        // What points nowhere is held, or refers to a row whose delete is.
        do { try machine.replica.refuseDamage() } catch let damage as Failure {
          throw Violation(.constraints, "\(machine.name): \(damage.message.en)")
        }
        if readingIndexes { try checkPages(machine.replica, machine.name) }
        continue
      }
      let problems = try machine.replica.verify().map(\.en)
      if !problems.isEmpty { throw Violation(.constraints, "\(machine.name): \(problems)") }
      try checkFile(machine.replica, machine.name, readingIndexes)
    }
    try checkFile(city.master, "city", readingIndexes)
    let problems = try city.master.verify().map(\.en)
    if let first = problems.first {
      throw Violation(first.contains("lost") ? .conservation : .constraints, "city verify: \(problems.prefix(5))")
    }
  }

  private func checkFile(_ store: some RecordStore, _ whose: String, _ readingIndexes: Bool) throws {
    let broken = try store.read { db in try Row.fetchAll(db, sql: "PRAGMA foreign_key_check").count }
    if broken > 0 { throw Violation(.constraints, "\(whose): \(broken) rows refer to what is not there") }
    if readingIndexes { try checkPages(store, whose) }
  }

  private func checkPages(_ store: some RecordStore, _ whose: String) throws {
    let integrity = try store.read { db in try String.fetchAll(db, sql: "PRAGMA integrity_check") }
    if integrity != ["ok"] { throw Violation(.constraints, "\(whose): \(integrity)") }
  }

  /// I7: the log alone gives the master. After an erasure, the records that restrict nothing.
  func checkReplay() throws {
    if witness.erased.isEmpty {
      let differences = try city.master.verifyReplay().map(\.en)
      if !differences.isEmpty { throw Violation(.determinism, "replay: \(differences.prefix(5))") }
      return
    }
    let replay = try city.master.replayed().allRows()
    let open = Set(schema.records.filter { !$0.fields.contains(where: \.restricted) }.map(\.name))
    let wrong = Set(replay.keys).union(city.rows.keys).inOrder().first { ref in
      open.contains(ref.record) && replay[ref] != city.rows[ref]
    }
    if let wrong {
      throw Violation(
        .determinism, "replay: \(name(wrong)) is \(shown(replay[wrong])), not \(shown(city.rows[wrong]))")
    }
  }

  /// I8: a clean machine remembers nothing of single rows, and a sync with nothing to say is small.
  func checkGrowth() throws {
    for machine in active {
      let status = try status(machine)
      if status.held.isEmpty {
        let full = try machine.replica.leftovers(machine.replica.schema)
        if !full.isEmpty { throw Violation(.growth, "\(machine.name) keeps rows in \(full) though nothing is pending") }
      }
      if machine.isCopy { continue }
      let reply = try city.master.exchange(machine.replica.hello().bytes)
      if reply.count > 400 {
        throw Violation(.growth, "\(machine.name) is told \(reply.count) bytes when nothing is new")
      }
    }
  }
}

extension Replica {
  fileprivate func receipts() throws -> [Int64: [UInt8]] {
    try read { db in
      var receipts: [Int64: [UInt8]] = [:]
      try db.each("SELECT number, receipt FROM sync_outbox") { row in
        if case .blob(let bytes) = row.cell(1) { receipts[row[0]] = bytes }
      }
      return receipts
    }
  }

  fileprivate func leftovers(_ schema: Schema) throws -> [String] {
    let tables =
      ["sync_flight", "sync_applying", "sync_request"]
      + schema.records.flatMap { ["sync_base_\($0.name)", "sync_upstream_\($0.name)"] }
    return try read { db in try tables.filter { try db.integer("SELECT count(*) FROM \(quoted($0))") != 0 } }
  }
}
