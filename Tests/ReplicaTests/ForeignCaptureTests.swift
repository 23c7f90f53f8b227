import GRDB
import Replica
import SQLiteStore
import SyncCore
import TestSupport
import Testing

// Another application's schema: composite keys, reserved words, Chinese names, reals, blobs, 64-bit keys.

private let cases = [
  CaptureCase("insert", #"INSERT INTO "order" (id, site, "from") VALUES (-1, 'S', '海')"#, "+ order -1 site=S from=海"),
  CaptureCase(
    "insert under a 64-bit key",
    #"INSERT INTO "select" ("order", 行号, barcode) VALUES (9007199254740993, -9223372036854775808, 'b')"#,
    "+ select 9007199254740993,-9223372036854775808 barcode=b"),
  CaptureCase(
    "one of two key columns", #"UPDATE "select" SET 行号 = 2 WHERE 行号 = 1"#, "- select 9007199254740993,1",
    "+ select 9007199254740993,2 barcode=b1 weight=0.1 photo=x'0001' group=yes"),
  CaptureCase(
    "unique across columns", #"REPLACE INTO "select" ("order", 行号, barcode) VALUES (9007199254740993, 2, 'b1')"#,
    "- select 9007199254740993,1", "+ select 9007199254740993,2 barcode=b1"),
  CaptureCase(
    "last bit", #"UPDATE "select" SET weight = 0.1 + 1.4e-17"#,
    "~ select 9007199254740993,1 weight 0.1→0.10000000000000002"),
  CaptureCase("the same real", #"UPDATE "select" SET weight = 1e-1"#),
  CaptureCase(
    "zero bytes", #"UPDATE "select" SET photo = x'0000'"#, "~ select 9007199254740993,1 photo x'0001'→x'0000'"),
  CaptureCase(
    "longer by a zero", #"UPDATE "select" SET photo = x'000100'"#, "~ select 9007199254740993,1 photo x'0001'→x'000100'"
  ),
  CaptureCase("an empty blob", #"UPDATE "select" SET photo = x''"#, "~ select 9007199254740993,1 photo x'0001'→x''"),
  CaptureCase(
    "a reserved name", #"UPDATE "order" SET "placed on" = '2024-02-29', "table" = 1"#,
    "~ order 9007199254740993 placed on NULL→2024-02-29, table NULL→1"),
  CaptureCase(
    "a key of reals and bytes", "UPDATE place SET address = '路' WHERE lat = 30.5",
    "~ place 30.5,114.25,x'00ff' address NULL→路"),
  CaptureCase(
    "its key changes", "UPDATE place SET digest = x'00ff00'", "- place 30.5,114.25,x'00ff'",
    "+ place 30.5,114.25,x'00ff00' site=S"),
]

@Test(arguments: cases, [false, true])
private func capturesForeignSchema(_ test: CaptureCase, recursive: Bool) async throws {
  let world = try World(schema: foreignSchemaYAML, seed: [("site", [[.text("S"), .text("仓"), .null]])])
  let replica = try await world.join("S")
  try world.shell(
    replica,
    """
    INSERT INTO "order" (id, site) VALUES (9007199254740993, 'S');
    INSERT INTO "select" VALUES (9007199254740993, 1, 'b1', 0.1, x'0001', 'yes', NULL);
    INSERT INTO place VALUES (30.5, 114.25, x'00ff', 'S', NULL);
    """)
  try await world.sync(replica)
  try world.shell(replica, "PRAGMA recursive_triggers = \(recursive); " + test.sql)
  // Records in the order of the schema, parents first.
  #expect(try replica.pending().sorted() == test.pending.sorted())
  try await world.sync(replica)
  #expect(try replica.pending() == [])
  #expect(try world.differences(replica) == [])
  #expect(try replica.verify() == [])
}

@Test func foreignChecksHoldInAnyTool() async throws {
  let world = try World(schema: foreignSchemaYAML, seed: [("site", [[.text("S"), .text("仓"), .null]])])
  let replica = try await world.join("S")
  let refused = [
    #"INSERT INTO "order" (id, site, "placed on") VALUES (1, 'S', '2023-02-29')"#,
    #"INSERT INTO "order" (id, site, "table") VALUES (1, 'S', 2)"#,
    #"INSERT INTO "order" (id, site) VALUES (1.5, 'S')"#,
    #"INSERT INTO "order" (site) VALUES ('S')"#,
    #"INSERT INTO "select" ("order", 行号, "group") VALUES (1, 1, 'perhaps')"#,
    #"INSERT INTO "select" ("order", 行号, weight) VALUES (1, 1, -1)"#,
    #"INSERT INTO "select" ("order", 行号, barcode) VALUES (1, 1, '12345678901234')"#,
  ]
  for sql in refused { #expect(throws: DatabaseError.self, "\(sql)") { try world.shell(replica, sql) } }
  #expect(try replica.pending() == [])
}
