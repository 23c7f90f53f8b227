import CZip
import Foundation
import Testing

/// A workbook made by hand, part by part.
struct Package {
  var parts: [(name: String, content: [UInt8])]

  static let relationships = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
  static let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"

  init(_ parts: [(String, String)]) { self.parts = parts.map { ($0.0, Array($0.1.utf8)) } }

  /// One sheet. `data` is what stands in `sheetData`, `after` what follows it.
  init(
    data: String, after: String = "", strings: String = "", styles: String = "", properties: String = "",
    declaration: String = ""
  ) {
    self.init([
      ("[Content_Types].xml", "<Types/>"), ("_rels/.rels", Self.rels([("rId1", "officeDocument", "xl/workbook.xml")])),
      ("xl/workbook.xml", Self.workbook(properties)),
      (
        "xl/_rels/workbook.xml.rels",
        Self.rels([
          ("rId1", "worksheet", "worksheets/sheet1.xml"), ("rId2", "sharedStrings", "/xl/sharedStrings.xml"),
          ("rId3", "styles", "./styles.xml"),
        ])
      ),
      ("xl/sharedStrings.xml", "<sst xmlns=\"\(Self.main)\">\(strings)</sst>"),
      ("xl/styles.xml", "<styleSheet xmlns=\"\(Self.main)\">\(styles)</styleSheet>"),
      (
        "xl/worksheets/sheet1.xml",
        "\(declaration)<worksheet xmlns=\"\(Self.main)\"><sheetData>\(data)</sheetData>\(after)</worksheet>"
      ),
    ])
  }

  static func workbook(_ properties: String, sheets: String = "<sheet name=\"S\" sheetId=\"1\" r:id=\"rId1\"/>")
    -> String
  {
    "<workbook xmlns=\"\(main)\" xmlns:r=\"\(relationships)\">\(properties)<sheets>\(sheets)</sheets></workbook>"
  }

  static func rels(_ all: [(id: String, type: String, target: String)]) -> String {
    "<Relationships>"
      + all.map { "<Relationship Id=\"\($0.id)\" Type=\"\(relationships)/\($0.type)\" Target=\"\($0.target)\"/>" }
      .joined()
      + "</Relationships>"
  }

  func replacing(_ name: String, with content: String?) -> Package {
    var copy = self
    copy.parts.removeAll { $0.name == name }
    if let content { copy.parts.append((name, Array(content.utf8))) }
    return copy
  }

  func bytes(password: String? = nil) throws -> [UInt8] {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString + ".zip").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let archive = try #require(zip_open(path, ZIP_CREATE, nil))
    var held: [UnsafeMutableRawBufferPointer] = []
    defer { for buffer in held { buffer.deallocate() } }
    for part in parts {
      let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: max(part.content.count, 1), alignment: 1)
      buffer.copyBytes(from: part.content)
      held.append(buffer)
      let source = zip_source_buffer(archive, buffer.baseAddress, zip_uint64_t(part.content.count), 0)
      let index = zip_file_add(archive, part.name, source, zip_flags_t(ZIP_FL_ENC_UTF_8))
      #expect(index >= 0)
      if let password {
        #expect(zip_file_set_encryption(archive, zip_uint64_t(index), UInt16(ZIP_EM_AES_256), password) == 0)
      }
    }
    #expect(zip_close(archive) == 0)
    return [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
  }
}
