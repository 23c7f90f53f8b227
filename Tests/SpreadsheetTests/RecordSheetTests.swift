import Presentation
import SyncCore
import Testing

@testable import Spreadsheet

struct RecordSheetTests {
  static let values: [(String, [Value])] = [
    (
      "name",
      Sample.nastyTexts.filter { $0.count < 30_000 }.map { .text($0) } + [.text(String(repeating: "字", count: 32_767))]
    ),
    (
      "id",
      [0, 1, -1, 999_999_999_999_999, 1_000_000_000_000_000, 1 << 53, 1 << 53 + 1, -(1 << 53) - 1, .max, .min].map {
        .integer($0)
      }
    ),
    ("sales", [0, -3, 50_001_200, .max, .min].map { .integer($0) }), ("capital", [.integer(1_500_000)]),
    (
      "rate",
      [0, 0.1, 0.1 + 0.2, 1.0 / 3, -2.5e-7, 1e300, 5e-324, .pi, 2.0 / 3, 1e22, 123_456_789.123_456_78].map { .real($0) }
    ),
    ("listed", [.integer(0), .integer(1)]),
    ("founded", ["2024-05-31", "1900-02-28", "1900-03-01", "0001-01-01", "9999-12-31"].map { .text($0) }),
    (
      "seal", [.blob([]), .blob([0, 1, 255]), .blob([0xd3, 0x1d, 0x35]), .blob([UInt8](repeating: 7, count: 20_000))]
    ),
    ("token", [.text("018f2b1c-0000-7000-8000-00000000000a")]), ("state", [.text("active"), .text("closed")]),
    ("note", [.text("00123"), .text("存续")]),
  ]

  @Test(arguments: Language.allCases)
  func whatIsExportedComesBack(language: Language) throws {
    for (name, values) in Self.values {
      // The key in each row, as an empty row is no row.
      let rows = values.map { value in
        Sample.row(["id": .integer(7)].merging([name: value]) { $1 })
      }
      let bytes = try RecordSheet.export(Sample.record, rows: rows, language: language)
      let read = try ImportFile.read(bytes, record: Sample.record)
      #expect(read.flatMap(\.problems) == [])
      #expect(read.map(\.line) == Array(2..<(rows.count + 2)))
      for (row, expected) in zip(read, rows) {
        let kept = Dictionary(uniqueKeysWithValues: expected.enumerated().filter { !$1.isNull }.map { ($0, $1) })
        #expect(row.values == kept, "\(name)")
      }
    }
  }

