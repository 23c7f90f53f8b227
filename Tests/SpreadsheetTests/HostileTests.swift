import Presentation
import SyncCore
import Testing

@testable import Spreadsheet

/// Files that are no workbook, a broken one, or a trap: each is refused with a sentence that says what to do.
struct HostileTests {
  private func message(_ bytes: [UInt8]) -> String? {
    let failure = failure { () throws(Failure) in try XLSXFile.read(bytes) }
    #expect(failure?.kind == .data)
    #expect(failure?.message.zh.isEmpty == false)
    return failure?.message.en
  }

  private static let ole: [UInt8] =
    [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1] + [UInt8](repeating: 0, count: 600)

  @Test(arguments: [
    (
      Array("id,name\n1,甲\n".utf8),
      "this is a text file and no .xlsx workbook; if it is CSV, rename it to end with .csv"
    ),
    ([0xc6, 0xf3, 0xd2, 0xb5], "this is a text file"), ([], "the file is empty"),
    (Array("\u{FEFF} <html><table/></html>".utf8), "this is a web page or an XML file"),
    (ole, "this is a file of the old format .xls"),
    (ole + Array("EncryptedPackage".utf8).flatMap { [$0, 0] }, "the workbook has a password"),
    ([0x89, 0x50, 0x4e, 0x47, 0, 0, 0], "this is a file of another format"),
    ([0x50, 0x4b, 3, 4, 0, 0], "the workbook is damaged (it is no complete zip file)"),
    ([0x50, 0x4b, 5, 6] + [UInt8](repeating: 0, count: 18), "this is a zip archive"),
  ])
  func otherFiles(bytes: [UInt8], expected: String) {
    #expect(message(bytes)?.hasPrefix(expected) == true, "\(message(bytes) ?? "none")")
  }

  @Test func otherPackages() throws {
    let ods = Package([("mimetype", "application/vnd.oasis.opendocument.spreadsheet"), ("content.xml", "<a/>")])
    #expect(message(try ods.bytes())?.hasPrefix("this is an OpenDocument file such as .ods") == true)
    let word = Package([
      ("_rels/.rels", Package.rels([("rId1", "officeDocument", "word/document.xml")])), ("word/document.xml", "<a/>"),
    ])
    #expect(message(try word.bytes())?.hasPrefix("this is a Word document") == true)
    let binary = Package([("_rels/.rels", Package.rels([("rId1", "officeDocument", "xl/workbook.bin")]))])
    #expect(message(try binary.bytes())?.hasPrefix("this is a binary workbook .xlsb") == true)
    let locked = Package(data: "<row><c><v>1</v></c></row>")
    #expect(message(try locked.bytes(password: "x"))?.hasPrefix("the workbook has a password") == true)
  }

