import Foundation
import SQLiteStore
import SyncCore
import SyncProtocol

/// One run of a simulated town: the same seed and events give the same bytes.
public struct Simulation: Sendable {
  public var seed: UInt64
  public var ticks: Int
  /// Where the databases go: a folder in memory makes it fast.
  public var folder: String

  public init(seed: UInt64, ticks: Int, folder: String = Simulation.fastFolder) {
    (self.seed, self.ticks, self.folder) = (seed, ticks, folder)
  }

  /// Memory where there is such a folder.
  public static var fastFolder: String {
    FileManager.default.isWritableFile(atPath: "/dev/shm") ? "/dev/shm" : NSTemporaryDirectory()
  }

  /// What is usual in the town of this seed.
  public var climate: String { Climate.of(seed: seed).name }

  public struct Outcome: Sendable {
    public var violation: Violation?
    /// How often each thing happened.
    public var tally: [String: Int]
    /// What happened, in plain words, when it was asked for.
    public var story: [String]
    /// The SHA-256 of every table of every database at the end, in hex.
    public var digest: String
  }

  /// - Parameter telling: whether to keep the story.
  public func run(telling: Bool = false) -> Outcome { run(Event.list(seed: seed, ticks: ticks), telling: telling) }

  /// Runs some of the events of the seed.
  func run(_ events: [Event], telling: Bool = false) -> Outcome {
    let place = URL(fileURLWithPath: folder).appendingPathComponent("town-\(seed)-\(UUID().uuidString)")
    do {
      let town = try Town(seed: seed, folder: place, telling: telling)
      do {
        for event in events { try town.perform(event) }
        return Outcome(tally: town.tally, story: town.story ?? [], digest: try town.digest())
      } catch let violation as Violation {
        return Outcome(violation: violation, tally: town.tally, story: town.story ?? [], digest: "")
      }
    } catch {
      return Outcome(violation: Violation(.defect, "\(error)"), tally: [:], story: [], digest: "")
    }
  }
}

extension Town {
  /// The SHA-256 of every table of the master and of every machine, the engine's own included, in hex.
  func digest() throws -> String {
    var sum: [UInt8] = try tablesHash(of: city.master)
    for machine in machines { sum = sha256(sum + (try tablesHash(of: machine.replica))) }
    return sum.hex
  }

  private func tablesHash(of store: some RecordStore) throws -> [UInt8] {
    try store.read { db in
      var tables: [String] = []
      try db.each("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name") { tables.append($0[0]) }
      var hash: [UInt8] = []
      for table in tables {
        var rows: [[UInt8]] = []
        try db.each("SELECT * FROM \(quoted(table))") { rows.append(RowKey($0.cells(0..<$0.count)).encoded) }
        hash = sha256(hash + Array(table.utf8) + rows.sorted { $0.lexicographicallyPrecedes($1) }.flatMap { $0 })
      }
      return hash
    }
  }
}