  @Test(arguments: Language.allCases)
  func templatesAreImportedAsTheyAre(language: Language) throws {
    let units = (reference: Reference(record: "unit", field: "code"), codes: (0..<80).map { "320\($0 + 100)" })
    let bytes = try RecordSheet.template(Sample.record, language: language, omitting: ["token"], units: units)
    #expect(try ImportFile.read(bytes, record: Sample.record).isEmpty)
    let table = try XLSXFile.read(bytes)
    let header = try #require(table.rows.first?.texts)
    #expect(header.count == Sample.record.fields.count - 1)
    // A label that names another field, or money without its unit, is written otherwise.
    let expected = language == .zh ? ["备注", "注册资本(元)", "应税销售(元)"] : ["note", "Capital (yuan)", "Taxable sales (yuan)"]
    #expect(expected.allSatisfy(header.contains))
    #expect(
      try XLSXFile.sheets(bytes)
        == (language == .zh ? ["企业", "填写说明", "choices"] : ["Enterprise", "Instructions", "choices"]))
    #expect(try XLSXFile.read(bytes, sheet: "choices").rows.last?.texts == ["320179"])
    let guide = try XLSXFile.read(bytes, sheet: language == .zh ? "填写说明" : "Instructions").rows.flatMap(\.texts)
    #expect(guide.contains("是 yes") && guide.contains("active：存续 / Trading\nclosed：注销 / active"))
    #expect(guide.contains("最多 6 个字符；须是 unit.code 中已有的值 at most 6 characters; must exist in unit.code"))
  }

  @Test func dropDownsOfferWhatReadsBack() throws {
    let bytes = try RecordSheet.template(Sample.record, language: .en)
    var sheet: [UInt8] = []
    try ZipArchive(bytes).read("xl/worksheets/sheet1.xml") { sheet += $0 }
    let text = String(decoding: sheet, as: UTF8.self)
    #expect(text.contains("<formula1>\"Trading,closed\"</formula1>"))
    #expect(text.contains("<formula1>\"yes,no\"</formula1>"))
  }

  private func imported(_ header: [String], _ cells: [Workbook.Cell]) throws -> ImportRow? {
    let columns = header.map { Workbook.Column($0, kind: .real) }
    let bytes = try XLSXWriter.bytes(Workbook(sheets: [Workbook.Sheet("S", columns: columns, rows: [cells])]))
    return try ImportFile.read(bytes, record: Sample.record).first
  }

  @Test func unitsOfMoney() throws {
    let row = try imported(["应税销售（万元）", "Capital (100 million yuan)"], [.real(5000.12), .text("1.5")])
    #expect(row?.values == [4: .integer(50_001_200), 3: .integer(150_000_000)])
    let odd = try imported(["编号", "应税销售(万元)"], [.integer(1), .real(5000.12345)])
    #expect(odd?.problems.map(\.column) == ["应税销售(万元)"])
    #expect(
      odd?.problems.first?.message.en
        == "is not a whole number of yuan: in units of 10,000 yuan it has at most 4 decimals")
  }

  @Test(arguments: [("1234.5600000000002", "33.000000000000004"), ("1234.56", "33"), ("1234.5599999999997", "33.0")])
  func computedNumbersAreAsTheirCellsShowThem(amount: String, count: String) throws {
    let names = ["id", "应税销售(万元)", "rate"].map { "<c t=\"inlineStr\"><is><t>\($0)</t></is></c>" }.joined()
    let cells = [count, amount, "1.1500000000000001"].map { "<c><v>\($0)</v></c>" }.joined()
    let data = "<row>\(names)</row><row>\(cells)</row>"
    let row = try ImportFile.read(try Package(data: data).bytes(), record: Sample.record).first
    #expect(row?.problems == [])
    // What is no count has every digit.
    #expect(row?.values == [0: .integer(33), 4: .integer(12_345_600), 5: .real(1.1500000000000001)])
  }

  @Test func problemsNameTheirCells() throws {
    let row = try imported(["id", "code"], [.text("x"), .integer(913_207_050_000_000_001), .text("beside")])
    #expect(row?.problems.map(\.column) == ["id", ""])
    #expect(row?.problems.last?.message.en == "cell C2 has no header above it; add one or clear the cell")
    let data = "<row><c t=\"inlineStr\"><is><t>id</t></is></c><c t=\"inlineStr\"><is><t>code</t></is></c></row>"
    let cells = "<row r=\"5\"><c t=\"e\"><v>#N/A</v></c><c><v>913207050000000001</v></c></row>"
    let read = try ImportFile.read(try Package(data: data + cells).bytes(), record: Sample.record)
    #expect(read.map(\.line) == [5])
    #expect(read.first?.problems.map(\.column) == ["id", "code"])
    #expect(read.first?.problems.map(\.value) == ["#N/A", "913207050000000001"])
    #expect(read.first?.values == [:])
  }

  @Test func whatIsWrongWithPersonalDataIsToldMasked() throws {
    var record = Sample.record
    for name in ["code", "state"] {
      let index = try #require(record.index(of: name))
      record.fields[index].restricted = true
    }
    let header = ["code", "state"].map { "<c t=\"inlineStr\"><is><t>\($0)</t></is></c>" }.joined()
    let cells = "<c><v>913207050000000001</v></c><c t=\"inlineStr\"><is><t>gone</t></is></c>"
    let bytes = try Package(data: "<row>\(header)</row><row>\(cells)</row>").bytes()
    let problems = try ImportFile.read(bytes, record: record).flatMap(\.problems)
    #expect(Set(problems.map(\.value)) == ["913******01", "g***"])
  }

  @Test func aTextTooLongForACellIsNamed() {
    let rows = [Sample.row(["note": .text(String(repeating: "a", count: 40_000))])]
    let message = failure { () throws(Failure) in try RecordSheet.export(Sample.record, rows: rows, language: .zh) }?
      .message
    #expect(message?.zh == "工作表“企业”单元格 L2（备注）有 40000 个字符，最多 32767 个；请改为导出 CSV")
  }

  @Test func csvIsReadByItsBytes() throws {
    let csv = Array("id,应税销售(万元)\n1,2.5\n".utf8)
    #expect(try ImportFile.read(csv, record: Sample.record).map(\.values) == [[0: .integer(1), 4: .integer(25_000)]])
    let empty = try XLSXWriter.bytes(Workbook(sheets: []))
    #expect(
      failure { () throws(Failure) in try ImportFile.read(empty, record: Sample.record) }?.message.en.contains(
        "is empty") == true)
  }
}
