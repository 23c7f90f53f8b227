import Foundation
import TestSupport
import Testing

// Another application's schema on the same executables. Its keys are those that sync engines mangle: neighbours beyond
// 2^53, the ends of 64 bits, reals that differ in the last bit, blobs with zeros, empty text beside NULL, emoji.

private let north = "北"
private let odd = "a,b:c\\d'\"🏬"

@Suite struct ForeignSchemaTests {
  private static let rows = """
    INSERT INTO "order" VALUES
      (9007199254740992, '%s', -1, '2024-02-29', 1, ''), (9007199254740993, '%s', NULL, NULL, 0, NULL),
      (-9223372036854775808, '%s', 9007199254740993, NULL, NULL, '👩‍👩‍👧‍👦🇨🇳'),
      (9223372036854775807, '%s', 0, '0001-01-01', NULL, char(0x65, 0x301));
    INSERT INTO place VALUES
      (0.1, 0.30000000000000004, x'00', '%s', ''), (0.1, 0.3, x'00', '%s', NULL), (0.1, 0.3, x'0000', '%s', NULL),
      (0.1, 0.3, x'', '%s', ' '), (5e-324, 1.7976931348623157e308, x'ff00fe', '%s', char(233)),
      (-1.5, 1e15, zeroblob(300), '%s', char(0x65, 0x301));
    INSERT INTO "select" VALUES
      (9007199254740993, 9223372036854775807, '', 0.1, x'0000ff00', 'null', ''),
      (9007199254740993, 9223372036854775806, NULL, 0.10000000000000002, x'', 'yes', NULL),
      (9007199254740992, 9223372036854775807, '', 2.0, NULL, '1', ' '),
      (-9223372036854775808, -9223372036854775808, '🏷', 1e308, zeroblob(70000), NULL, NULL);
    """

  private static func rows(of site: String) -> String {
    rows.replacingOccurrences(of: "%s", with: site.replacingOccurrences(of: "'", with: "''"))
  }

