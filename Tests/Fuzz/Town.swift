import Foundation
import FuzzReaders
import Master
import SchemaFile
import SyncCore
import SyncProtocol

/// A real master in a file, one machine that it knows, and a code for another. It is put back when an input has changed it, so
/// that every input finds the same.
final class Town {
  private let folder = FileManager.default.temporaryDirectory.appendingPathComponent("town-\(UUID().uuidString)")
  private var opened: Master?
  var master: Master {
    guard let opened else { preconditionFailure("the master is closed") }
    return opened
  }
  let epoch: Identifier
  let schema: [UInt8]
  let code: EnrolmentCode
  /// Of the next hello: it only grows.
  private var request: Int64 = 0

  init() throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let path = folder.appendingPathComponent("master.sqlite").path
    let master = try Master.create(
      path: path, key: Sample.cityKey, schema: Sample.schema, schemaText: try SchemaFile.canonicalJSON(Sample.schema),
      seed: [("unit", [[.text("A"), .text("甲")], [.text("B"), .text("乙")]])], actor: "official",
      clock: { Sample.moment },
      readSchema: SchemaFile.parse(canonicalJSON:))
    let request = try EnrolRequest(try master.enrol(org: "A").code, replica: Sample.replica, key: Sample.key)
    let message = try request.message(signedBy: Sample.key, milliseconds: Sample.moment)
    let welcome = try SealedEnvelope(try master.welcome(message.bytes)[...])
    (epoch, schema) = (welcome.header.epoch, welcome.header.schema)
    code = try master.enrol(org: "B").code
    opened = master
    try copy("master.sqlite", to: "kept.sqlite")
  }

  func nextRequest() -> Int64 {
    request += 1
    return request
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
    let path = folder.appendingPathComponent("master.sqlite").path
    opened = nil
    for end in ["", "-wal", "-shm"] { unlink(path + end) }
    try copy("kept.sqlite", to: "master.sqlite")
    opened = try Master.open(
      path: path, key: Sample.cityKey, clock: { Sample.moment }, readSchema: SchemaFile.parse(canonicalJSON:))
    request = 0
  }

  private func copy(_ name: String, to other: String) throws {
    for end in ["", "-wal"] where FileManager.default.fileExists(atPath: folder.appendingPathComponent(name + end).path)
    {
      unlink(folder.appendingPathComponent(other + end).path)
      try FileManager.default.copyItem(
        at: folder.appendingPathComponent(name + end), to: folder.appendingPathComponent(other + end))
    }
  }
}
