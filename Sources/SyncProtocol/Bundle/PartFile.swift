import Foundation
import SyncCore

/// The files of a bundle: FILE, FILE.2, FILE.3, …
enum PartFile {
  static let most: UInt32 = 9_999

  static func name(_ file: String, _ part: UInt32) -> String { part == 1 ? file : "\(file).\(part)" }
}

/// A file that is being written under a name that nobody reads, and gets its own only when it is whole.
final class WrittenFile {
  let path: String
  private let temporary: String
  private let descriptor: Int32
  private(set) var count = 0

  init(_ path: String, tag: String) throws {
    self.path = path
    temporary = "\(path).\(tag).tmp"
    descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw BundleFailure.unwritable(path, errno) }
    // Until it is whole or its program has ended.
    flock(descriptor, LOCK_EX | LOCK_NB)
  }

  deinit {
    close(descriptor)
    unlink(temporary)
  }

  /// Removes what a program that was killed, or a stick that was pulled, has left of the parts of a bundle.
  static func removeAbandoned(of file: String) {
    let file = URL(fileURLWithPath: file)
    let folder = file.deletingLastPathComponent()
    let (start, end) = (file.lastPathComponent + ".", ".tmp")
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    for name in names where name.hasPrefix(start) && name.hasSuffix(end) {
      let tag = name.dropFirst(start.count).dropLast(end.count).suffix(8)
      guard tag.count == 8, tag.allSatisfy(\.isHexDigit) else { continue }
      let path = folder.appendingPathComponent(name).path
      let descriptor = open(path, O_RDONLY | O_CLOEXEC)
      guard descriptor >= 0 else { continue }
      defer { close(descriptor) }
      var head = [UInt8](repeating: 0, count: BundleHeader.magic.count)
      guard Foundation.read(descriptor, &head, head.count) == head.count, head == BundleHeader.magic else { continue }
      if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { unlink(path) }
    }
  }

  func write(_ bytes: some ContiguousBytes) throws {
    try bytes.withUnsafeBytes { buffer in
      var rest = buffer[...]
      while !rest.isEmpty {
        let written = Foundation.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
        if written < 0, errno == EINTR { continue }
        guard written > 0 else { throw BundleFailure.unwritable(path, errno) }
        rest = rest.dropFirst(written)
        count += written
      }
    }
  }

  func synchronize() throws {
    guard fsync(descriptor) == 0 else { throw BundleFailure.unwritable(path, errno) }
  }

  /// Gives the file its name. The folder is synchronized too, where its file system can.
  func publish() throws {
    guard rename(temporary, path) == 0 else { throw BundleFailure.unwritable(path, errno) }
    let folder = open(URL(fileURLWithPath: path).deletingLastPathComponent().path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { return }
    fsync(folder)
    close(folder)
  }
}

/// A file that is read from its beginning.
final class ReadFile {
  let path: String
  private let descriptor: Int32

  /// - Parameter missing: what to throw when there is no such file.
  init(_ path: String, missing: Failure) throws {
    self.path = path
    descriptor = open(path, O_RDONLY | O_CLOEXEC)
    if descriptor < 0 { throw errno == ENOENT ? missing : BundleFailure.unreadable(path, errno) }
  }

  deinit { close(descriptor) }

  /// The next bytes; fewer when the file ends before.
  func next(_ count: Int) throws -> [UInt8] {
    try Array(unsafeUninitializedCapacity: count) { buffer, filled in
      while filled < count {
        let rest = UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(rebasing: buffer[filled...]))
        let got = Foundation.read(descriptor, rest.baseAddress, rest.count)
        if got < 0, errno == EINTR { continue }
        guard got >= 0 else { throw BundleFailure.unreadable(path, errno) }
        if got == 0 { break }
        filled += got
      }
    }
  }
}
