import Foundation
import Presentation
import SyncCore
import Testing

@testable import Spreadsheet

/// The same table as other programs write it.
struct FixtureTests {
  private func bytes(_ name: String) throws -> [UInt8] {
    let url = try #require(Bundle.module.url(forResource: name, withExtension: nil, subdirectory: "Fixtures"))
    return [UInt8](try Data(contentsOf: url))
  }

  @Test(arguments: ["openpyxl.xlsx", "libreoffice.xlsx"])
  func tables(name: String) throws {
    let bytes = try bytes(name)
    #expect(try XLSXFile.sheets(bytes) == ["数据", "二"])
    #expect(try XLSXFile.read(bytes, sheet: "二").plain == [1: ["other"]])
    let table = try XLSXFile.read(bytes).plain
    #expect(table[1] == ["编号", "企业名称", "应税销售(万元)", "成立日期", "是否上市", "增长率"])
    #expect(table[2] == ["1", "00123", "5000.12", "2024-05-31", "TRUE", "0.1"])
    // openpyxl writes a formula without its value, and keeps 16 digits of which LibreOffice keeps 15.
    let isExact = name == "openpyxl.xlsx"
    #expect(
      table[3]?.dropFirst() == [
        " = 空格 ", "1.5", "1999-12-31", "FALSE", isExact ? "0.3333333333333333" : "0.333333333333333",
      ])
    #expect(table[3]?.first == (isExact ? "9007199254740992" : "9007199254740990"))
    #expect(table[4] == ["3", "a\nb", "", "1950-01-01", "是"])
    #expect(table[7] == (isExact ? ["7", "𠮷", "", "", "", "=…"] : ["7", "𠮷", "", "", "", "0.25"]))
    #expect(table[9] == ["9", "merged"])
    let rows = try ImportFile.read(bytes, record: Sample.record)
    #expect(rows.map(\.line) == [2, 3, 4, 7, 9])
    #expect(rows.flatMap(\.problems).map(\.column) == (isExact ? ["增长率"] : []))
    #expect(rows.first?.values[4] == .integer(50_001_200))
    #expect(rows.first?.values[6] == .integer(1))
  }

  @Test(arguments: [("libreoffice.ods", "an OpenDocument file"), ("libreoffice.xls", "the old format .xls")])
  func otherFormats(name: String, expected: String) throws {
    let bytes = try bytes(name)
    let failure = failure { () throws(Failure) in try ImportFile.read(bytes, record: Sample.record) }
    #expect(failure?.message.en.contains(expected) == true)
  }
}