  /// What distinguishes the second county's keys from the first's: one bit, one byte, one sign.
  private static var otherRows: String {
    rows(of: odd)
      .replacingOccurrences(of: "9007199254740993,", with: "9007199254740995,")
      .replacingOccurrences(of: "9007199254740992,", with: "9007199254740994,")
      .replacingOccurrences(of: "(-9223372036854775808,", with: "(-9223372036854775807,")
      .replacingOccurrences(of: "(9223372036854775807,", with: "(9223372036854775805,")
      .replacingOccurrences(of: "(0.1,", with: "(0.10000000000000002,")
      .replacingOccurrences(of: "(5e-324,", with: "(1e-323,")
      .replacingOccurrences(of: "(-1.5,", with: "(-1.4999999999999998,")
      .replacingOccurrences(of: ", '')", with: ", '0')")
      .replacingOccurrences(of: ", ' ')", with: ", '  ')")
      .replacingOccurrences(of: "char(233))", with: "char(232))")
      .replacingOccurrences(
        of: "zeroblob(300), '\(odd.replacingOccurrences(of: "'", with: "''"))', char(0x65",
        with:
          "zeroblob(300), '\(odd.replacingOccurrences(of: "'", with: "''"))', char(0x66")
  }

  /// Every cell of the rows of one unit in a spelling that loses nothing, sorted by bytes.
  private func dump(_ town: Town, _ file: String, _ site: String) async throws -> [String] {
    let unit = "'" + site.replacingOccurrences(of: "'", with: "''") + "'"
    let scopes = [
      ("site", "1"), ("order", "site = \(unit)"), ("place", "site = \(unit)"),
      ("select", "\"order\" IN (SELECT id FROM \"order\" WHERE site = \(unit))"),
    ]
    var lines: [String] = []
    for (table, scope) in scopes {
      let names = try await town.sqlite(file, "SELECT name FROM pragma_table_info('\(table)')").split(separator: "\n")
      let cells = names.map { "typeof(\"\($0)\") || quote(\"\($0)\")" }.joined(separator: " || '|' || ")
      let found = try await town.sqlite(file, "SELECT '\(table)|' || \(cells) FROM \"\(table)\" WHERE \(scope)")
      lines += found.split(separator: "\n").map(String.init)
    }
    return lines.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  private func expectEqual(_ town: Town, _ home: String, _ site: String, count: Int) async throws {
    let master = try await dump(town, town.master, site)
    let replica = try await dump(town, town.replica(home), site)
    let differing = Set(master).symmetricDifference(replica).sorted()
    #expect(differing.isEmpty)
    #expect(master.count == replica.count)
    #expect(master.count == count)
  }

  @Test func keysThatAreEasilyMangled() async throws {
    let town = try await Town(schema: foreignSchemaYAML)
    try await town.serve()
    try await town.city(["add", "site", "code=\(north)", "名称=北仓"])
    try await town.city(["add", "site", "code=\(odd)", "名称=\"\""])
    try await town.city(["add", "site", "code=\"\"", "名称= "])
    try await town.join("one", north)
    try await town.join("two", odd)
    try await town.join("three", north)
    try await town.sqlite(town.replica("one"), "PRAGMA foreign_keys = ON; " + Self.rows(of: north))
    try await town.sqlite(town.replica("two"), "PRAGMA foreign_keys = ON; " + Self.otherRows)
    #expect(try await town.sync("one")["pushed"] as? Int == 14)
    #expect(try await town.sync("two")["pushed"] as? Int == 14)
    for (home, site) in [("one", north), ("two", odd), ("three", north)] {
      let sync = try await town.sync(home)
      #expect(sync["parked"] as? Int == 0 && sync["conflicts"] as? Int == 0 && sync["rejected"] as? Int == 0, "\(sync)")
      try await expectEqual(town, home, site, count: 17)
    }
    #expect(try await town.city(["parked", "--json"]).out == "[]\n")

    // One of two neighbours goes, the other changes; on two machines, beside edits at the city.
    try await town.sqlite(
      town.replica("one"),
      """
      DELETE FROM "select" WHERE 行号 = 9223372036854775807 AND "order" = 9007199254740993;
      UPDATE place SET address = 'β' WHERE digest = x'0000'; UPDATE "order" SET "from" = '' WHERE id = 9007199254740993;
      """)
    try await town.sqlite(
      town.replica("three"),
      """
      UPDATE "select" SET weight = 0.10000000000000003, photo = x'00' WHERE 行号 = 9223372036854775806;
      UPDATE "order" SET "from" = NULL, amount = 9223372036854775807 WHERE id = 9007199254740992;
      DELETE FROM place WHERE digest = x'ff00fe';
      """)
    try await town.city(["edit", "order", "9007199254740993", "amount=1.00"])
    for home in ["one", "three", "one", "two"] { try await town.sync(home) }
    for (home, site, count) in [("one", north, 15), ("three", north, 15), ("two", odd, 17)] {
      try await expectEqual(town, home, site, count: count)
      #expect(try await town.county(home, ["verify"]).isDone)
    }
    let neighbour = try await town.county("three", ["show", "order", "9007199254740993", "--json"]).object
    #expect(neighbour["from"] as? String == "" && neighbour["id"] as? Int64 == 9_007_199_254_740_993)
    #expect(try await town.city(["conflicts", "--json"]).out == "[]\n")
    #expect(try await town.city(["verify"]).isDone)
  }

  @Test func aSchemaThatIsWrong() async throws {
    let town = try await Town()
    let file = try town.write(
      "bad.yaml", "schema: x\nversion: 1\nrecords:\n  a:\n    key: nothing\n    fields: {b: {type: text}}\n")
    let outcome = try await run([Program.path("city"), "init", "--home", town.path("other"), "--schema", file])
    expectFailure(outcome, 65, "line 5", "nothing")
  }
}
