import SyncCore
import SyncProtocol
import Testing

/// Our spelling of changesets and SQLite's are one.
struct ChangesetFormatTests {
  static let schemas = """
    CREATE TABLE "企业" ("名称" TEXT, "年份" INTEGER NOT NULL, digest BLOB NOT NULL, amount REAL, big INTEGER,
      PRIMARY KEY (digest, "年份"));
    CREATE TABLE "select" ("from" TEXT NOT NULL PRIMARY KEY, "where" TEXT);
    INSERT INTO "企业" VALUES ('甲', 2023, x'00ff', 1.5, -9223372036854775808), ('乙', 2024, x'', NULL, 9223372036854775807);
    INSERT INTO "select" VALUES ('', NULL), ('a', ''), ('😀', 'b');
    """

  static let edits: [String] = [
    "INSERT INTO \"企业\" VALUES (NULL, 2025, x'0001', -0.25, 0), ('', 2026, x'02', 1e300, 1)",
    "UPDATE \"企业\" SET \"名称\" = '', amount = NULL WHERE \"年份\" = 2023",
    "UPDATE \"企业\" SET big = big - 1, \"名称\" = NULL WHERE \"年份\" = 2024",
    "DELETE FROM \"企业\"",
    "UPDATE \"企业\" SET \"年份\" = 2030 WHERE \"年份\" = 2023",
    "UPDATE \"select\" SET \"where\" = CASE WHEN \"where\" IS NULL THEN '' ELSE NULL END",
    """
    DELETE FROM "select" WHERE "from" = ''; DELETE FROM "企业" WHERE "年份" = 2024;
    INSERT INTO "select" VALUES ('新', '\(String(repeating: "长", count: 200))')
    """,
  ]

  @Test(arguments: edits)
  func weReadTheirChangesets(sql: String) throws {
    let bytes = try SessionDatabase(Self.schemas).record(.changeset, sql)
    let ours = try readByUs(bytes, .changeset)
    #expect(!ours.isEmpty)
    #expect(ours == (try readBySQLite(bytes)))
    // Written again by us it is the same text, byte for byte.
    #expect(rewritten(ours, .changeset) == bytes)
  }

  @Test(arguments: edits.filter { !$0.contains("UPDATE") })
  func weReadTheirPatchsets(sql: String) throws {
    let bytes = try SessionDatabase(Self.schemas).record(.patchset, sql)
    let ours = try readByUs(bytes, .patchset)
    #expect(!ours.isEmpty)
    #expect(ours == (try readBySQLite(bytes)))
    #expect(rewritten(ours, .patchset) == bytes)
  }

  /// Downward bodies hold INSERT and DELETE only.
  @Test func anUpdateInAPatchsetIsRefused() throws {
    let bytes = try SessionDatabase(Self.schemas).record(.patchset, "UPDATE \"select\" SET \"where\" = 'c'")
    let error = #expect(throws: CodecError.self) { try readByUs(bytes, .patchset) }
    #expect(error?.reason == .badOperation)
  }

  @Test func keyPlacesAreThoseOfTheDeclaration() throws {
    let bytes = try SessionDatabase(Self.schemas).record(.patchset, "DELETE FROM \"企业\" WHERE \"年份\" = 2023")
    let heard = try readByUs(bytes, .patchset)
    #expect(heard.map(\.key) == [[0, 2, 1, 0, 0]])
    #expect(heard.map(\.old) == [[nil, .integer(2023), .blob([0, 255]), nil, nil]])
  }

  @Test(arguments: [ChangesetForm.changeset, .patchset])
  func theyReadOurs(form: ChangesetForm) throws {
    let composite = ChangesetTable(name: "指标 值", columns: 4, key: [2, 0])
    let single = ChangesetTable(name: "a", columns: 2, key: [0])
    let rows: [[Value?]] = [
      [.text(""), .null, .integer(.min), .blob([])], [.text("键"), .text(""), .integer(.max), .blob([0, 0])],
      [.text("😀\u{e9}e\u{301}"), .real(.infinity), .integer(0), .blob(Array(repeating: 9, count: 20_000))],
    ]
    var writer = ChangesetWriter(form)
    var expected: [Heard] = []
    func append(_ entry: ChangesetEntry, _ table: ChangesetTable) {
      writer.append(entry, to: table)
      expected.append(
        Heard(table: table.name, key: table.key, operation: entry.operation, old: entry.old, new: entry.new))
    }
    for row in rows { append(ChangesetEntry(.insert, new: row), composite) }
    append(ChangesetEntry(.insert, new: [.integer(1), .null]), single)
    if form == .changeset {
      append(ChangesetEntry(.delete, old: rows[1]), composite)
      append(
        ChangesetEntry(.update, old: [.text("k"), .null, .integer(1), nil], new: [nil, .text(""), nil, nil]), composite)
    } else {
      append(ChangesetEntry(.delete, old: [.text("k"), nil, .integer(5), nil]), composite)
    }
    append(ChangesetEntry(.insert, new: [.integer(2), .real(0.5)]), single)
    #expect(try readBySQLite(writer.bytes) == expected)
    #expect(try readByUs(writer.bytes, form) == expected)
  }

  static let bad: [(name: String, hex: String, reason: CodecError.Reason)] = [
    ("a change without a table", "1200010000000000000001", .badHeader),
    ("a patchset's header", "500101610012000500", .badHeader),
    ("no columns", "54006100", .badHeader),
    ("too many columns", "548101", .badHeader),
    ("no key", "5402000061001200", .badHeader),
    ("an operation of no kind", "540101610013000100", .badOperation),
    ("an indirect flag of 2", "540101610012020100", .badOperation),
    ("a name without an end", "54010161", .truncated),
    ("a name that is not UTF-8", "540101ff00", .badUTF8),
    ("a huge number of columns", "5487ffffff7f", .badHeader),
    ("a row that ends early", "540201006100120005", .truncated),
    ("a value of no type", "5401016100120006", .badType),
  ]

  @Test(arguments: bad)
  func refuses(name: String, hex: String, reason: CodecError.Reason) throws {
    let bytes = try #require([UInt8](hex: hex))
    let error = #expect(throws: CodecError.self, "\(name)") { try readByUs(bytes, .changeset) }
    #expect(error?.reason == reason, "\(name)")
  }

  @Test func truncationIsRefusedExceptBetweenChanges() throws {
    let bytes = try SessionDatabase(Self.schemas).record(.changeset, Self.edits[6])
    let count = try readByUs(bytes, .changeset).count
    var whole = 0
    for cut in 0..<bytes.count {
      if let heard = try? readByUs(Array(bytes.prefix(cut)), .changeset) {
        whole += 1
        #expect(heard.count < count)
      }
    }
    // Nothing at all, and after each change and each header but the last.
    #expect(whole <= 2 * count + 1)
  }

  private func rewritten(_ heard: [Heard], _ form: ChangesetForm) -> [UInt8] {
    var writer = ChangesetWriter(form)
    for change in heard {
      let key = change.key.enumerated().filter { $0.element != 0 }.sorted { $0.element < $1.element }.map(\.offset)
      writer.append(
        ChangesetEntry(change.operation, old: change.old, new: change.new),
        to: ChangesetTable(name: change.table, columns: change.key.count, key: key))
    }
    return writer.bytes
  }
}
