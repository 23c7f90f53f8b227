import CExpat
import SyncCore

/// What an XML file says, in order. Names come without their prefix.
protocol XMLHandler: AnyObject {
  func start(_ name: String, _ attributes: XMLAttributes) throws(Failure)
  func end(_ name: String) throws(Failure)
  func text(_ bytes: UnsafeBufferPointer<UInt8>) throws(Failure)
}

/// The attributes of one element, while its handler runs.
struct XMLAttributes {
  fileprivate let list: UnsafeMutablePointer<UnsafePointer<XML_Char>?>?

  /// By name without a prefix. Of names that differ by prefix only, the first.
  subscript(name: StaticString) -> String? {
    guard var next = list else { return nil }
    while let raw = next[0], let value = next[1] {
      if Self.matches(raw, name) { return String(cString: value) }
      next += 2
    }
    return nil
  }

  private static func matches(_ raw: UnsafePointer<XML_Char>, _ name: StaticString) -> Bool {
    name.withUTF8Buffer { wanted in
      var local = raw
      var end = raw
      while end.pointee != 0 {
        if end.pointee == 0x3a { local = end + 1 }
        end += 1
      }
      guard end - local == wanted.count else { return false }
      return wanted.indices.allSatisfy { UInt8(bitPattern: local[$0]) == wanted[$0] }
    }
  }
}

/// Reads XML piece by piece, so that a large part is never in memory as a whole. A document type declaration is refused:
/// no spreadsheet needs one, and without it there are no entities to resolve or to expand.
final class XMLReader {
  /// Bytes of one tag. Expat reads an unfinished one anew with every piece.
  private static let maxTag = 1 << 20

  private let parser: XML_Parser
  private let part: String
  private unowned let handler: any XMLHandler
  private var failure: Failure?
  private var taken = 0

  init(part: String, handler: any XMLHandler) throws(Failure) {
    guard let parser = XML_ParserCreate(nil) else { throw ReadFailure.memory }
    self.parser = parser
    self.part = part
    self.handler = handler
    XML_SetUserData(parser, Unmanaged.passUnretained(self).toOpaque())
    XML_SetElementHandler(
      parser, { XMLReader.from($0)?.start($1, $2) }, { XMLReader.from($0)?.end($1) })
    XML_SetCharacterDataHandler(parser) { XMLReader.from($0)?.text($1, Int($2)) }
    XML_SetStartDoctypeDeclHandler(parser) { user, _, _, _, _ in XMLReader.from(user)?.refuseDeclaration() }
  }

  deinit { XML_ParserFree(parser) }

  func take(_ bytes: UnsafeRawBufferPointer) throws(Failure) {
    taken += bytes.count
    try parse(bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count, isLast: false)
    guard taken - Int(XML_GetCurrentByteIndex(parser)) <= Self.maxTag else { throw malformed }
  }

  func finish() throws(Failure) { try parse(nil, 0, isLast: true) }

  private func parse(_ bytes: UnsafePointer<CChar>?, _ count: Int, isLast: Bool) throws(Failure) {
    let status = XML_Parse(parser, bytes, Int32(count), isLast ? 1 : 0)
    if let failure { throw failure }
    guard status == XML_STATUS_OK else { throw malformed }
  }

  private var malformed: Failure {
    let line = XML_GetCurrentLineNumber(parser)
    return ReadFailure.damaged("\(part) 第 \(line) 行不是正确的 XML", "\(part) is no correct XML at line \(line)")
  }

  // MARK: Called by Expat

  private static func from(_ user: UnsafeMutableRawPointer?) -> XMLReader? {
    user.map { Unmanaged<XMLReader>.fromOpaque($0).takeUnretainedValue() }
  }

  private func start(_ name: UnsafePointer<XML_Char>?, _ list: UnsafeMutablePointer<UnsafePointer<XML_Char>?>?) {
    run { () throws(Failure) in try handler.start(Self.local(name), XMLAttributes(list: list)) }
  }

  private func end(_ name: UnsafePointer<XML_Char>?) {
    run { () throws(Failure) in try handler.end(Self.local(name)) }
  }

  private func text(_ bytes: UnsafePointer<XML_Char>?, _ count: Int) {
    UnsafeRawBufferPointer(start: bytes, count: count).withMemoryRebound(to: UInt8.self) { buffer in
      run { () throws(Failure) in try handler.text(buffer) }
    }
  }

  private func refuseDeclaration() {
    run { () throws(Failure) in
      throw ReadFailure.damaged("\(part) 含有 DOCTYPE 声明", "\(part) has a DOCTYPE declaration")
    }
  }

  /// A failure cannot pass through C: the parser stops and `parse` throws it.
  private func run(_ body: () throws(Failure) -> Void) {
    guard failure == nil else { return }
    do { try body() } catch {
      failure = error
      XML_StopParser(parser, 0)
    }
  }

  private static func local(_ name: UnsafePointer<XML_Char>?) -> String {
    guard let name else { return "" }
    let full = String(cString: name)
    return full.utf8.lastIndex(of: 0x3a).map { String(full[full.utf8.index(after: $0)...]) } ?? full
  }
}

extension ZipArchive {
  func parse(_ part: String, _ handler: any XMLHandler) throws(Failure) {
    let reader = try XMLReader(part: part, handler: handler)
    try read(part) { (bytes) throws(Failure) in try reader.take(bytes) }
    try reader.finish()
  }
}
