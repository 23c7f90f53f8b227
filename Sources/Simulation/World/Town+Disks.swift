import Foundation
import GRDB
import Master
import Replica
import SQLiteStore
import SyncCore
import SyncProtocol

struct Backup {
  var file: String
  /// The last batch in it.
  var arrival: Int64
}

/// What is known of a city whose disk was lost, until it works again.
struct Recovery {
  struct Entry: Equatable {
    var arrival: Int64
    var sender: Identifier
    var number: Int64
    var hash: [UInt8]
  }
  /// The last batch of the backup.
  var backupEnd: Int64
  /// The log as it was.
  var log: [Entry]
  /// The first batch that neither the backup nor a machine that still works has; nil: somebody has every one.
  var firstLost: Int64?
  /// What an earlier recovery has given up.
  var losses: [ClosedRange<Int64>]
  /// Whether the backup knows of every epoch: nobody has anything else for the places behind it.
  var isOneHistory: Bool
}

// The city's disk: backups, its loss, and what the machines give back.
extension Town {
  func backUp() throws {
    let file = folder.appendingPathComponent("city.backup\(tally["backup", default: 0])").path
    tell("city: makes a backup")
    let info = try attempt("backup", at: city.seat) {
      try city.seat.opening { try city.master.backup(to: file, replacing: true) }
    }
    if city.seat.isStopped { return }
    try lookAtCity()
    guard let info else { return }
    for old in backups.dropLast(2) { try? FileManager.default.removeItem(atPath: old.file) }
    heldByTwo = max(heldByTwo, backups.last?.arrival ?? 0)
    backups = backups.suffix(2) + [Backup(file: file, arrival: info.arrival)]
  }

  /// The disk is lost; the backup goes to an empty one. At times the latest cannot be read, or two, and the one before takes its place.
  func loseCity(_ random: inout SplitMix64) throws {
    let unreadable = max(0, min(random.chance(20) ? 1 + random.below(2) : 0, backups.count - 1))
    guard let backup = backups.dropLast(unreadable).last, !city.seat.isFull else { return }
    backups.removeLast(unreadable)
    // A code that nobody has used goes with the disk, and who has rejoined by it and was not heard is given up.
    for machine in try active.filter(isWaitingWithCode) { machine.isWithdrawn = true }
    if unreadable > 0 { count("backup unreadable") }
    if backup.arrival < heldByTwo, !areBackupsLost {
      count("two backups lost")
      areBackupsLost = true
    }
    count(recovery == nil ? "disk of the city lost" : "disk lost again while the city recovers")
    tell("** the city's disk is lost; the backup of batch \(backup.arrival) is restored")
    let log = try recovery?.log ?? log()
    let losses = try (recovery?.losses ?? []) + losses(after: backup.arrival)
    witness.baseline = nil
    witness.noteLost(parked: try city.master.parked(waiting: false).map(\.ref))
    // What a tool did and no batch holds is gone, and so is what was in a file that an old copy has replaced.
    witness.forget { _ in false }
    let unheld = try log.filter { entry in
      try entry.arrival > backup.arrival && entry.sender != .city && !isHeld(entry, by: active, orSentAgain: true)
    }
    try checkKept(unheld)
    lost.formUnion(unheld.map(\.hash))
    _ = try arrivalsByBody()
    for entry in unheld {
      for machine in machines where try machine.replica.identity.names.contains(entry.sender.description) {
        bodies[entry.hash].map { witness.forget(machine.index, body: $0) }
      }
    }
    network.clear()
    copies = [:]
    restores += 1
    for machine in machines { machine.giveUp() }
    try city.restore(from: backup.file, random: &random)
    let lost = try firstLost(of: log, after: backup.arrival, awaited: awaited())
    if lost == nil { count("disk lost, all of it held by machines") }
    let isOneHistory = try formerEpochs().count == restores
    recovery = Recovery(
      backupEnd: backup.arrival, log: log, firstLost: lost, losses: losses, isOneHistory: isOneHistory)
    ridingAlong = [:]
    for machine in active { try noteRidingAlong(machine) }
    try lookAtCity()
  }

  private func isWaitingWithCode(_ machine: Machine) throws -> Bool {
    guard let first = try SealedEnvelope.split(machine.replica.enrolment()).first else { return false }
    return try JSONDecoder().decode(EnrolRequest.self, from: Data(first.unverifiedBody())).code != nil
  }

