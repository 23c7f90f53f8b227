import SyncCore

/// The texts that cells refer to by number. Runs of a rich text are joined; readings above the text are left out.
final class SharedStrings: XMLHandler {
  private(set) var texts: [String] = []
  private var text = CellText()
  private var isInText = false
  private var readings = 0

  init(_ part: String?, in archive: ZipArchive) throws(Failure) {
    if let part { try archive.parse(part, self) }
  }

  func start(_ name: String, _ attributes: XMLAttributes) {
    switch name {
    case "si": text.clear()
    case "rPh": readings += 1
    case "t": isInText = readings == 0
    default: break
    }
  }

  func end(_ name: String) throws(Failure) {
    switch name {
    case "si":
      texts.append(text.string)
      try ReadFailure.limit(texts.count, SheetLimits.cells, "文本", "texts")
    case "rPh": readings -= 1
    case "t": isInText = false
    default: break
    }
  }

  func text(_ bytes: UnsafeBufferPointer<UInt8>) throws(Failure) { if isInText { try text.add(bytes) } }
}
