import Foundation
import GRDB
import Master
import Replica
import SQLiteStore
import SyncClient
import SyncCore
import SyncProtocol

extension World {
  /// Backs the master up; the file's path.
  /// - Parameter name: nil: `city.backup`, and later ones beside it.
  @discardableResult
  public func backup(_ name: String? = nil) throws -> String {
    clock.now += 1000
    let isFirst = !FileManager.default.fileExists(atPath: folder.appendingPathComponent("city.backup").path)
    let file = folder.appendingPathComponent(name ?? (isFirst ? "city.backup" : "city-\(clock.now).backup")).path
    _ = try master.backup(to: file, replacing: true)
    return file
  }

  /// The city's disk is lost: the master is the backup from now on.
  @discardableResult
  public func restore(from file: String) throws -> RestoreInfo {
    clock.now += 60_000
    let (path, clock) = (folder.appendingPathComponent("master-\(UUID().uuidString).sqlite").path, self.clock)
    var random = SystemRandomNumberGenerator()
    var kept: SigningKey?
    let info = try Master.restore(
      from: file, into: path, random: &random, clock: { clock.now }, readSchema: readSchema, keepKey: { kept = $0 })
    guard let kept else { throw Failure(.data, zh: "没有密钥", en: "no key came back") }
    replaceMaster(try Master.open(path: path, key: kept, clock: { clock.now }, readSchema: readSchema))
    return info
  }

  /// Syncs, and says whether the city has everything back.
  public func giveBack(_ replica: Replica) async throws -> Bool {
    do { try await sync(replica) } catch let failure as Failure where failure.kind == .busy { return false }
    return true
  }

  /// Everybody gives back in an order, and then again, until the city works again or nothing more comes.
  public func giveBack(_ order: [Replica]) async throws {
    for replica in order { _ = try await giveBack(replica) }
  }

  /// Everything that a log holds: place, sender, number, hash, time and receipt of each batch.
  public func loggedRows() throws -> [[Value]] {
    try master.absorbNow()
    return try master.read { db in
      var rows: [[Value]] = []
      try db.each("SELECT arrival, replica, number, hash, received_at, receipt, chain FROM sync_batch ORDER BY arrival")
      {
        rows.append($0.cells(0..<7))
      }
      return rows
    }
  }
}
