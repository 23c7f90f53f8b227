import Foundation
import Master
import Replica
import SQLiteStore
import SyncCore
import SyncProtocol

// Files that were copied, lost, and go on under another id.

extension World {
  /// A copy of a replica's file as it is now, with its key. It is none of the world's replicas yet.
  public func copy(of replica: Replica) throws -> Replica {
    let path = folder.appendingPathComponent("\(UUID().uuidString).sqlite").path
    try shell(replica, "VACUUM INTO '\(path)'")
    keys[path] = keys[replica.path]
    return try opened(path)
  }

  /// The replica of a file, opened anew.
  public func opened(_ path: String) throws -> Replica {
    let (clock, schema) = (clock, master.schema)
    let key = keys[path] ?? SigningKey()
    return try Replica.open(path: path, key: key, clock: { clock.now }, readSchema: { _ in schema })
  }

  public func add(_ replica: Replica) { replicas.append(replica) }

  /// The machine is lost, or its disk.
  public func lose(_ replica: Replica) { replicas.removeAll { $0 === replica } }

  /// The file goes on under a key of its own.
  public func rejoin(_ replica: Replica, code: EnrolmentCode? = nil) throws -> Replica {
    let key = SigningKey()
    let renewed = try replica.rejoin(as: key, code: code)
    keys[replica.path] = key
    lose(replica)
    add(renewed)
    return renewed
  }

  /// The city gets what is frozen, and its answer is lost on the way.
  public func sendInVain(_ replica: Replica) throws {
    clock.now += 1000
    let request = try replica.enrolment() + replica.hello().bytes + replica.unacknowledged().flatMap { $0 }
    _ = try master.exchange(request)
  }

  /// Two backups hold everything that the master has now.
  public func noteBackup() throws {
    try master.absorbNow()
    try shell(
      """
      INSERT INTO sync_meta SELECT name, value FROM (SELECT 'backup_arrival' AS name UNION SELECT 'backup_before'),
        (SELECT value FROM sync_counter WHERE name = 'arrival') WHERE true
      ON CONFLICT (name) DO UPDATE SET value = excluded.value
      """)
  }
}

extension World {
  public func key(of replica: Replica) -> SigningKey? { keys[replica.path] }
}
