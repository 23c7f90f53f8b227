import GRDB
import SQLiteStore
import SyncCore
import SyncProtocol

// The city's own batches, sealed to the city, wait here until two backups of the city are known to hold them.

extension Replica {
  /// Takes what a pull says besides rows: batches of the city's own, and how far two backups reach.
  func keep(_ items: [PageItem], _ db: Database, _ meta: inout ReplicaMeta) throws {
    for item in items {
      switch item {
      case .own(let number, let sealed):
        // One that comes again has lost what was erased since.
        try db.run(
          "INSERT INTO sync_inbox VALUES (?, ?) ON CONFLICT (number) DO UPDATE SET sealed = excluded.sealed",
          [.integer(number), .blob(sealed)])
      case .mark(.arrival, let arrival): meta.seen = max(meta.seen, arrival)
      case .mark(.batchKept, let number): meta.batchKept = number
      case .mark(.ownKept, let number):
        try db.run("DELETE FROM sync_inbox WHERE number <= ?", [.integer(number)])
      default: break
      }
    }
  }
}
