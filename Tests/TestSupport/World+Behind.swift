import Foundation
import Replica
import SyncClient
import SyncCore

extension World {
  /// Runs SQL that no trigger sees.
  public func behind(_ path: String, _ sql: String) throws {
    try shell(path, "BEGIN; INSERT INTO sync_applying VALUES (1); \(sql); DELETE FROM sync_applying; COMMIT")
  }

  public func behind(_ replica: Replica, _ sql: String) throws { try behind(replica.path, sql) }

  /// Compares a replica with the city, as `county verify --deep` does.
  public func deepVerify(_ replica: Replica, through transport: (any Transport)? = nil) async throws -> Comparison {
    clock.now += 1000
    return try await SyncClient(replica, transport: transport ?? Loopback(master: master)).deepVerify()
  }
}

extension Comparison {
  /// `~ company c1 name`, `+ company c9` (only here), `- company c1` (only at the city); `?` before a row that is newer there.
  public func lines(_ schema: Schema) -> [String] {
    differences.map { difference in
      let row = "\(difference.ref.record) \(difference.ref.key)"
      let mark = difference.isNewer ? "?" : ""
      if difference.here == nil { return mark + "- " + row }
      if difference.city == nil { return mark + "+ " + row }
      let fields = schema.record(difference.ref.record)?.fields ?? []
      return mark + "~ \(row) " + difference.columns.map { fields[$0].name }.joined(separator: ",")
    }
  }
}
