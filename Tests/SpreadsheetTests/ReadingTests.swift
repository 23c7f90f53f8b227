import SyncCore
import Testing

@testable import Spreadsheet

/// What the elements of a sheet mean.
struct ReadingTests {
  private func read(_ package: Package) throws -> SheetTable { try XLSXFile.read(try package.bytes()) }

  @Test(arguments: [
    ("<c r=\"A1\" t=\"s\"><v>0</v></c>", "plain"), ("<c r=\"A1\" t=\"s\"><v>1</v></c>", "富文本 joined"),
    ("<c r=\"A1\" t=\"s\"><v>2</v></c>", "東京"), ("<c r=\"A1\" t=\"s\"><v>3</v></c>", " kept\r "),
    ("<c r=\"A1\" t=\"inlineStr\"><is><t>in</t></is></c>", "in"),
    (
      "<c r=\"A1\" t=\"inlineStr\"><is><r><t>a</t></r><r><t>b</t></r><rPh sb=\"0\" eb=\"1\"><t>x</t></rPh></is></c>",
      "ab"
    ),
    ("<c r=\"A1\" t=\"str\"><f>CONCAT(1,2)</f><v>12</v></c>", "12"), ("<c r=\"A1\"><f>1+1</f><v>2</v></c>", "2"),
    ("<c r=\"A1\" t=\"b\"><v>1</v></c>", "TRUE"), ("<c r=\"A1\" t=\"b\"><v>0</v></c>", "FALSE"),
    ("<c r=\"A1\" t=\"d\"><v>2024-05-31T00:00:00</v></c>", "2024-05-31"),
    ("<c r=\"A1\" t=\"d\"><v>2024-05-31</v></c>", "2024-05-31"),
    ("<c r=\"A1\" t=\"n\"><v>1.0</v></c>", "1"), ("<c><v>7</v></c>", "7"), ("<c t=\"str\"><v>_x0041_</v></c>", "A"),
    ("<c t=\"inlineStr\"><is><t>_xD842__xDFB7_</t></is></c>", "𠮷"), ("<c t=\"str\"><v><![CDATA[<a>]]></v></c>", "<a>"),
  ])
  func cells(cell: String, expected: String) throws {
    let strings = """
      <si><t>plain</t></si><si><r><rPr><b/></rPr><t>富文本</t></r><r><t xml:space="preserve"> joined</t></r></si>\
      <si><t>東京</t><rPh sb="0" eb="2"><t>トウキョウ</t></rPh><phoneticPr fontId="1"/></si>\
      <si><t xml:space="preserve"> kept_x000D_ </t></si>
      """
    let table = try read(Package(data: "<row r=\"1\">\(cell)</row>", strings: strings))
    #expect(table.plain == [1: [expected]])
    #expect(table.rows.first?.problems == [:])
  }

  @Test func sparseHiddenAndUnnumberedRowsKeepTheirPlaces() throws {
    let data = """
      <row r="3" hidden="1"><c r="B3"><v>1</v></c><c r="D3"><v>2</v></c></row><row><c><v>3</v></c><c/><c r="E4"><v>4</v></c></row>\
      <row r="9" spans="1:1"/><row r="1048576"><c r="XFD1048576"><v>5</v></c></row>
      """
    let table = try read(Package(data: data))
    #expect(table.rows.map(\.number) == [3, 4, 1_048_576])
    #expect(table.rows.prefix(2).map(\.texts) == [["", "1", "", "2"], ["3", "", "", "", "4"]])
    #expect(table.rows.last?.cells.map(\.column) == [16_384])
  }

