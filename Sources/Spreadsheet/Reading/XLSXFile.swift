import Presentation
import SyncCore

/// Workbooks (ECMA-376, both editions) as Excel, WPS, LibreOffice and others write them.
public enum XLSXFile {
  /// The names of the worksheets, hidden ones too.
  public static func sheets(_ bytes: [UInt8]) throws(Failure) -> [String] {
    try Package(bytes).worksheets.map(\.name)
  }

  /// The named sheet, else the first visible one. Formulas give the values that were last computed. Throws `.data` when
  /// the file cannot be read as a workbook; what is wrong with one cell stands in its row.
  public static func read(_ bytes: [UInt8], sheet: String? = nil) throws(Failure) -> SheetTable {
    let package = try Package(bytes)
    let chosen = try package.sheet(sheet)
    guard let part = package.relationships.part(chosen.relationship) else {
      throw ReadFailure.damaged("缺少工作表 \(chosen.name)", "the sheet \(chosen.name) is missing")
    }
    let reader = SheetPart(try package.cellValues())
    try package.archive.parse(part, reader)
    return try reader.table(chosen.name)
  }
}

/// The parts of a workbook.
private struct Package {
  let archive: ZipArchive
  let workbook: WorkbookPart
  let relationships: Relationships

  init(_ bytes: [UInt8]) throws(Failure) {
    guard bytes.count <= ImportFile.maxBytes else {
      throw ReadFailure.tooLarge(
        "超过 \(ImportFile.maxBytes >> 20) MiB", "it has more than \(ImportFile.maxBytes >> 20) MiB")
    }
    if let problem = FileFormat(bytes).problem { throw problem }
    archive = try ZipArchive(bytes)
    guard let main = try Relationships(of: "", in: archive).part(ofType: "officeDocument") else {
      throw Self.otherPackage(archive)
    }
    if main.lowercased().hasSuffix(".bin") { throw ReadFailure.otherFormat("二进制 .xlsb 工作簿", "a binary workbook .xlsb") }
    if !main.lowercased().hasPrefix("xl/"), archive.has("word/document.xml") { throw Self.otherPackage(archive) }
    workbook = try WorkbookPart(main, in: archive)
    relationships = try Relationships(of: main, in: archive)
  }

  /// Sheets of charts and macros hold no rows.
  var worksheets: [WorkbookPart.Sheet] {
    workbook.sheets.filter { relationships.isWorksheet($0.relationship) }
  }

  func sheet(_ name: String?) throws(Failure) -> WorkbookPart.Sheet {
    let all = worksheets
    guard let name else {
      if let first = all.first(where: \.isVisible) ?? all.first { return first }
      throw ReadFailure.damaged("没有工作表", "it has no sheet")
    }
    if let found = all.first(where: { $0.name == name }) { return found }
    let names = all.map(\.name)
    throw Failure(
      .data, zh: "没有工作表“\(visibleText(name))”，有：\(names.map(visibleText).joined(separator: "、"))",
      en: "there is no sheet '\(visibleText(name))'; there are: \(names.map(visibleText).joined(separator: ", "))")
  }

  func cellValues() throws(Failure) -> CellValues {
    let shared = try SharedStrings(relationships.part(ofType: "sharedStrings"), in: archive)
    let styles = try CellStyles(relationships.part(ofType: "styles"), in: archive)
    return CellValues(shared: shared.texts, styles: styles, countsFrom1904: workbook.countsFrom1904)
  }

  private static func otherPackage(_ archive: ZipArchive) -> Failure {
    if archive.has("content.xml"), archive.has("mimetype") {
      return ReadFailure.otherFormat("OpenDocument 文件（如 .ods）", "an OpenDocument file such as .ods")
    }
    if archive.has("word/document.xml") { return ReadFailure.otherFormat("Word 文档", "a Word document") }
    if archive.has("[Content_Types].xml") { return ReadFailure.damaged("缺少工作簿部件", "its workbook part is missing") }
    return ReadFailure.otherFormat("zip 压缩包", "a zip archive")
  }
}
