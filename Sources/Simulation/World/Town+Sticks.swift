import Foundation
import Master
import Replica
import SyncClient
import SyncCore

/// A bundle on its way.
struct Stick {
  /// Who wrote it, or is answered.
  var machine: Int
  var file: String
  var isAnswer: Bool
  /// Something happened to one of its parts.
  var isSpoiled = false
  /// Which city it was written for, by the batch at which the disk was lost last.
  var restores: Int
}

// Exchanges on sticks: real bundles in files, which may be read late, twice, torn, or never.
extension Town {
  func carry(_ event: Event, _ machine: Machine, _ random: inout SplitMix64) throws {
    switch event.kind {
    case .writeStick: try write(event, machine, &random)
    case .cityReadsStick: try cityReads(event, &random)
    case .machineReadsStick: try machineReads(event, &random)
    default: try spoil(&random)
    }
  }

  private var drawer: URL { folder.appendingPathComponent("sticks") }

  private func partSize(_ random: inout SplitMix64) -> Int { random.chance(50) ? 1500 : 1 << 20 }

  private func write(_ event: Event, _ machine: Machine, _ random: inout SplitMix64) throws {
    try FileManager.default.createDirectory(at: drawer, withIntermediateDirectories: true)
    let file = drawer.appendingPathComponent("up\(event.id)").path
    let size = partSize(&random)
    tell("\(machine.name): writes a stick")
    // The commands keep a sync and sticks apart by a lock; a program that has the engine in it need not.
    if !event.isBesides { machine.giveUp() }
    let written = try attempt("stick written", at: machine.seat) {
      try machine.seat.opening { try BundleExchange(machine.replica).write(file, partSize: size) }
    }
    if written != nil { machine.unsure = [] }
    try observe(machine)
    if written != nil { keep(Stick(machine: machine.index, file: file, isAnswer: false, restores: restores)) }
  }

  private func keep(_ stick: Stick) { sticks = sticks.suffix(7) + [stick] }

  private func take(_ random: inout SplitMix64, isAnswer: Bool) -> Stick? {
    guard let index = random.pick(sticks.indices.filter { sticks[$0].isAnswer == isAnswer }) else { return nil }
    return random.chance(60) ? sticks.remove(at: index) : sticks[index]
  }

  private func cityReads(_ event: Event, _ random: inout SplitMix64) throws {
    guard let stick = take(&random, isAnswer: false) else { return }
    let machine = machines[stick.machine]
    tell("city: reads a stick of \(machine.name)")
    let reply = drawer.appendingPathComponent("down\(event.id)").path
    let (before, end, size) = (city.rows, logEnd, partSize(&random))
    let underReview = try cellsUnderReview()
    let mayBeRefused =
      stick.isSpoiled || machine.isWithdrawn || machine.isCopy || machine.hasRejoined || recovery != nil
      || stick.restores != restores || city.seat.isFull
    let report = try attempt("stick read by the city", at: city.seat) {
      try city.seat.opening {
        try city.master.read(bundle: stick.file, replyingIn: reply, partSize: size)
      }
    }
    if city.seat.isStopped { return }
    let wasRecovering = recovery != nil
    try lookAtCity()
    // Parts of a spoiled one may be another machine's.
    if !wasRecovering, !stick.isSpoiled {
      let erased = try erasedRows(since: end)
      try checkIsolation(of: machine, before: before, since: end)
      try checkReview(of: machine, before: underReview, but: erased)
      try checkTaken(of: machine, before: before, since: end, underReview: underReview)
    }
    if !wasRecovering { try checkPolicies(since: end, isPrompt: false) }
    guard let report else {
      if mayBeRefused { return }
      throw Violation(.progress, "a stick of \(machine.name) is refused, though nothing happened to it")
    }
    if report.new > 0 { count("batch by stick") }
    if report.snapshot { count("snapshot by stick") }
    keep(Stick(machine: stick.machine, file: reply, isAnswer: true, restores: restores))
  }

  private func machineReads(_ event: Event, _ random: inout SplitMix64) throws {
    guard let stick = take(&random, isAnswer: true) else { return }
    let reader = random.chance(95) ? machines[stick.machine] : random.pick(active) ?? machines[stick.machine]
    if reader.isWithdrawn { return }
    tell("\(reader.name): reads a stick")
    if !event.isBesides { reader.giveUp() }
    let summary = try attempt("stick read", at: reader.seat) {
      try reader.seat.opening { try BundleExchange(reader.replica).read(stick.file) }
    }
    try observe(reader)
    try noteRead()
    if case .some(nil) = summary { count("stick told nothing new") }
  }

  /// A part is lost, torn, changed, or another's.
  private func spoil(_ random: inout SplitMix64) throws {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: drawer.path))?.sorted() ?? []
    guard let name = random.pick(names), let other = random.pick(names) else { return }
    let (part, files) = (drawer.appendingPathComponent(name), FileManager.default)
    var bytes = [UInt8](try Data(contentsOf: part))
    switch random.below(4) {
    case 0: try files.removeItem(at: part)
    case 1:
      bytes.removeLast(random.below(bytes.count + 1))
      try Data(bytes).write(to: part)
    case 2:
      if !bytes.isEmpty { bytes[random.below(bytes.count)] ^= 1 << UInt8(random.below(8)) }
      try Data(bytes).write(to: part)
    default: try Data(contentsOf: drawer.appendingPathComponent(other)).write(to: part)
    }
    count("stick spoiled")
    tell("** a part of a stick is spoiled")
    for i in sticks.indices where name.hasPrefix(URL(fileURLWithPath: sticks[i].file).lastPathComponent) {
      sticks[i].isSpoiled = true
    }
  }
}