  @Test func mergedRangesShowTheirFirstCell() throws {
    let row = { (number: Int) in
      "<row r=\"\(number)\">" + (1...4).map { "<c><v>\(number)\($0)</v></c>" }.joined() + "</row>"
    }
    let merges =
      "<mergeCells><mergeCell ref=\"B2:C3\"/><mergeCell ref=\"A1:B1\"/><mergeCell ref=\"D1:D2\"/></mergeCells>"
    let table = try read(Package(data: (1...4).map(row).joined(), after: merges))
    #expect(
      table.rows.map(\.texts) == [
        ["11", "", "13", "14"], ["21", "22"], ["31", "", "", "34"], ["41", "42", "43", "44"],
      ])
  }

  @Test func errorsAreProblems() throws {
    let row = try #require(try read(Package(data: "<row><c t=\"e\"><f>1/0</f><v>#DIV/0!</v></c></row>")).rows.first)
    #expect(row.problems[1]?.en == "the cell holds the error #DIV/0!; correct the formula or type the value")
    let word = try #require(try read(Package(data: "<row><c><v>abc</v></c></row>")).rows.first)
    #expect(word.problems[1]?.en == "is no number; type it again")
    let formulas = "<row><c><f>1+1</f><v/></c><c t=\"str\"><f>1</f><v></v></c><c/><c><v>1</v></c></row>"
    let row2 = try #require(try read(Package(data: formulas)).rows.first)
    #expect(row2.problems.keys.sorted() == [1])
    #expect(row2.texts == ["=…", "", "", "1"])
  }

  static let formats: [(Int, String, Bool)] =
    [0, 1, 2, 9, 11, 13, 23, 37, 44, 48, 49, 59].map { ($0, "", false) } + (14...22).map { ($0, "", true) }
    + (27...36).map { ($0, "", true) } + (45...47).map { ($0, "", true) }
    + (50...58).map { ($0, "", true) }
    + [
      "yyyy\\-mm\\-dd", "yyyy&quot;年&quot;m&quot;月&quot;d&quot;日&quot;", "[$-804]yyyy年m月d日;@", "d/m/yy", "YYYY",
      "[h]:mm", "mmm",
      "[$-F800]dddd\\,\\ mmmm\\ dd\\,\\ yyyy",
    ].map { (170, $0, true) }
    + [
      "General", "0.00", "#,##0", "0.00E+00", "[Red]0", "&quot;day&quot;0", "0\\d", "0_d", "@", "[$¥-804]#,##0", "0;d",
      "[Yellow]0*s",
    ].map { (171, $0, false) }

  @Test(arguments: formats)
  func datesByFormat(id: Int, code: String, isDate: Bool) throws {
    let custom = code.isEmpty ? "" : "<numFmts><numFmt numFmtId=\"\(id)\" formatCode=\"\(code)\"/></numFmts>"
    let styles =
      custom + "<cellStyleXfs><xf numFmtId=\"14\"/></cellStyleXfs><cellXfs><xf/><xf numFmtId=\"\(id)\"/></cellXfs>"
    let cells = Package(data: "<row><c s=\"1\"><v>45443</v></c><c><v>45443</v></c></row>", styles: styles)
    #expect(try read(cells).plain == [1: [isDate ? "2024-05-31" : "45443", "45443"]])
  }

  @Test(arguments: [
    ("", "1900-03-01"), ("<workbookPr date1904=\"1\"/>", "1904-03-02"),
    ("<workbookPr date1904=\"false\"/>", "1900-03-01"),
  ])
  func bothDateSystems(properties: String, expected: String) throws {
    let styles = "<cellXfs><xf numFmtId=\"14\"/></cellXfs>"
    let package = Package(data: "<row><c s=\"0\"><v>61</v></c></row>", styles: styles, properties: properties)
    #expect(try read(package).plain == [1: [expected]])
  }

  @Test func otherPrefixesAndTheStrictEdition() throws {
    let sheet =
      "<x:worksheet xmlns:x=\"http://purl.oclc.org/ooxml/spreadsheetml/main\"><x:sheetData><x:row r=\"1\"><x:c r=\"A1\" t=\"b\"><x:v>1</x:v></x:c></x:row></x:sheetData></x:worksheet>"
    let strict = Package.rels([("rId1", "worksheet", "worksheets/Sheet1.xml")])
      .replacing(Package.relationships, "http://purl.oclc.org/ooxml/officeDocument/relationships")
    let package = Package(data: "").replacing("xl/worksheets/sheet1.xml", with: sheet)
      .replacing("xl/_rels/workbook.xml.rels", with: strict).replacing("xl/styles.xml", with: nil)
    #expect(try read(package).plain == [1: ["TRUE"]])
  }

  @Test func sheetsByName() throws {
    let list =
      "<sheet name=\"lists\" sheetId=\"1\" state=\"hidden\" r:id=\"rId9\"/><sheet name=\"数据\" sheetId=\"2\" r:id=\"rId1\"/>"
    let links = [("rId1", "worksheet", "worksheets/sheet1.xml"), ("rId9", "worksheet", "../xl/other.xml")]
    let bytes = try Package(data: "<row><c><v>1</v></c></row>").replacing(
      "xl/workbook.xml", with: Package.workbook("", sheets: list)
    )
    .replacing("xl/_rels/workbook.xml.rels", with: Package.rels(links.map { (id: $0.0, type: $0.1, target: $0.2) }))
    .replacing("xl/other.xml", with: "<worksheet><sheetData><row><c><v>2</v></c></row></sheetData></worksheet>").bytes()
    #expect(try XLSXFile.sheets(bytes) == ["lists", "数据"])
    #expect(try XLSXFile.read(bytes).plain == [1: ["1"]])
    #expect(try XLSXFile.read(bytes, sheet: "lists").plain == [1: ["2"]])
    let missing = failure { () throws(Failure) in try XLSXFile.read(bytes, sheet: "data") }
    #expect(missing?.message.en == "there is no sheet 'data'; there are: lists, 数据")
  }
}

extension String {
  func replacing(_ part: String, _ other: String) -> String { components(separatedBy: part).joined(separator: other) }
  private func components(separatedBy part: String) -> [String] {
    var out: [String] = []
    var rest = self[...]
    while let range = rest.firstRange(of: part) {
      out.append(String(rest[..<range.lowerBound]))
      rest = rest[range.upperBound...]
    }
    return out + [String(rest)]
  }
}
