import Foundation
import SyncCore

@testable import SyncProtocol

/// The file of a snapshot, as WIRE.md describes it.
enum SnapshotVector {
  static let statements = [
    #"CREATE TABLE "unit" ("code" TEXT, "name" TEXT, PRIMARY KEY ("code")) STRICT, WITHOUT ROWID"#,
    """
    CREATE TABLE "指标值" ("enterprise" TEXT, "year" INTEGER, "amount" INTEGER, "备注" TEXT, PRIMARY KEY ("year", \
    "enterprise")) STRICT, WITHOUT ROWID
    """,
    table(Conflict.table, Conflict.columns, ["id"]), table(Contender.table, Contender.columns, ["conflict", "id"]),
    table(ParkedNotice.table, ParkedNotice.columns, ["id"]),
    table(Erasure.table, Erasure.columns, ["record", "key", "stamp"]),
    table("sync_own", ["number", "sealed"], ["number"]), table("sync_meta", ["name", "value"], ["name"]),
  ]

  private static func table(_ name: String, _ columns: [String], _ key: [String]) -> String {
    let columns = columns.map { "\"\($0)\" ANY" } + ["PRIMARY KEY (\(key.map { "\"\($0)\"" }.joined(separator: ", ")))"]
    return "CREATE TABLE \"\(name)\" (\(columns.joined(separator: ", "))) STRICT, WITHOUT ROWID"
  }

  /// The file, compressed, and its manifest.
  static func make() throws -> (file: [UInt8], manifest: SnapshotManifest) {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("snapshot-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let (plain, packed) = (folder.appendingPathComponent("plain"), folder.appendingPathComponent("packed"))
    let statements = statements.map { "\($0);" }.joined(separator: "\n")
    let schema = String(repeating: "5c", count: 32)
    let database = try SessionDatabase(
      """
      PRAGMA page_size = 512; PRAGMA application_id = \(0x5452_4273); \(statements)
      INSERT INTO unit VALUES ('A', '甲'), ('B', NULL);
      INSERT INTO "指标值" VALUES ('e1', 2024, -9223372036854775808, '');
      INSERT INTO sync_own VALUES (1, x'\(try OwnVectors.sealed(1).hex)');
      INSERT INTO sync_meta VALUES ('epoch', x'\(Sample.id(0xee))'), ('org', '330100'), ('schema', x'\(schema)'),
        ('cursor', 12), ('arrival', 5);
      """)
    try database.run("VACUUM INTO '\(plain.path)'")
    let (length, raw, hash) = try SnapshotFile.pack(plain.path, into: packed.path)
    let manifest = SnapshotManifest(id: Sample.id(0x51), packed: length, raw: raw, hash: hash, arrival: 5)
    return ([UInt8](try Data(contentsOf: packed)), manifest)
  }
}
