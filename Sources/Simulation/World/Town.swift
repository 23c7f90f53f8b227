import Foundation
import Replica
import SchemaFile
import SyncCore
import SyncProtocol

/// A city, its counties and the network between them, on one thread. Time passes and things happen only as events say.
final class Town {
  let folder: URL
  let seed: UInt64
  /// The latest version that the city ever had.
  var schema: Schema { witness.schema }
  var sticks: [Stick] = []
  /// The last three backups of the city's disk, the latest one last.
  var backups: [Backup] = []
  /// The hashes of batches that a lost disk had and no machine.
  var lost: Set<[UInt8]> = []
  /// Up to which batch two backups have ever held the log.
  var heldByTwo: Int64 = 0
  /// Neither of two backups could be read: what a machine had let go of for them is lost.
  var areBackupsLost = false
  /// The city's disk was lost, and not everything is back.
  var recovery: Recovery?
  /// The SHA-256 of the body of each batch of the city's log, by the batch's hash.
  var bodies: [[UInt8]: [UInt8]] = [:]
  /// The last batch of the city's log, as last looked at.
  var logEnd: Int64 = 0
  /// How often that happened.
  var restores = 0
  /// The city's own batches that machines have had since then, by machine.
  var ridingAlong: [Int: Set<Int64>] = [:]
  /// Old copies of machines' files, by machine.
  var copies: [Int: OldCopy] = [:]
  let time = SimulatedClock.Time()
  let city: City
  var machines: [Machine] = []
  /// How the machines stand while the checkers look.
  var statuses: [Int: ReplicaStatus] = [:]
  var network = Network()
  var witness: Witness
  /// The town's time when people edited, by event.
  var times: [Int: Int64] = [:]
  /// How often each thing happened or was refused.
  var tally: [String: Int] = [:]
  /// What happened, in plain words; nil: nobody listens.
  private(set) var story: [String]?
  var exchanges = 0
  /// How often a file got another id.
  var rejoins = 0
  /// What an edit is meant to do during which a write fails; nil: nobody edits.
  var intent: Intent?
  /// Notes a merging of duplicates that has begun, if it was committed.
  var mergeUnderWay: (() throws -> Void)?
  /// Everybody syncs without trouble, which makes no story.
  var isHealing = false
  let offices: [String]
  let climate: Climate
  /// Machines from which nobody hears until everybody syncs.
  var away: Set<Int> = []

  /// - Parameters:
  ///   - folder: where the files go. It is removed with the town.
  ///   - telling: whether to keep the story.
  init(seed: UInt64, folder: URL, telling: Bool = false) throws {
    (self.seed, self.folder) = (seed, folder)
    story = telling ? [] : nil
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    climate = Climate.of(seed: seed)
    let schema = try SchemaFile.read(townSchema(1, climate.breadth))
    witness = Witness(schema)
    var random = SplitMix64(seed)
    let many = 2 + random.below(random.chance(10) ? 7 : 3)
    offices = Array(["A", "B", "C", "D", "E", "F", "G", "H"].prefix(climate.offices ?? many))
    let seat = Seat(path: folder.appendingPathComponent("city.sqlite").path, clock: SimulatedClock(time))
    city = try City(
      seat: seat, key: SigningKey(seed: random.bytes(32)), schema: schema, seed: Self.firstRows(schema, offices),
      random: SplitMix64(random.next()))
    let pageRows = random.chance(50) ? 2 + random.below(8) : 20_000
    try city.master.pageLimit.rows = climate.pageRows ?? pageRows
    for office in offices {
      let many = 1 + random.below(random.chance(20) ? 3 : 2)
      for _ in 0..<(climate.machines ?? many) { try join(office, &random) }
    }
    for machine in machines { try syncWhole(machine) }
    witness.baseline = Baseline(event: -1, rows: city.rows)
    count("town: \(climate.name)")
  }

  deinit {
    // What waits for an answer would be kept for ever.
    for machine in machines { machine.giveUp() }
    try? FileManager.default.removeItem(at: folder)
  }

  private static func firstRows(_ schema: Schema, _ offices: [String]) -> [(record: String, rows: [[Value]])] {
    let companies = offices.enumerated().map { index, office -> [Value] in
      let empty = Array(repeating: Value.null, count: (schema.record("company")?.fields.count ?? 3) - 3)
      return [.text("c\(index)"), .text(office), .text("K\(index)")] + empty
    }
    let more = Array(repeating: Value.null, count: (schema.record("office")?.fields.count ?? 1) - 1)
    return [
      ("office", offices.map { [.text($0)] + more }), ("period", (2018...2020).map { [.integer($0), .text("open")] }),
      ("company", companies),
      ("person", offices.enumerated().map { [.text("p\($0)"), .text($1), .text("NAME\($0)"), .null, .null] }),
    ]
  }

  /// One more machine of a unit.
  func join(_ office: String, _ random: inout SplitMix64) throws {
    let key = try SigningKey(seed: random.bytes(32))
    let index = machines.count
    let clock = SimulatedClock(time)
    clock.skew = random.chance(30) ? Int64(random.below(400_000)) - 200_000 : random.chance(10) ? Self.skew(&random) : 0
    let seat = Seat(path: folder.appendingPathComponent("machine\(index).sqlite").path, clock: clock)
    machines.append(
      try Machine(
        index, office, key: key, seat: seat, meta: try city.enrol(office, key), seed: random.next()))
  }

  func count(_ what: String) { tally[what, default: 0] += 1 }

  func tell(_ line: @autoclosure () -> String) { if !isHealing { story?.append(line()) } }

  var active: [Machine] { machines.filter { !$0.isWithdrawn } }
}
