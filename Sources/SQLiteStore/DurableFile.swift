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

  /// Keeps other programs from writing a file, which need not be there, until `unlock`. What is locked is a file beside
  /// it: on a network share this lock would keep SQLite from the file itself.
  /// - Throws: `busy`: another program has it.
  public static func lock(_ path: String) throws -> FileHandle {
    let name = path + lockEnd
    let fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard fd >= 0 else { throw failure(name) }
    let file = FileHandle(fileDescriptor: fd, closeOnDealloc: true)
    let busy = Failure(
      .busy, zh: "另一程序正在写入 \(path)", en: "another program is writing \(path); try again in a moment")
    guard flock(fd, LOCK_EX | LOCK_NB) == 0 else {
      let code = errno
      // Not every file system has locks.
      if [ENOLCK, EOPNOTSUPP, ENOSYS].contains(code) { return file }
      throw code == EWOULDBLOCK ? busy : failure(name)
    }
    var (opened, named) = (stat(), stat())
    // Another program may have removed it just before the lock: then a third one can have one of that name.
    guard fstat(fd, &opened) == 0, stat(name, &named) == 0, opened.st_ino == named.st_ino,
      opened.st_dev == named.st_dev
    else { throw busy }
    return file
  }

  /// Lets other programs write the file again.
  public static func unlock(_ path: String, _ lock: FileHandle) {
    unlink(path + lockEnd)
    try? lock.close()
  }

  private static let lockEnd = ".lock"

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
