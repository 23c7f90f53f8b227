import Foundation
import SyncCore

/// Files that are there whole or not at all, also after the power fails.
public enum DurableFile {
  /// Makes an empty file that only its owner may read, in place of one that an interrupted run left.
  public static func create(_ path: String) throws {
    try? FileManager.default.removeItem(atPath: path)
    let file = open(path, O_WRONLY | O_CREAT | O_EXCL, 0o600)
    guard file >= 0 else { throw failure(path) }
    close(file)
  }

  /// Opens a file, which is made if there is none, for one program at a time: until the handle is closed.
  /// - Throws: `busy`: another program has it.
  public static func openAlone(_ path: String) throws -> FileHandle {
    let fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard fd >= 0 else { throw failure(path) }
    let file = FileHandle(fileDescriptor: fd, closeOnDealloc: true)
    var (opened, named) = (stat(), stat())
    // Another program may have finished just before the lock: then what is open here has another name, or none.
    guard flock(fd, LOCK_EX | LOCK_NB) == 0, fstat(fd, &opened) == 0, stat(path, &named) == 0,
      opened.st_ino == named.st_ino, opened.st_dev == named.st_dev
    else {
      throw Failure(.busy, zh: "另一程序正在写入 \(path)", en: "another program is writing \(path); try again in a moment")
    }
    return file
  }

  /// Empties it; only its owner may read what it will hold.
  public static func empty(_ file: FileHandle, _ path: String) throws {
    let fd = file.fileDescriptor
    guard ftruncate(fd, 0) == 0, fchmod(fd, 0o600) == 0 else { throw failure(path) }
  }

  /// Gives a file that was written its name, in place of any that has it. Both are in one folder.
  public static func move(_ from: String, to path: String) throws {
    try sync(from)
    guard rename(from, path) == 0 else { throw failure(path) }
    try sync((path as NSString).deletingLastPathComponent)
  }

  private static func sync(_ path: String) throws {
    let file = open(path.isEmpty ? "." : path, O_RDONLY)
    guard file >= 0 else { throw failure(path) }
    defer { close(file) }
    guard fsync(file) == 0 else { throw failure(path) }
  }

  public static func size(_ path: String) -> Int64 {
    ((try? FileManager.default.attributesOfItem(atPath: path))?[.size] as? NSNumber)?.int64Value ?? 0
  }

  /// Whether there is a file that says that it is SQLite's.
  public static func isDatabase(_ path: String) -> Bool {
    guard let file = FileHandle(forReadingAtPath: path) else { return false }
    defer { try? file.close() }
    return (try? file.read(upToCount: 16)) == Data("SQLite format 3\0".utf8)
  }

  static func failure(_ path: String) -> Failure {
    Failure(
      .disk, zh: "无法写入 \(path):\(String(cString: strerror(errno)))",
      en: "cannot write \(path): \(String(cString: strerror(errno))); check the disk and the permissions")
  }
}
