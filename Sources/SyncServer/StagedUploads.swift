import Crypto
import Foundation
import SyncCore
import SyncProtocol

/// Requests that arrive in pieces: one file a replica, which stays when the connection breaks or the server ends. Several
/// servers may write at once: who finds the file longer than what it wrote itself was overtaken, and stops.
struct StagedUploads: Sendable {
  let folder: URL
  let limit: Int
  /// How long an unfinished request is kept, in seconds.
  static let lifetime = 48.0 * 3600

  private func path(_ replica: Identifier) -> String { folder.appendingPathComponent(replica.description).path }

  func state(of replica: Identifier) throws -> StagedState {
    guard let file = FileHandle(forReadingAtPath: path(replica)) else { return StagedState(whole: []) }
    var hasher = SHA256()
    var length = 0
    while let bytes = try file.read(upToCount: 256 << 10), !bytes.isEmpty {
      hasher.update(data: bytes)
      length += bytes.count
    }
    return StagedState(length: length, sha256: Array(hasher.finalize()).hex)
  }

  /// What is staged, if it is this; nil: it is something else.
  func bytes(of replica: Identifier, _ state: StagedState) throws -> [UInt8]? {
    guard state.length <= limit, let data = FileManager.default.contents(atPath: path(replica)) else { return nil }
    let bytes = [UInt8](data)
    return StagedState(whole: bytes[...]) == state ? bytes : nil
  }

  func head(of replica: Identifier) -> [UInt8] {
    let file = FileHandle(forReadingAtPath: path(replica))
    return (try? file?.read(upToCount: Header.length)).map { [UInt8]($0) } ?? []
  }

  func remove(_ replica: Identifier) { try? FileManager.default.removeItem(atPath: path(replica)) }

  /// A place to go on writing; nil: the file does not end there.
  func writer(of replica: Identifier, at offset: Int) throws -> Writer? {
    try makeFolder(folder)
    if offset == 0 {
      removeOld(folder, seconds: Self.lifetime)
      remove(replica)
    }
    guard let writer = Writer(path(replica), at: offset, limit: limit) else { return nil }
    return writer
  }

  final class Writer {
    private let descriptor: Int32
    private let limit: Int
    private(set) var position: Int

    fileprivate init?(_ path: String, at offset: Int, limit: Int) {
      descriptor = open(path, O_RDWR | (offset == 0 ? O_CREAT : 0), 0o600)
      self.limit = limit
      position = offset
      if descriptor < 0 { return nil }
      // An initializer that fails here closes it: `deinit` runs.
      if lseek(descriptor, 0, SEEK_END) != offset { return nil }
    }

    deinit { close(descriptor) }

    /// Appends the bytes. Returns false when another connection has gone on with the file.
    func append(_ bytes: [UInt8]) throws -> Bool {
      guard position + bytes.count <= limit else { throw Refusal.tooLarge(limit) }
      flock(descriptor, LOCK_EX)
      defer { flock(descriptor, LOCK_UN) }
      guard lseek(descriptor, 0, SEEK_END) == position else { return false }
      var done = 0
      while done < bytes.count {
        let rest = bytes[done...]
        let count = rest.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, off_t(position)) }
        guard count > 0 else { throw cannotWrite }
        done += count
        position += count
      }
      return true
    }
  }
}

let cannotWrite = Failure(
  .disk, zh: "市里的服务器无法写入磁盘;数据未丢失,请稍后再试", en: "the city's server cannot write to its disk; nothing is lost, try later")

func makeFolder(_ folder: URL) throws {
  do { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) } catch {
    throw cannotWrite
  }
}

/// Removes the files of a folder that were last written so long ago.
func removeOld(_ folder: URL, seconds: Double) {
  for (file, written, _) in files(of: folder) where written.timeIntervalSinceNow < -seconds {
    try? FileManager.default.removeItem(at: file)
  }
}

/// The files of a folder, the oldest first. Asked of the system itself: a busy city looks at hundreds of them many times a second.
func files(of folder: URL) -> [(url: URL, written: Date, bytes: Int)] {
  let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
  let all = names.compactMap { name -> (name: String, written: Double, bytes: Int)? in
    var status = stat()
    guard stat(folder.path + "/" + name, &status) == 0 else { return nil }
    return (name, Double(status.st_mtim.tv_sec) + Double(status.st_mtim.tv_nsec) / 1e9, Int(status.st_size))
  }
  return all.sorted { ($0.written, $0.name) < ($1.written, $1.name) }.map { name, written, bytes in
    (folder.appendingPathComponent(name), Date(timeIntervalSince1970: written), bytes)
  }
}
