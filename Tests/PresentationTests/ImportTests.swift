import SyncCore
import Testing

@testable import Presentation

struct ImportTests {
  private func read(_ text: String) throws(Failure) -> [ImportRow] {
    try ImportFile.readCSV(Array(text.utf8), record: Sample.enterprise)
  }

  @Test(arguments: [
    "id,name\n1,甲\n", "id,name\r\n1,甲\r\n", "id,name\r1,甲", "\u{FEFF}id,name\n1,甲", "编号;企业名称\n1;甲", "Id\tName\n1\t甲",
    "\"id\",\"name\"\n\"1\",\"甲\"", " id , 企业名称 \n1,甲\n,\n\n", "id,name\n1, \"甲\" ",
  ])
  func spellingsOfOneTable(text: String) throws {
    let rows = try read(text)
    #expect(rows.count == 1)
    #expect(rows.first?.line == 2)
    #expect(rows.first?.values == [0: .integer(1), 1: .text("甲")])
    #expect(rows.first?.problems == [])
  }

  @Test(arguments: [
    ("\"a,b\"", "a,b"), ("\"a\"\"b\"", "a\"b"), ("\"\"\"\"", "\""), ("\"a\r\nb\"", "a\r\nb"), ("\" a \"", " a "),
    ("\u{301}x", "\u{301}x"), ("\"\u{301}x\u{600}\"", "\u{301}x\u{600}"), ("\"a\"\"\u{301}\"", "a\"\u{301}"),
    ("a\"\"b", "a\"b"), ("\u{3000}\u{3000}a ", "\u{3000}\u{3000}a "), (" a\"\"b", "a\"b"), (" a", "a"),
    (" \u{3000}a", "a"), ("\u{A0} \"a\" ", "a"),
  ])
  func cells(cell: String, expected: String) throws {
    // In the middle, at the end of a line, and at the end of the file.
    for text in ["name,id\n\(cell),1\n", "id,name\n1,\(cell)\n", "id,name\n1,\(cell)"] {
      #expect(try read(text).first?.values == [0: .integer(1), 1: .text(expected)])
    }
  }

  @Test func emptyCellsAreAbsentAndRowsKeepTheirNumbers() throws {
    let rows = try read("id,name,count\n1,,\n\n,,\n\"3\",\"a\nb\",4\n5,\"\", ")
    #expect(rows.map(\.line) == [2, 5, 6])
    #expect(
      rows.map(\.values) == [[0: .integer(1)], [0: .integer(3), 1: .text("a\nb"), 3: .integer(4)], [0: .integer(5)]])
    #expect(rows.flatMap(\.problems) == [])
  }

  @Test func problemsStandInTheirRows() throws {
    let rows = try read("编号,注册资本(元)\nx,1.5\n2\n3,4,5\n6,1万")
    #expect(rows.map { $0.problems.map(\.column) } == [["编号", "注册资本(元)"], [""], [""], []])
    #expect(rows.map { $0.problems.map(\.value) } == [["x", "1.5"], [""], [""], []])
    #expect(rows.flatMap(\.problems).map(\.line) == [2, 2, 3, 4])
    let messages = [
      "is not a whole number", "is not a whole number of yuan",
      "has 1 cells where the header has 2; if a spreadsheet left out empty cells at the end of the line, save the file "
        + "there as .xlsx", "has 3 cells where the header has 2",
    ]
    #expect(rows.flatMap(\.problems).map(\.message.en) == messages)
    #expect(rows.flatMap(\.problems).last?.message.zh == "有 3 个单元格，表头有 2 个")
    #expect(rows.map(\.values) == [[:], [:], [:], [0: .integer(6), 4: .integer(10000)]])
  }

  @Test func aMissingLastCellIsNoEmptyCell() throws {
    #expect(try read("id,name\n1,").first?.problems == [])
    let problems = try read("id,name\n1").first?.problems ?? []
    #expect(problems.map(\.message.zh) == ["有 1 个单元格，表头有 2 个；若是表格软件省去了行末的空单元格，请在其中另存为 .xlsx 再导入"])
  }

  @Test(arguments: ["id,name", "id,name\n", "id,name\n\n\n"])
  func onlyAHeader(text: String) throws {
    #expect(try read(text).isEmpty)
  }
}
