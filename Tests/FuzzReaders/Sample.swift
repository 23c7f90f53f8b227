import Foundation
import SchemaFile
import SyncCore
import SyncProtocol

/// A small application with every policy, and keys that are known.
public enum Sample {
  public static let key = signingKey(1)
  /// Of a machine that the city does not know yet.
  public static let newKey = signingKey(3)
  public static let cityKey = signingKey(2)
  public static let replica = key.publicKey.identifier
  public static let moment: Int64 = 1_800_000_000_000

  public static let schema: Schema = {
    do { return try SchemaFile.read(text) } catch { preconditionFailure("the sample is no schema: \(error)") }
  }()

  private static func signingKey(_ byte: UInt8) -> SigningKey {
    do { return try SigningKey(seed: Array(repeating: byte, count: 32)) } catch {
      preconditionFailure("no key: \(error)")
    }
  }

  public static let text = """
    schema: fuzz
    version: 1
    title: Fuzz
    units: unit.code
    records:
      unit:
        key: code
        owner: city
        fields:
          code:
          name: {required: true}
      item:
        key: [unit, id]
        scope: {field: unit}
        edits: propose
        fields:
          unit: {references: unit.code}
          id: {type: integer}
          code: {unique: true}
          amount: {type: money, policy: sum}
          rate: {type: real, policy: max, min: 0}
          day: {type: date, policy: min}
          phone: {policy: latest}
          tags: {policy: union}
          note: {policy: text}
          address: {policy: county}
          grade: {owner: city, values: [a, b]}
          contact: {restricted: true}
          active: {type: boolean, policy: city}
          photo: {type: blob}
    """

  static let edit = Edit(stamp: Stamp(milliseconds: moment), actor: "张三")

  static func header(_ kind: MessageKind) -> Header {
    Header(
      kind: kind, replica: replica, epoch: .city, number: 1, cursor: 2, stamp: Stamp(milliseconds: moment),
      schema: Array(repeating: 0x5c, count: 32))
  }
}

/// A folder for the one file that a reader wants; it goes with the process.
enum Scratch {
  static let folder: URL = {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("fuzz-\(UUID().uuidString)")
    try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    atexit { try? FileManager.default.removeItem(at: Scratch.folder) }
    return folder
  }()

  static func path(_ name: String) -> String { start + name }
  private static let start = folder.path + "/"

  /// - Returns: the path of a file with these bytes.
  static func file(_ name: String, _ bytes: some Collection<UInt8>) throws -> String {
    let path = path(name)
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    defer { close(descriptor) }
    let bytes = Array(bytes)
    guard bytes.withUnsafeBytes({ write(descriptor, $0.baseAddress, $0.count) }) == bytes.count else {
      throw Finding(what: "no file can be written")
    }
    return path
  }
}
