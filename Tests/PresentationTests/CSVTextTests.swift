import SyncCore
import Testing

@testable import Presentation

struct CSVTextTests {
  @Test(arguments: [
    (["a", "b"], "a,b\n"), (["a,b", "c"], "\"a,b\",c\n"), (["a\"b"], "\"a\"\"b\"\n"), (["a\nb"], "\"a\nb\"\n"),
    (["a\r\nb"], "\"a\r\nb\"\n"), ([" a"], "\" a\"\n"), (["a "], "\"a \"\n"), ([""], "\"\"\n"), (["", ""], ",\n"),
    (["a;b"], "\"a;b\"\n"), (["企业"], "企业\n"), ([], "\n"),
  ])
  func lines(cells: [String], expected: String) {
    #expect(CSVText.line(cells) == expected)
  }

  @Test(arguments: [
    "", " ", "a", ",", "\"", "\"\"", "\n", "\r", "\r\n", ";", "\t", "\u{301}", "\u{3000}x", "a\u{600}", "\u{FEFF}",
    "a\u{2028}b", "a\u{B}b", "a\u{85}b",
  ])
  func whatIsWrittenReadsBack(core: String) throws {
    let record = Sample.keyed([.text])
    for text in [core, core + "b", "b" + core, core + core, core + "\u{301}", "\"" + core] where !text.isEmpty {
      let file = CSVText.line(["code", "k0"]) + CSVText.line([text, "x"]) + CSVText.line(["x", text])
      let rows = try ImportFile.readCSV(Array(file.utf8), record: record)
      #expect(rows.map(\.values) == [[1: .text(text), 0: .text("x")], [1: .text("x"), 0: .text(text)]])
    }
  }
}