  /// The first batch after a backup that neither the city has nor a machine can give back.
  /// - Parameter awaited: the machines for which the city waits.
  private func firstLost(of log: [Recovery.Entry], after end: Int64, awaited: [Machine]) throws -> Int64? {
    let there = try city.master.read { db in
      var hashes: Set<[UInt8]> = []
      try db.each("SELECT message FROM sync_returned") { row in
        if case .blob(let message) = row.cell(0) { hashes.insert(try SealedEnvelope(message[...]).hash) }
      }
      return hashes
    }.union(try self.log().map(\.hash))
    return try log.first { try $0.arrival > end && !there.contains($0.hash) && !isHeld($0, by: awaited) }?.arrival
  }

  /// R8: what only a file has that rejoins just now comes late, for the city does not know it before the recovery is over.
  func noteWaiting() throws {
    guard let waiting = recovery,
      let lost = try firstLost(of: waiting.log, after: waiting.backupEnd, awaited: awaited())
    else { return }
    recovery?.firstLost = min(lost, waiting.firstLost ?? .max)
  }

  /// R6: what a stick of the lost city has brought to a machine that the city has not heard yet comes back, too.
  func noteRead() throws {
    guard let waiting = recovery, let before = waiting.firstLost else { return }
    let unheard = Set(try city.master.recovery()?.unheard.map(\.id) ?? [])
    let still = try awaited().filter { try unheard.contains($0.replica.identity.replica.description) }
    let lost = try firstLost(of: waiting.log, after: waiting.backupEnd, awaited: still)
    recovery?.firstLost = lost.map { max($0, before) }
  }

  /// R9: whose file was never replaced has what fewer than two backups hold.
  private func checkKept(_ unheld: [Recovery.Entry]) throws {
    if areBackupsLost { return }
    for machine in active where !machine.isCopy && !machine.hasRejoined {
      let id = try machine.replica.identity.replica
      if let entry = unheld.first(where: { $0.sender == id }), try city.master.hash(of: id, entry.number) == entry.hash
      {
        throw Violation(
          .conservation, "\(machine.name) has let go of its batch \(entry.number), which two backups do not hold")
      }
    }
  }

  func log() throws -> [Recovery.Entry] {
    try city.master.read { db in
      var log: [Recovery.Entry] = []
      try db.each("SELECT arrival, replica, number, hash FROM sync_batch ORDER BY arrival") { row in
        guard case .blob(let id) = row.cell(1), let id = Identifier(id), case .blob(let hash) = row.cell(3) else {
          return
        }
        log.append(Recovery.Entry(arrival: row[0], sender: id, number: row[2], hash: hash))
      }
      return log
    }
  }

  /// The machines for which a restored city waits: those that the backup knows. Of two copies of one file it hears the first.
  private func awaited() throws -> [Machine] {
    let known = Set(try city.master.replicas().map(\.id))
    return try active.filter { try !$0.isCopy && known.contains($0.replica.identity.replica.description) }
  }

  /// The epochs that the restored city had before, oldest first. The last one is the backup's.
  private func formerEpochs() throws -> [[UInt8]] {
    let sql = "SELECT value FROM sync_meta WHERE name = 'former_epochs'"
    guard case .blob(let bytes)? = try city.master.read({ try $0.first(sql)?.first }) else { return [] }
    return stride(from: 0, to: bytes.count, by: 16).map { Array(bytes[$0..<$0 + 16]) }
  }

