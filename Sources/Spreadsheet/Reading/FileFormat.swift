import SyncCore

/// What the first bytes of a file say that it is, whatever its name says.
enum FileFormat {
  case zip, text, oldExcel, encrypted, markup, empty, other

  init(_ bytes: [UInt8]) {
    if bytes.isEmpty {
      self = .empty
    } else if bytes.starts(with: [0x50, 0x4b, 3, 4]) || bytes.starts(with: [0x50, 0x4b, 5, 6]) {
      self = .zip
    } else if bytes.starts(with: [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]) {
      // An OLE container: workbooks of Excel 97, and every encrypted workbook. Stream names are UTF-16.
      self = Self.contains(bytes, Array("EncryptedPackage".utf8).flatMap { [$0, 0] }) ? .encrypted : .oldExcel
    } else if Self.startsLikeMarkup(bytes) {
      self = .markup
    } else if let text = try? TextSample.decode(bytes), !text.hasNUL {
      self = .text
    } else {
      self = .other
    }
  }

  private static func contains(_ bytes: [UInt8], _ wanted: [UInt8]) -> Bool {
    bytes.withUnsafeBufferPointer { all in
      all.indices.dropLast(wanted.count - 1).contains { at in
        all[at] == wanted[0] && all[at..<(at + wanted.count)].elementsEqual(wanted)
      }
    }
  }

  private static func startsLikeMarkup(_ bytes: [UInt8]) -> Bool {
    let body = bytes.prefix(64).drop { [0xef, 0xbb, 0xbf, 0x20, 9, 10, 13].contains($0) }
    return body.first == UInt8(ascii: "<")
  }

  /// Why this is no package; nil when it may be one.
  var problem: Failure? {
    switch self {
    case .zip: nil
    case .text: ReadFailure.text
    case .encrypted: ReadFailure.encrypted
    case .oldExcel: ReadFailure.otherFormat("旧格式 .xls 文件", "a file of the old format .xls")
    case .markup: ReadFailure.otherFormat("网页或 XML 文件", "a web page or an XML file")
    case .empty: Failure(.data, zh: "文件是空的，请重新导出或复制", en: "the file is empty; export or copy it again")
    case .other: ReadFailure.notPackage
    }
  }
}