  @Test(arguments: [
    ("_rels/.rels", "its workbook part is missing"), ("xl/workbook.xml", "xl/workbook.xml is missing"),
    ("xl/_rels/workbook.xml.rels", "it has no sheet"),
    ("xl/worksheets/sheet1.xml", "xl/worksheets/sheet1.xml is missing"),
    ("xl/sharedStrings.xml", "xl/sharedStrings.xml is missing"),
  ])
  func missingParts(part: String, expected: String) throws {
    let package = Package(data: "<row><c t=\"s\"><v>0</v></c></row>", strings: "<si><t>a</t></si>")
    #expect(failure { () throws(Failure) in try XLSXFile.read((try? package.bytes()) ?? []) } == nil)
    #expect(
      message(try package.replacing(part, with: nil).bytes())?.hasPrefix("the workbook is damaged (\(expected))")
        == true)
  }

  @Test(arguments: [
    "<row r=\"0\"/>", "<row r=\"1048577\"/>", "<row r=\"-1\"/>", "<row r=\"99999999999999999999\"/>", "<row r=\"x\"/>",
    "<row r=\"2\"/><row r=\"2\"/>", "<row r=\"5\"/><row r=\"4\"/>", "<row r=\"1\"><c r=\"XFE1\"/></row>",
    "<row r=\"1\"><c r=\"A2\"/></row>",
    "<row r=\"1\"><c r=\"B1\"/><c r=\"A1\"/></row>", "<row r=\"1\"><c r=\"A1\"/><c r=\"A1\"/></row>",
    "<row r=\"1\"><c r=\"XFD1\"/><c/></row>",
    "<row r=\"1\"><c r=\"AAAAAAAAAAAAAAAA1\"/></row>", "<row r=\"1\"><c r=\"1A\"/></row>", "<c r=\"A1\"><v>1</v></c>",
    "<row><c t=\"s\"><v>1</v></c></row>", "<row><c t=\"s\"><v>-1</v></c></row>", "<row><c t=\"s\"><v>x</v></c></row>",
    "<row>", "<row><c></row>", "<row><row/></row>", "<row><c t=\"str\"><v>1</v><row/></c></row>", "<row/><c/>",
    "<row><c><v><c/></v></c></row>",
  ])
  func wrongPlaces(data: String) throws {
    let text = message(try Package(data: data, strings: "<si><t>a</t></si>").bytes())
    #expect(text?.hasPrefix("the workbook is damaged (") == true, "\(text ?? "none")")
  }

  @Test(arguments: ["A1", "A1:B", "B2:A1", "A1:XFE1", "A1:B2:C3", ""])
  func wrongMerges(range: String) throws {
    let after = "<mergeCells><mergeCell ref=\"\(range)\"/></mergeCells>"
    let text = message(try Package(data: "<row><c><v>1</v></c></row>", after: after).bytes())
    #expect(text?.contains("the merged range") == true)
  }

  @Test func overlappingMerges() throws {
    let after = "<mergeCells><mergeCell ref=\"A1:C3\"/><mergeCell ref=\"B2:D4\"/></mergeCells>"
    let rows = (1...4).map { "<row r=\"\($0)\"><c><v>1</v></c></row>" }.joined()
    #expect(message(try Package(data: rows, after: after).bytes())?.contains("merged ranges overlap") == true)
  }

  @Test(arguments: ["../../etc/passwd", "/../x", "../../../xl/worksheets/sheet1.xml"])
  func referencesOutOfTheFile(target: String) throws {
    let package = Package(data: "").replacing(
      "xl/_rels/workbook.xml.rels", with: Package.rels([("rId1", "worksheet", target)]))
    #expect(message(try package.bytes())?.contains("leads out of the file") == true)
  }

  @Test(arguments: [
    "<!DOCTYPE a [<!ENTITY x \"y\">]>", "<!DOCTYPE a SYSTEM \"file:///etc/passwd\">",
    "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>", "<!DOCTYPE a>",
    "<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]>",
  ])
  func entities(declaration: String) throws {
    let text = message(try Package(data: "", declaration: declaration).bytes())
    #expect(text?.contains("sheet1.xml has a DOCTYPE declaration") == true)
  }

  @Test func bombs() throws {
    let empty = "<row r=\"1048575\"/><row/><row/>"
    #expect(message(try Package(data: empty).bytes())?.contains("the row number 1048577 is wrong") == true)
    let errors = "<row>" + String(repeating: "<c t=\"e\"><v>#N/A</v></c>", count: SheetLimits.problems + 1) + "</row>"
    #expect(message(try Package(data: errors).bytes())?.contains("more than 10000 cells with errors") == true)
    let links = (0...SheetLimits.parts).map { (id: "r\($0)", type: "x", target: "y") }
    let linked = Package(data: "").replacing("_rels/.rels", with: Package.rels(links))
    #expect(message(try linked.bytes())?.contains("more than 10000 references inside") == true)
    let long = "<row><c t=\"str\"><v>" + String(repeating: "x", count: SheetLimits.textBytes + 1) + "</v></c></row>"
    #expect(message(try Package(data: long).bytes())?.contains("the text of a cell has more than") == true)
    let tag = "<row a=\"" + String(repeating: "x", count: 3 << 20) + "\"/>"
    #expect(message(try Package(data: tag).bytes())?.contains("no correct XML") == true)
  }

  @Test func aSizeThatLiesIsCounted() throws {
    let bytes = try Package([("a", String(repeating: "a", count: 1 << 20))]).bytes()
    let archive = try ZipArchive(bytes, maxBytes: (1 << 20) - 1)
    let text = failure { () throws(Failure) in try archive.read("a") { _ in } }?.message.en
    #expect(text?.hasPrefix("the workbook is too large") == true)
    #expect(text == failure { () throws(Failure) in try archive.read("a") { _ in } }?.message.en)
    // The directory is the last part of the file; its entry holds the size at 24.
    let entry = try #require(bytes.indices.last { bytes[$0...].starts(with: [0x50, 0x4b, 1, 2]) })
    var lying = bytes
    lying.replaceSubrange((entry + 24)..<(entry + 28), with: [1, 0, 0, 0])
    let other = try ZipArchive(lying, maxBytes: 1 << 10)
    #expect(failure { () throws(Failure) in try other.read("a") { _ in } } != nil)
  }

  @Test func manyOrRepeatedParts() throws {
    let many = Package((0...SheetLimits.parts).map { ("p\($0)", "") })
    #expect(message(try many.bytes())?.hasPrefix("the workbook is too large (it has 10001 files inside)") == true)
    let twice = Package([("xl/a.xml", ""), ("XL\\A.xml", "")])
    #expect(message(try twice.bytes())?.contains("it has xl/a.xml twice") == true)
  }

  /// Whatever byte is broken, the file is read or refused.
  @Test func everyBrokenByteIsReadOrRefused() throws {
    let bytes = try Package(data: "<row><c t=\"s\"><v>0</v></c></row>", strings: "<si><t>a</t></si>").bytes()
    for index in bytes.indices {
      for change: UInt8 in [0xff, 0x01] {
        var broken = bytes
        broken[index] ^= change
        let failure = failure { () throws(Failure) in try XLSXFile.read(broken) }
        #expect(failure == nil || failure?.kind == .data)
      }
      if index % 7 == 0 { #expect(failure { () throws(Failure) in try XLSXFile.read(Array(bytes[..<index])) } != nil) }
    }
  }
}
