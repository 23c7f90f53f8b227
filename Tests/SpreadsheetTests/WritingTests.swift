import SyncCore
import Testing

@testable import Spreadsheet

struct WritingTests {
  typealias Cell = Workbook.Cell

  private func written(_ rows: [[Cell]], kinds: [Workbook.Kind]) throws -> SheetTable {
    let columns = kinds.enumerated().map { Workbook.Column("c\($0)", kind: $1) }
    return try XLSXFile.read(
      try XLSXWriter.bytes(Workbook(sheets: [Workbook.Sheet("S", columns: columns, rows: rows)])))
  }

  /// In memory, and with more rows than are kept there.
  @Test(arguments: [1, XLSXWriter.streamedRows])
  func textsComeBackAsTheyAre(times: Int) throws {
    let texts = Sample.nastyTexts.filter { !$0.isEmpty && (times == 1 || $0.count < 100) }
    var rows = texts.map { [Cell.text($0), .text($0)] }
    while rows.count < times { rows.append([.integer(1)]) }
    let table = try written(rows, kinds: [.text, .integer])
    #expect(table.rows.count == rows.count + 1)
    for (row, text) in zip(table.rows.dropFirst(), texts) {
      #expect(row.cells.map { Array($0.text.utf8) } == [Array(text.utf8), Array(text.utf8)])
      #expect(row.cells.allSatisfy { !$0.isNumber })
    }
  }

  @Test(arguments: [
    (Cell.integer(0), "0", true), (.integer(-5), "-5", true), (.integer(999_999_999_999_999), "999999999999999", true),
    (.integer(-1_000_000_000_000_000), "-1000000000000000", false),
    (.integer(1 << 53 + 1), "9007199254740993", false), (.integer(.min), "-9223372036854775808", false),
    (.real(0.1), "0.1", true), (.real(0.1 + 0.2), "0.30000000000000004", false), (.real(1e300), "1e+300", true),
    (.real(5e-324), "5e-324", true), (.real(123456.789), "123456.789", true), (.real(1.5e-7), "0.00000015", true),
    (.real(1.0 / 3), "0.3333333333333333", false), (.figure(0.1 + 0.2), "0.3", true),
    (.date("2024-02-29"), "2024-02-29", false),
    (.date("1900-02-28"), "1900-02-28", false),
    (.date("2023-02-29"), "2023-02-29", false), (.date("soon"), "soon", false),
    (.date("9999-12-31"), "9999-12-31", false),
  ])
  func values(cell: Cell, text: String, isNumber: Bool) throws {
    let kept = try #require(try written([[cell]], kinds: [.real]).rows.last?.cells.first)
    #expect(kept.text == text)
    #expect(kept.isNumber == isNumber)
  }

  @Test func theSameWorkbookGivesTheSameBytes() throws {
    let columns = [
      Workbook.Column("a", choices: (0..<100).map { "choice \($0)" }, comment: "see\nhere"),
      Workbook.Column("b", choices: ["x", "y"]),
    ]
    let sheet = Workbook.Sheet("S", title: "T", notes: ["n"], columns: columns, rows: [[.text("1")]], hasFilter: true)
    let book = Workbook(sheets: [sheet, sheet])
    let bytes = try XLSXWriter.bytes(book)
    #expect(try XLSXWriter.bytes(book) == bytes)
    #expect(try XLSXFile.sheets(bytes) == ["S", "S 2", "choices"])
    #expect(try XLSXFile.read(bytes).plain == [1: ["T"], 2: ["n"], 4: ["a", "b"], 5: ["1"]])
    #expect(try XLSXFile.read(bytes, sheet: "choices").rows.map(\.texts).last == ["choice 99"])
    #expect(try part("xl/worksheets/sheet1.xml", of: bytes).contains("'choices'!$A$2:$A$101"))
    #expect(try part("xl/worksheets/sheet1.xml", of: bytes).contains("<formula1>\"x,y\"</formula1>"))
    #expect(try part("docProps/core.xml", of: bytes).contains("2000-01-01T00:00:00Z"))
  }

  private func part(_ name: String, of bytes: [UInt8]) throws -> String {
    var content: [UInt8] = []
    try ZipArchive(bytes).read(name) { content += $0 }
    return String(decoding: content, as: UTF8.self)
  }

  @Test func noFormulaIsEverWritten() throws {
    let rows = Sample.nastyTexts.map { [Cell.text($0)] }
    let bytes = try XLSXWriter.bytes(
      Workbook(sheets: [Workbook.Sheet("S", columns: [Workbook.Column("=1")], rows: rows)]))
    let sheet = try part("xl/worksheets/sheet1.xml", of: bytes)
    #expect(!sheet.contains("<f>") && !sheet.contains("<hyperlink"))
  }

  @Test func limits() throws {
    let long = Cell.text(String(repeating: "x", count: SheetLimits.cellText + 1))
    let columns = [Workbook.Column("a"), Workbook.Column("备注")]
    let text = failure { () throws(Failure) in
      try XLSXWriter.bytes(Workbook(sheets: [Workbook.Sheet("S", columns: columns, rows: [[.none, long]])]))
    }
    #expect(
      text?.message.en
        == "sheet 'S', cell B2 (备注): 32768 characters are more than the 32767 that a cell can have; export CSV")
    // Two UTF-16 units each.
    let pairs = Cell.text(String(repeating: "𠮷", count: 16_384))
    #expect(
      failure { () throws(Failure) in
        try XLSXWriter.bytes(Workbook(sheets: [Workbook.Sheet("S", columns: columns, rows: [[pairs]])]))
      }?.kind == .data)
    let rows = [[Cell]](repeating: [], count: SheetLimits.rows)
    let tall = failure { () throws(Failure) in
      try XLSXWriter.bytes(Workbook(sheets: [Workbook.Sheet("S", columns: columns, rows: rows)]))
    }
    #expect(tall?.message.en == "sheet 'S' has 1048577 rows and can have 1048576; export CSV")
    let wide = [Workbook.Column](repeating: Workbook.Column("a"), count: SheetLimits.columns + 1)
    #expect(
      failure { () throws(Failure) in
        try XLSXWriter.bytes(Workbook(sheets: [Workbook.Sheet("S", columns: wide, rows: [])]))
      }?.message.en.contains("16385 columns") == true)
  }

  @Test func sheetNames() {
    let long = String(repeating: "企", count: 40)
    let names = ["a", "A", "a/b", "[x]:*?\\", "", "'q'", "History", long, long, "👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦", " "]
    let cleaned = SheetName.cleaned(names)
    #expect(cleaned.prefix(7) == ["a", "A 2", "a_b", "_x_____", "Sheet", "q", "History_"])
    #expect(cleaned[8] == String(repeating: "企", count: 29) + " 2")
    #expect(cleaned.allSatisfy { (1...31).contains($0.utf16.count) })
    #expect(Set(cleaned.map { $0.lowercased() }).count == names.count)
    let sheets = names.map { Workbook.Sheet($0, columns: [], rows: []) }
    #expect(throws: Never.self) { try XLSXWriter.bytes(Workbook(sheets: sheets)) }
  }
}
