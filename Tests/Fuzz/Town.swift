import Foundation
import FuzzReaders
import Master
import SQLiteStore
import SchemaFile
import SyncCore
import SyncProtocol

/// A real master in a file, one machine that it knows, and a code for another. It is put back when an input has changed it, so
/// that every input finds the same.
final class Town {
  let master: Master
  let epoch: Identifier
  let schema: [UInt8]
  let code: EnrolmentCode
  private let file: KeptFile
  /// How long the log is before an input.
  private let arrivals: Int64
  /// Of the next hello: it only grows.
  private var request: Int64 = 0

  init() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("town-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let path = folder.appendingPathComponent("master.sqlite").path
    (epoch, schema, code) = try Self.founded(path)
    file = try KeptFile(path)
    master = try Connection.$preparation.withValue(KeptFile.preparation) {
      try Master.open(
        path: path, key: Sample.cityKey, clock: { Sample.moment }, readSchema: SchemaFile.parse(canonicalJSON:))
    }
    arrivals = try Self.arrivals(master)
  }

  private static func founded(_ path: String) throws -> (Identifier, schema: [UInt8], EnrolmentCode) {
    let master = try Master.create(
      path: path, key: Sample.cityKey, schema: Sample.schema, schemaText: try SchemaFile.canonicalJSON(Sample.schema),
      seed: [("unit", [[.text("A"), .text("甲")], [.text("B"), .text("乙")]])], actor: "official",
      clock: { Sample.moment }, readSchema: SchemaFile.parse(canonicalJSON:))
    let request = try EnrolRequest(try master.enrol(org: "A").code, replica: Sample.replica, key: Sample.key)
    let message = try request.message(signedBy: Sample.key, milliseconds: Sample.moment)
    let welcome = try SealedEnvelope(try master.welcome(message.bytes)[...])
    return (welcome.header.epoch, welcome.header.schema, try master.enrol(org: "B").code)
  }

  func nextRequest() -> Int64 {
    request += 1
    return request
  }

  /// Whether an input has left something in the log.
  func hasChanged() throws -> Bool { try Self.arrivals(master) != arrivals }

  private static func arrivals(_ master: Master) throws -> Int64 {
    try master.read { try $0.integer("SELECT value FROM sync_counter WHERE name = 'arrival'") ?? 0 }
  }

  /// What breaks a rule of the schema, or the promise.
  /// - Parameter replaying: also what does not follow from the log, which takes long.
  func damage(replaying: Bool) throws -> [String] {
    try (master.verify() + (replaying ? master.verifyReplay() : [])).map(\.en)
  }

  /// Removes what was left of requests in pieces.
  func clear() throws {
    for kept in KeptFolder.allCases { try? FileManager.default.removeItem(at: master.folder(kept)) }
  }

  func putBack() throws {
    try file.putBack()
    request = 0
  }
}
