import SyncCore

/// The list of sheets.
final class WorkbookPart: XMLHandler {
  struct Sheet {
    var name: String
    var relationship: String
    var isVisible: Bool
  }
  private(set) var sheets: [Sheet] = []
  private(set) var countsFrom1904 = false
  private var isInSheets = false

  init(_ part: String, in archive: ZipArchive) throws(Failure) { try archive.parse(part, self) }

  func start(_ name: String, _ attributes: XMLAttributes) throws(Failure) {
    switch name {
    case "workbookPr": countsFrom1904 = ["1", "true"].contains(attributes["date1904"])
    case "sheets": isInSheets = true
    case "sheet" where isInSheets:
      guard let name = attributes["name"], let id = attributes["id"] else { return }
      let state = attributes["state"] ?? "visible"
      sheets.append(Sheet(name: name, relationship: id, isVisible: state == "visible"))
      try ReadFailure.limit(sheets.count, SheetLimits.parts, "工作表", "sheets")
    default: break
    }
  }

  func end(_ name: String) { if name == "sheets" { isInSheets = false } }
  func text(_ bytes: UnsafeBufferPointer<UInt8>) {}
}