  /// Whether one of these machines can give a batch back.
  /// - Parameter orSentAgain: or has no receipt of it, and sends it as if for the first time.
  private func isHeld(_ entry: Recovery.Entry, by machines: [Machine], orSentAgain: Bool = false) throws -> Bool {
    for machine in machines {
      let replica = try machine.replica
      if entry.sender == .city {
        // It is kept until two backups have it.
        let sql = "SELECT sealed FROM sync_inbox WHERE number = ?"
        let found = try replica.read({ try $0.first(sql, [.integer(entry.number)])?.first })
        guard case .blob(let sealed)? = found else { continue }
        let own = try OwnBatch(sealed: sealed, number: entry.number, key: city.key)
        if try SealedEnvelope(own.message[...]).hash == entry.hash { return true }
        continue
      }
      guard replica.identity.replica == entry.sender else { continue }
      let sql = "SELECT message, receipt FROM sync_outbox WHERE number = ?"
      // The file of an old copy may have another batch of that number.
      guard let found = try replica.read({ try $0.first(sql, [.integer(entry.number)]) }),
        case .blob(let message) = found[0], try SealedEnvelope(message[...]).hash == entry.hash
      else { continue }
      if orSentAgain { return true }
      // Who has not heard that it came late after a recovery says its place of before that.
      guard case .blob(let bytes) = found[1] else { continue }
      let receipt = try SealedEnvelope(bytes[...]).header
      if receipt.cursor == entry.arrival, try !formerEpochs().dropLast().contains(receipt.epoch.bytes) { return true }
    }
    return false
  }

  /// Everybody gives back, and what nobody has is given up.
  func endRecovery() throws {
    for _ in 0..<3 {
      for machine in active where recovery != nil {
        time.now += 1000
        try syncHowever(machine)
      }
    }
    guard let recovery else { return }
    let info = try city.master.recovery()
    // What came to its place before the city heard what it had put there since makes that late, and an act of the one history waits
    // behind what is back of the other: an official says so.
    let last = "SELECT received_at FROM sync_batch ORDER BY arrival DESC LIMIT 1"
    let (epoch, other) = (Header.epoch(of: "r.message"), Header.epoch(of: "b.message"))
    let another = "SELECT 1 FROM sync_batch b WHERE b.arrival > ? AND \(other) <> \(epoch)"
    let late = """
      SELECT 1 FROM sync_returned r WHERE r.state = 'late' OR r.state = 'held' AND (r.received_at < (\(last))
        OR r.replica = ? AND EXISTS (\(another)))
      """
    let places: [Value] = [.blob(Identifier.city.bytes), .integer(recovery.backupEnd)]
    let isAnythingLate = try city.master.read { try $0.first(late, places) != nil }
    if recovery.firstLost == nil, !isAnythingLate, let info, info.missing.isEmpty, info.unheard.isEmpty {
      throw Violation(.progress, "the city has everything back and does not go on")
    }
    let done: Void? = try attempt("release", at: city.seat) {
      try city.seat.opening { try city.master.release(reason: "r", actor: "li") }
    }
    try lookAtCity()
    if done == nil || self.recovery != nil { throw Violation(.progress, "the city does not go on after a release") }
  }

  /// R5: an official lets the city go on though some were not heard. What only they have comes late.
  func releaseEarly() throws {
    guard let waiting = recovery, !city.seat.isFull, let info = try city.master.recovery() else { return }
    let unheard = Set(info.unheard.map(\.id))
    let heard = try awaited().filter { try !unheard.contains($0.replica.identity.replica.description) }
    let lost = try firstLost(of: waiting.log, after: waiting.backupEnd, awaited: heard)
    recovery?.firstLost = [lost, waiting.firstLost].compactMap(\.self).min()
    tell("city: an official lets it go on without \(unheard.count) machines")
    _ = try attempt("early release", at: city.seat) {
      try city.seat.opening { try city.master.release(reason: "r", actor: "li") }
    }
    if !city.seat.isStopped { try lookAtCity() }
  }

  /// Once the city works again: what somebody had is back, and what is lost is named.
  func finishRecovery() throws {
    guard let recovery, try city.master.recovery()?.isRecovering != true else { return }
    self.recovery = nil
    count("city recovered")
    tell("city: works again")
    let now = Dictionary(uniqueKeysWithValues: try log().map { ($0.arrival, $0) })
    let end = recovery.firstLost ?? .max
    // What an earlier recovery had given up may be back.
    let given = { (arrival: Int64) in recovery.losses.contains { $0.contains(arrival) } }
    if let entry = recovery.log.first(where: { $0.arrival < end && now[$0.arrival] != $0 && !given($0.arrival) }) {
      let there = now[entry.arrival].map { "\($0.sender) \($0.number)" } ?? "nothing"
      throw Violation(
        .conservation,
        "batch \(entry.arrival) (\(entry.sender) \(entry.number)) was held by somebody and is not back: \(there) is there"
      )
    }
    let losses = try losses(after: recovery.backupEnd)
    // Behind the end of the log may be what another history had.
    let last = recovery.isOneHistory ? Int64.max : recovery.log.last?.arrival ?? 0
    if recovery.firstLost == nil, losses.contains(where: { $0.lowerBound <= last && !recovery.losses.contains($0) }) {
      throw Violation(.conservation, "losses \(losses) are recorded, though everything was held")
    }
    if !losses.isEmpty { count("loss recorded") }
    let recovered = try recoveredEnd()
    witness.forget { arrival in
      arrival > recovery.backupEnd && (arrival > recovered || losses.contains { $0.contains(arrival) })
    }
    try noteMergesAgain()
    try noteMembers()
    try upgradeAgain()
  }

