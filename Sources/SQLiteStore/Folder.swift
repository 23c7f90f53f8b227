import Foundation
import SyncCore

/// A new name lasts over a loss of power only when its folder was synced too.
public enum Folder {
  /// Makes the names in a folder last. A folder that may not be read, or a file system that cannot do it, is left alone.
  public static func sync(_ path: String) throws {
    let fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if fd < 0, errno == EACCES { return }
    defer { if fd >= 0 { close(fd) } }
    guard fd >= 0, fsync(fd) == 0 || errno == EINVAL else {
      throw Failure(.disk, zh: "无法写入目录 \(path)", en: "cannot write the folder \(path); check the disk")
    }
  }

  /// Makes the name of a file or folder last.
  public static func sync(nameOf path: String) throws {
    try sync(URL(fileURLWithPath: path).standardizedFileURL.deletingLastPathComponent().path)
  }
}
