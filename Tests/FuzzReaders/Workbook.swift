import CZip
import Foundation
import SyncCore

/// A workbook whose parts are given: nobody guesses the sums of a zip file.
enum HandmadeWorkbook {
  private static let types = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
  private static let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"

  private static let fixed: [(name: String, text: String)] = [
    ("[Content_Types].xml", "<Types/>"), ("_rels/.rels", relationships([("officeDocument", "xl/workbook.xml")])),
    (
      "xl/workbook.xml",
      "<workbook xmlns=\"\(main)\" xmlns:r=\"\(types)\"><sheets><sheet name=\"S\" sheetId=\"1\" r:id=\"r0\"/></sheets></workbook>"
    ),
    (
      "xl/_rels/workbook.xml.rels",
      relationships([
        ("worksheet", "worksheets/sheet1.xml"), ("sharedStrings", "sharedStrings.xml"), ("styles", "styles.xml"),
      ])
    ),
  ]

  private static func relationships(_ all: [(type: String, target: String)]) -> String {
    "<Relationships>"
      + all.enumerated().map { "<Relationship Id=\"r\($0)\" Type=\"\(types)/\($1.type)\" Target=\"\($1.target)\"/>" }
      .joined()
      + "</Relationships>"
  }

  static let sheet = """
    <worksheet xmlns="\(main)"><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c><c t="inlineStr"><is><t>id</t></is></c></row>\
    <row><c t="str"><v>A</v></c><c s="1"><v>7</v></c></row></sheetData><mergeCells><mergeCell ref="D1:E2"/></mergeCells></worksheet>
    """
  static let strings = "<sst xmlns=\"\(main)\"><si><t>unit</t></si><si><r><t>a</t></r><rPh><t>b</t></rPh></si></sst>"
  static let styles = """
    <styleSheet xmlns="\(main)"><numFmts><numFmt numFmtId="164" formatCode="yyyy-mm-dd"/></numFmts><cellXfs><xf numFmtId="0"/>\
    <xf numFmtId="164"/></cellXfs></styleSheet>
    """

  /// - Parameter parts: of the sheet, the texts that cells share, and the styles; one that is missing is as it should be.
  static func bytes(_ parts: [[UInt8]]) throws -> [UInt8] {
    let given = zip(["xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/styles.xml"], [sheet, strings, styles])
      .enumerated().map {
        ($1.0, $0 < parts.count ? parts[$0] : Array($1.1.utf8))
      }
    let path = Scratch.path("handmade.xlsx")
    guard let archive = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, nil) else {
      throw Finding(what: "no zip file can be written")
    }
    for (name, content) in fixed.map({ ($0.name, Array($0.text.utf8)) }) + given {
      // The library frees the copy; of nothing it takes none.
      let copy = content.isEmpty ? nil : malloc(content.count)
      content.withUnsafeBytes { bytes in
        if let start = bytes.baseAddress { copy?.copyMemory(from: start, byteCount: bytes.count) }
      }
      let source = zip_source_buffer(archive, copy, zip_uint64_t(content.count), 1)
      let index = zip_file_add(archive, name, source, zip_flags_t(ZIP_FL_ENC_UTF_8))
      zip_set_file_compression(archive, zip_uint64_t(max(0, index)), ZIP_CM_STORE, 0)
    }
    guard zip_close(archive) == 0 else { throw Finding(what: "a zip file is not written") }
    return [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
  }
}