  /// The first merge of a key may be lost, and a later one, by itself, of what came under that key again be back.
  private func noteMergesAgain() throws {
    let master = try city.master
    for ref in try aliases() where witness.aliases[ref] == nil {
      for entry in try master.history(master.record(ref.record), key: ref.key) {
        guard case .alias(let alias) = entry.what, alias.key == ref.key else { continue }
        witness.noteMerge(ref.record, duplicate: ref.key, keep: alias.target, arrival: entry.arrival)
        // Which totals met in it nobody saw.
        for row in [ref, RowRef(ref.record, alias.target)] { witness.noteRepeated(row) }
      }
    }
  }

  /// The keys that lead to other rows.
  func aliases() throws -> [RowRef] {
    try city.master.read { db in
      var refs: [RowRef] = []
      try db.each("SELECT record, key FROM sync_alias ORDER BY record, key") { row in
        guard case .blob(let key) = row.cell(1) else { return }
        refs.append(RowRef(row[0], try RowKey(encoded: key)))
      }
      return refs
    }
  }

  private func losses(after end: Int64) throws -> [ClosedRange<Int64>] {
    try city.master.read { db in
      var losses: [ClosedRange<Int64>] = []
      try db.each("SELECT arrival, through FROM sync_loss WHERE arrival > \(end)") {
        losses.append($0[0]...max($0[0], $0[1]))
      }
      return losses
    }
  }

  private func recoveredEnd() throws -> Int64 {
    try city.master.read { try $0.integer("SELECT value FROM sync_meta WHERE name = 'recovered_end'") } ?? logEnd
  }

  /// A withdrawal may be lost with the disk, and so may an enrolment that nobody had used.
  private func noteMembers() throws {
    let known = Dictionary(uniqueKeysWithValues: try city.master.replicas().map { ($0.id, $0.isWithdrawn) })
    for machine in machines {
      let meta = try machine.replica.meta()
      let isKnown = known[meta.replica.description]
      // Enrolled after the backup, it says so when it comes: it has the batch that did it, unless two backups had that.
      if isKnown == nil, !areBackupsLost, !machine.isWithdrawn, meta.cursor > 0, try machine.replica.enrolment().isEmpty
      {
        continue
      }
      // A unit that the city has deleted has no machines.
      let hasUnit = city.rows[RowRef("office", RowKey([.text(machine.org)]))] != nil
      if isKnown == nil, areBackupsLost, !machine.isWithdrawn, hasUnit {
        try rejoinByCode(machine)
      } else {
        machine.isWithdrawn = isKnown ?? true
      }
    }
  }

  /// R5: a withdrawal that was lost with the disk is carried out when it comes back, however late.
  func noteWithdrawn() throws {
    if restores == 0 { return }
    let withdrawn = Set(try city.master.replicas().filter(\.isWithdrawn).map(\.id))
    for machine in active where try withdrawn.contains(machine.replica.identity.replica.description) {
      count("withdrawal back")
      machine.isWithdrawn = true
    }
  }

  /// R9: whom the city does not know any more goes on with a code.
  private func rejoinByCode(_ machine: Machine) throws {
    let code = try attempt("code for who is lost", at: city.seat) {
      try city.master.enrol(org: machine.org, lifetime: .max / 4).code
    }
    if let code, !machine.seat.isStopped, !machine.seat.isFull {
      machine.wasUnknown = true
      try rejoin(machine, code: code)
    } else {
      machine.isWithdrawn = true
    }
  }
}
