import Glibc
import SyncCore

/// The encodings in which spreadsheet programs save text.
public enum TextEncoding: Sendable, CaseIterable {
  case utf8
  /// Little-endian, after a byte order mark.
  case utf16
  case gb18030

  /// By which a spreadsheet program knows UTF-8.
  public static let mark: [UInt8] = [0xef, 0xbb, 0xbf]
  static let replacement: Unicode.Scalar = "\u{FFFD}"

  /// By its byte order mark; without one UTF-8 when that is valid, else GB18030 (and so GBK and GB 2312). Throws
  /// `.data` that names the first byte (from 1) and the line which no encoding can read.
  public static func decode(_ bytes: [UInt8]) throws(Failure) -> String {
    if bytes.starts(with: mark) { return try marked(bytes, skipping: 3, "UTF-8") }
    if bytes.starts(with: [0xff, 0xfe]) { return try marked(bytes, skipping: 2, "UTF-16LE") }
    if bytes.starts(with: [0xfe, 0xff]) { return try marked(bytes, skipping: 2, "UTF-16BE") }
    if let text = String(validating: bytes, as: UTF8.self) { return text }
    switch try Conversion.run(bytes[...], from: "GB18030", to: "UTF-8") {
    case .done(let utf8): return String(decoding: utf8, as: UTF8.self)
    case .stopped(let offset): throw neither(bytes, gb18030: offset)
    }
  }

  /// Throws `.data` for 24 characters of private use (U+E78D to U+E864) that GB18030 has not: it gave their bytes to
  /// characters which Unicode took in later.
  public static func encode(_ text: String, _ encoding: TextEncoding) throws(Failure) -> [UInt8] {
    let utf8 = Array(text.utf8)
    switch encoding {
    case .utf8: return utf8
    case .utf16: return [0xff, 0xfe] + text.utf16.flatMap { [UInt8($0 & 0xff), UInt8($0 >> 8)] }
    case .gb18030:
      switch try Conversion.run(utf8[...], from: "UTF-8", to: "GB18030") {
      case .done(let bytes): return bytes
      case .stopped(let offset): throw withoutBytes(text, offset)
      }
    }
  }

  /// The text with U+FFFD for each character that GBK has not.
  static func inGBK(_ text: String) throws(Failure) -> String {
    var rest = Array(text.utf8)[...]
    var kept: [UInt8] = []
    while case .stopped(let offset) = try Conversion.run(rest, from: "UTF-8", to: "GBK") {
      kept += rest[..<offset]
      kept += String(replacement).utf8
      // The other bytes of the character.
      rest = rest[offset...].dropFirst().drop { $0 & 0xc0 == 0x80 }
    }
    return String(decoding: kept + rest, as: UTF8.self)
  }

  private static func withoutBytes(_ text: String, _ offset: Int) -> Failure {
    let scalar = text.unicodeScalars[text.utf8.index(text.startIndex, offsetBy: offset)]
    let name = "U+" + String(scalar.value, radix: 16, uppercase: true)
    return Failure(
      .data, zh: "字符 \(name) 在 GB18030 中没有编码，请改用 UTF-8", en: "the character \(name) has no bytes in GB18030; use UTF-8")
  }

  private static func marked(_ bytes: [UInt8], skipping mark: Int, _ name: String) throws(Failure) -> String {
    switch try Conversion.run(bytes[mark...], from: name, to: "UTF-8") {
    case .done(let utf8): return String(decoding: utf8, as: UTF8.self)
    case .stopped(let offset):
      let place = Place(bytes, offset, width: mark == 2 ? 2 : 1)
      throw Failure(
        .data, zh: "文件标明为 \(name)，但\(place.zh)不是，请在表格软件中另存为“CSV UTF-8”",
        en: "the file says that it is \(name), but is not at \(place.en); "
          + "save it as \"CSV UTF-8\" in the spreadsheet program")
    }
  }

  private static func neither(_ bytes: [UInt8], gb18030: Int) -> Failure {
    var utf8 = 0
    if case .stopped(let offset)? = try? Conversion.run(bytes[...], from: "UTF-8", to: "UTF-8") { utf8 = offset }
    let (first, second) = (Place(bytes, utf8, width: 1), Place(bytes, gb18030, width: 1))
    return Failure(
      .data, zh: "文件既不是 UTF-8（\(first.zh)）也不是 GB18030（\(second.zh)），请在表格软件中另存为“CSV UTF-8”",
      en: "the file is neither UTF-8 (see \(first.en)) nor GB18030 (see \(second.en)); "
        + "save it as \"CSV UTF-8\" in the spreadsheet program")
  }

  /// A byte of a file, as messages name it.
  private struct Place {
    let zh: String
    let en: String

    init(_ bytes: [UInt8], _ offset: Int, width: Int) {
      let breaks = bytes[..<offset].filter { $0 == 0x0a }.count
      zh = "第 \(breaks + 1) 行、第 \(offset + 1) 字节"
      en = "byte \(offset + 1), line \(breaks + 1)"
    }
  }
}

/// Strict conversion by the C library: nothing is replaced or left out.
private enum Conversion {
  case done([UInt8])
  /// The index in the array of the first byte that could not be read.
  case stopped(Int)

  static func run(_ input: ArraySlice<UInt8>, from source: String, to target: String) throws(Failure) -> Conversion {
    let converter = iconv_open(target, source)
    guard let converter, Int(bitPattern: converter) != -1 else {
      throw Failure(
        .configuration, zh: "系统缺少编码 \(source)，请安装 glibc 的 gconv 模块",
        en: "this system cannot convert \(source); install the gconv modules of the C library")
    }
    defer { iconv_close(converter) }
    var copy = Array(input)
    return copy.withUnsafeMutableBytes { run(converter, $0, start: input.startIndex) }
  }

  private static func run(_ converter: iconv_t, _ input: UnsafeMutableRawBufferPointer, start: Int) -> Conversion {
    var next = input.baseAddress?.assumingMemoryBound(to: CChar.self)
    var left = input.count
    var result: [UInt8] = []
    result.reserveCapacity(input.count)
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while left > 0 {
      let (status, error, used) = chunk.withUnsafeMutableBytes { buffer in
        var out = buffer.baseAddress?.assumingMemoryBound(to: CChar.self)
        var room = buffer.count
        let status = iconv(converter, &next, &left, &out, &room)
        return (status, errno, buffer.count - room)
      }
      result += chunk[..<used]
      // Anything but zero is a character that was replaced, or an error; a full buffer is no error.
      if status != 0, !(status == -1 && error == E2BIG) { return .stopped(start + input.count - left) }
    }
    return .done(result)
  }
}
