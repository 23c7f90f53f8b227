import Foundation
import SyncCore

/// How large a bundle became.
public struct BundleSize: Sendable, Equatable {
  public var parts: Int
  /// Of all parts together.
  public var bytes: Int

  public init(parts: Int = 0, bytes: Int = 0) {
    self.parts = parts
    self.bytes = bytes
  }
}

/// Writes a bundle as it comes, holding no more than a chunk of it. Until `finish` there is no file of its name; what was
/// left unfinished is removed.
public final class BundleWriter {
  /// What FAT32 can hold, with room to spare.
  public static let partSize = 1 << 30
  public static let mostRecipients = BundleHeader.mostSlots

  private let file: String
  private let partSize: Int
  private let cipher: ChunkCipher
  private let capacity: Int
  private let tag: String
  private var header: BundleHeader
  private var parts: [WrittenFile] = []
  private var chunk: UInt64 = 0
  private var pending: [UInt8] = []

  /// - Parameters:
  ///   - file: the first part; the others are beside it. A bundle of such a name is replaced, another file is not.
  ///   - partSize: bytes of a part at most.
  public init(
    _ file: String, _ direction: BundleDirection, to recipients: [BundleRecipient], partSize: Int = partSize,
    seed: BundleSeed
  ) throws {
    let length = BundleHeader.length(slots: recipients.count)
    let least = length + ChunkCipher.overhead + 64
    guard partSize >= least else { throw BundleFailure.partSize(partSize, least: least) }
    self.file = file
    self.partSize = partSize
    capacity = min(ChunkCipher.most, partSize - length - ChunkCipher.overhead)
    cipher = ChunkCipher(key: seed.key)
    var header = BundleHeader(direction: direction, id: seed.id)
    header.slots = try recipients.map { [header] in try BundleSlot(seed, for: $0, of: header) }
    self.header = header
    tag = String(header.id.description.prefix(8))
    WrittenFile.removeAbandoned(of: file)
    try openPart()
  }

  public func write(_ bytes: some Sequence<UInt8>) throws {
    pending.append(contentsOf: bytes)
    guard pending.count > capacity else { return }
    var rest = pending[...]
    // The last chunk says that it is the last one: one stays until it is known.
    while rest.count > capacity {
      try seal(rest.prefix(capacity), isLast: false)
      rest = rest.dropFirst(capacity)
    }
    pending = Array(rest)
  }

  /// Writes a whole file.
  public func write(contentsOf path: String) throws {
    let source = try ReadFile(path, missing: BundleFailure.missing(path))
    while true {
      let bytes = try source.next(ChunkCipher.most)
      if bytes.isEmpty { return }
      try write(bytes)
    }
  }

  /// Makes the bundle durable and gives its parts their names, the first one last.
  public func finish() throws -> BundleSize {
    try seal(pending[...], isLast: true)
    pending = []
    for part in parts { try part.synchronize() }
    let size = BundleSize(parts: parts.count, bytes: parts.reduce(0) { $0 + $1.count })
    for part in parts.reversed() { try part.publish() }
    parts = []
    return size
  }

  private func openPart() throws {
    let path = PartFile.name(file, header.part)
    guard header.part <= PartFile.most else {
      throw BundleFailure.partSize(partSize, least: partSize * 2)
    }
    try Self.refuseToReplace(path)
    let part = try WrittenFile(path, tag: tag)
    try part.write(header.bytes)
    parts.append(part)
    chunk = 0
  }

  private func seal(_ plain: ArraySlice<UInt8>, isLast: Bool) throws {
    guard let part = parts.last else { return }
    let isFull = part.count + 2 * ChunkCipher.overhead + plain.count + capacity > partSize
    let head = ChunkCipher.Head(next: isLast ? .nothing : isFull ? .part : .chunk, count: plain.count).bytes
    try part.write(head)
    try part.write(try cipher.seal(plain, head, in: header.bytes, part: header.part, chunk: chunk))
    chunk += 1
    if !isLast, isFull {
      header.part += 1
      try openPart()
    }
  }

  private static func refuseToReplace(_ file: String) throws {
    guard FileManager.default.fileExists(atPath: file) else { return }
    try BundleFailure.refuseFolder(file)
    let start = try ReadFile(file, missing: BundleFailure.missing(file)).next(BundleHeader.magic.count)
    guard BundleHeader.magic.starts(with: start) else { throw BundleFailure.overwrites(file) }
  }
}
