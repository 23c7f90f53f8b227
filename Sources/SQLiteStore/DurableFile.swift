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
