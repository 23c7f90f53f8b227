import Foundation
import SyncCore

/// Reads a bundle from its first part to its last, holding no more than a chunk of it.
public final class BundleReader {
  public let file: String
  private let cipher: ChunkCipher
  private let first: BundleHeader
  private var header: BundleHeader
  private var source: ReadFile
  private var chunk: UInt64 = 0
  private var next = ChunkCipher.Head.Next.chunk
  /// Opened and not yet read.
  private var ready: ArraySlice<UInt8> = []

  /// Opens a bundle that goes this way. Throws a `Failure` that names the file and says what to do.
  public init(_ file: String, _ direction: BundleDirection, with opener: BundleOpener) throws {
    self.file = file
    source = try ReadFile(file, missing: BundleFailure.missing(file))
    first = try BundleHeader.read(file, next: source.next)
    header = first
    guard first.part == 1 else { throw BundleFailure.renamed(file, is: first.part, not: 1) }
    guard first.direction == direction else { throw BundleFailure.direction(file, first.direction) }
    do {
      guard let key = try first.slots.lazy.compactMap({ [first] in try $0.content(with: opener, of: first) }).first
      else { throw BundleFailure.receiver(file, direction) }
      cipher = ChunkCipher(key: key)
    } catch let failure as Failure { throw failure } catch { throw BundleFailure.damaged(file) }
  }

  /// Reads everything once, so that nothing is begun with a bundle that is torn, changed or lacks a part.
  public func verify() throws {
    repeat { ready = [] } while try fill()
    source = try ReadFile(file, missing: BundleFailure.missing(file))
    guard try BundleHeader.read(file, next: source.next) == first else { throw BundleFailure.damaged(file) }
    (header, chunk, next, ready) = (first, 0, .chunk, [])
  }

  /// The next bytes of the content; fewer when it ends before.
  public func read(_ count: Int) throws -> [UInt8] {
    var out: [UInt8] = []
    while out.count < count, try fill() {
      let taken = ready.prefix(count - out.count)
      out += taken
      ready = ready.dropFirst(taken.count)
    }
    return out
  }

  /// The next message of the content; nil at its end. Its signature is the caller's to check.
  public func message() throws -> SealedEnvelope? {
    let head = try read(Header.length)
    if head.isEmpty { return nil }
    do { return try SealedEnvelope((head + read(EnvelopeHead(head[...]).length - Header.length))[...]) } catch let
      failure
      as Failure
    {
      throw failure
    } catch EnvelopeError.unknownVersion, EnvelopeError.unknownKind {
      throw BundleFailure.newer(file)
    } catch {
      throw BundleFailure.damaged(file)
    }
  }

  /// Writes what is left of the content into a new file that only its owner may read.
  /// - Returns: its length in bytes.
  public func writeRest(to path: String) throws -> Int64 {
    let file = try WrittenFile(path, tag: "rest")
    while try fill() {
      try file.write(ready)
      ready = []
    }
    try file.publish()
    return Int64(file.count)
  }

  /// Whether anything is ready to be read, or can be made so.
  private func fill() throws -> Bool {
    while ready.isEmpty {
      switch next {
      case .nothing: return false
      case .part: try openPart()
      case .chunk: break
      }
      ready = try nextChunk()[...]
    }
    return true
  }

  private func nextChunk() throws -> [UInt8] {
    let head = try source.next(ChunkCipher.Head.length)
    guard head.count == ChunkCipher.Head.length else { throw BundleFailure.torn(source.path) }
    var reader = ByteReader(head[...])
    let following = ChunkCipher.Head.Next(rawValue: try reader.byte())
    let count = Int(try reader.bigEndian(UInt32.self))
    guard let following, count <= ChunkCipher.most else { throw BundleFailure.damaged(source.path) }
    let sealed = try source.next(count + 16)
    guard sealed.count == count + 16 else { throw BundleFailure.torn(source.path) }
    guard
      let plain = try? cipher.open(sealed, head, in: header.bytes, part: header.part, chunk: chunk),
      try following == .chunk || source.next(1).isEmpty
    else { throw BundleFailure.damaged(source.path) }
    chunk += 1
    next = following
    return plain
  }

  private func openPart() throws {
    let part = header.part + 1
    let path = PartFile.name(file, part)
    guard part <= PartFile.most else { throw BundleFailure.damaged(file) }
    source = try ReadFile(path, missing: BundleFailure.missingPart(path))
    let found = try BundleHeader.read(path, next: source.next)
    guard found.id == first.id else { throw BundleFailure.otherBundle(path, than: file) }
    guard found.part == part else { throw BundleFailure.renamed(path, is: found.part, not: part) }
    header.part = part
    guard found == header else { throw BundleFailure.damaged(path) }
    (chunk, next) = (0, .chunk)
  }
}
