import Foundation
import GRDB
import Master
import Replica
import SQLiteStore
import SyncCore
import SyncProtocol

/// A machine's file as it was.
struct OldCopy {
  var content: [String: Data]
  var event: Int
  /// Its last batch; nil: it never had one.
  var last: Int64?
}

// Files that are copied, put back from an old copy, and go on under another id.
extension Town {
  /// Only of a file in which nothing waits to be numbered: both copies would send that.
  private func mayBeCopied(_ machine: Machine) throws -> Bool {
    let status = try machine.replica.status()
    let aside = try machine.replica.parked().contains { $0.batch == nil }
    return status.pending == 0 && status.held.isEmpty && !aside && machine.exchanges.isEmpty && !machine.seat.isFull
      && recovery == nil
  }

  /// Numbers what waits, and does not hear whether it arrives: both copies will send that.
  private func pack(_ machine: Machine) throws {
    machine.giveUp()
    if !machine.isCopy, recovery == nil { try freeze(machine) }
  }

  func copyFile(_ event: Event, _ machine: Machine) throws {
    try pack(machine)
    guard try mayBeCopied(machine) else { return }
    count("file of a machine copied")
    tell("\(machine.name): its file is copied")
    copies[machine.index] = OldCopy(
      content: try machine.seat.content(), event: event.id, last: witness.lastBatch(of: machine.index))
  }

  func putBack(_ event: Event, _ machine: Machine, _ random: inout SplitMix64) throws {
    guard let copy = copies[machine.index], recovery == nil, !machine.seat.isFull,
      try machine.replica.status().held.isEmpty
    else { return }
    count("old copy put back")
    tell("** the file of \(machine.name) is replaced by an old copy")
    witness.baseline = nil
    witness.forget(
      machine.index, since: copy.event, now: event.id, last: copy.last, delivered: try delivered(machine))
    network.clear()
    sticks.removeAll { $0.machine == machine.index }
    copies[machine.index] = nil
    ridingAlong[machine.index] = nil
    try machine.putBack(copy.content, seed: random.next())
    try observe(machine)
  }

  /// The last of a machine's batches that the city has. Another copy of its file may have sent others by the same numbers.
  private func delivered(_ machine: Machine) throws -> Int64 {
    let id = try machine.replica.identity.replica
    let other = try machine.batches().first { batch in
      try city.master.hash(of: id, batch.number).map { $0 != batch.hash } ?? false
    }
    return try other.map { $0.number - 1 } ?? city.master.lastNumber(of: id)
  }

  /// The file is copied to another desk, and both go on.
  func useBoth(_ machine: Machine, _ random: inout SplitMix64) throws {
    try pack(machine)
    guard machines.count < 12, try mayBeCopied(machine) else { return }
    count("copied file used by two")
    tell("** somebody else works with a copy of \(machine.name)'s file")
    witness.baseline = nil
    let path = folder.appendingPathComponent("machine\(machines.count).sqlite").path
    let clock = SimulatedClock(time)
    clock.skew = random.chance(50) ? machine.seat.clock.skew : Self.skew(&random)
    let seat = Seat(path: path, clock: clock)
    for (part, data) in try machine.seat.content() { try data.write(to: URL(fileURLWithPath: seat.path + part)) }
    machine.isCopy = true
    // What is done since in the first file may live on in the second.
    copies[machine.index] = nil
    let copy = try Machine(machines.count, copying: machine, seat: seat, seed: random.next())
    machines.append(copy)
    try observe(copy)
  }

  /// A whole sync; who is found to be a copy rejoins and syncs again.
  @discardableResult
  func syncHowever(_ machine: Machine) throws -> Bool {
    let done = try syncWhole(machine)
    return machine.isFork ? try syncWhole(machine) : done
  }

  /// The clerk runs `rejoin`, as the refusal says.
  func rejoin(_ machine: Machine, code: EnrolmentCode? = nil) throws {
    count("rejoined")
    tell("\(machine.name): goes on under an id of its own")
    witness.baseline = nil
    rejoins += 1
    var random = SplitMix64(seed ^ UInt64(rejoins) << 20)
    let key = try SigningKey(seed: random.bytes(32))
    // It is under its former key.
    copies[machine.index] = nil
    let isKeyLost = code == nil && random.chance(25)
    // Some take a code though they have their key.
    let isCautious = code == nil && !isKeyLost && random.chance(25)
    let cause = isKeyLost ? "key lost" : isCautious ? "needless code" : nil
    let code = try cause.map { try codeOfUnit(of: machine, for: $0) } ?? code
    _ = try attempt("rejoin", at: machine.seat) {
      try machine.rejoin(as: key, code: code, isKeyLost: isKeyLost && code != nil)
    }
    try observe(machine)
    try noteWaiting()
  }
}

extension Town {
  /// nil: there is none to be had just now.
  private func codeOfUnit(of machine: Machine, for cause: String) throws -> EnrolmentCode? {
    let hasUnit = city.rows[RowRef("office", RowKey([.text(machine.org)]))] != nil
    guard hasUnit, recovery == nil, !city.seat.isFull else { return nil }
    count(cause)
    return try attempt(cause, at: city.seat) {
      try city.master.enrol(org: machine.org, lifetime: .max / 4).code
    }
  }
}

extension Master {
  /// The hash of a batch in the log.
  func hash(of replica: Identifier, _ number: Int64) throws -> [UInt8]? {
    let sql = "SELECT hash FROM sync_batch WHERE replica = ? AND number = ?"
    let found = try read { try $0.first(sql, [.blob(replica.bytes), .integer(number)])?.first }
    if case .blob(let hash)? = found { return hash }
    return nil
  }

  /// The number of the last batch of a machine in the log; 0: there is none.
  func lastNumber(of replica: Identifier) throws -> Int64 {
    try read { try $0.integer("SELECT max(number) FROM sync_batch WHERE replica = ?", [.blob(replica.bytes)]) ?? 0 }
  }
}
