import SyncCore
import Testing

@testable import Presentation

struct ImportFailureTests {
  private func failure(_ bytes: [UInt8]) -> Failure? {
    PresentationTests.failure { () throws(Failure) in try ImportFile.readCSV(bytes, record: Sample.enterprise) }
  }

  @Test(arguments: [
    ("", "the file is empty"), ("\u{FEFF}", "the file is empty"), ("\n", "column 1: header '' is no field"),
    ("id,nmae\n", "column 2: header 'nmae' is no field of enterprise; did you mean 'name'? known: id, name"),
    ("编号,企业名\n", "column 2: header '企业名' is no field of enterprise; did you mean '企业名称'?"),
    ("id,\n", "column 2: header ''"), ("id,编号\n", "the header has field id twice"),
    ("id,name\n1,\"abc", "row 2: quotes"), ("id,name\n1,a\n2,\"b\n3,c\n", "row 3: quotes"), ("\"", "row 1: quotes"),
    ("id,name\r\n1,a\r\n2,\"b\r\n", "row 3: quotes"),
    ("id,name\n1,\"a\"b\n", "row 2: quotes"), ("id,name\n1,a\"b\n2,c", "row 2: quotes"),
    ("id,name\n1,a\"", "row 2: quotes"),
    ("id,name\n1,\"a\"\u{301}\n", "row 2: quotes"), ("\"a\nb\",\"", "row 1: quotes"), ("\"\"\"", "row 1: quotes"),
    ("i\0d\n1", "the file is not CSV text"),
  ])
  func refuses(text: String, message: String) {
    let failure = failure(Array(text.utf8))
    #expect(failure?.kind == .data)
    #expect(failure?.message.en.hasPrefix(message) == true, "\(failure?.message.en ?? "none")")
  }

  @Test(
    arguments: [
      ([0xed, 0xa0, 0x80], "the file is neither UTF-8 (see byte 1, line 1) nor GB18030 (see byte 3, line 1)"),
      ([0xff, 0xfe, 0x69], "the file says that it is UTF-16LE, but is not at byte 3, line 1"),
      ([0x69, 0, 0x64, 0], "the file is not CSV text"),
    ] as [([UInt8], String)])
  func otherEncodings(bytes: [UInt8], message: String) {
    #expect(failure(bytes)?.message.en.hasPrefix(message) == true, "\(failure(bytes)?.message.en ?? "none")")
    #expect(failure(bytes)?.kind == .data)
  }

  @Test func labelOfTwoFieldsIsAmbiguous() {
    var record = Sample.enterprise
    record.fields[1].label.zh = "信用代码"
    let failure = PresentationTests.failure { () throws(Failure) in
      try ImportFile.readCSV(Array("信用代码\n".utf8), record: record)
    }
    #expect(failure?.message.en == "column 1: header '信用代码' fits several fields; use a field name: name, code")
  }

  @Test func limits() throws {
    let full = String(repeating: ",", count: CSVScan.maxCells - 1)
    #expect(try ImportFile.readCSV(Array("id\n1\n\(full)x".utf8), record: Sample.enterprise).last?.problems.count == 1)
    #expect(failure(Array("id\n1\n\(full),".utf8))?.message.en == "row 3 has more than 16384 cells")
    #expect(failure(Array("\(full),".utf8))?.message.en == "row 1 has more than 16384 cells")
    let quoted = "id,name\n1,\"\(full),,\""
    #expect(try ImportFile.readCSV(Array(quoted.utf8), record: Sample.enterprise).first?.problems == [])
    let large = [UInt8](repeating: 0x20, count: ImportFile.maxBytes + 1)
    #expect(failure(large)?.message.en == "the file has more than 64 MiB; split it")
  }

  /// Every text of up to six of these letters is read or refused, and none traps.
  @Test func everySmallFileIsReadOrRefused() throws {
    let record = Sample.keyed([.text])
    var bodies = [""]
    var layer = bodies
    for _ in 0..<6 {
      layer = layer.flatMap { text in ["\"", ",", "\n", "a"].map { text + $0 } }
      bodies += layer
    }
    for body in bodies {
      let failure = PresentationTests.failure { () throws(Failure) in
        try ImportFile.readCSV(Array("k0,code\n\(body)".utf8), record: record)
      }
      let isOpen = body.filter { $0 == "\"" }.count % 2 == 1
      #expect(failure == nil || failure?.kind == .data)
      #expect(!isOpen || failure != nil, "\(body)")
    }
  }
}
