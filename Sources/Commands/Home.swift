import Foundation
import SyncCore

/// The folder of one replica or master.
public enum Home {
  public static func create(_ home: URL) throws {
    do { try FileManager.default.createDirectory(at: home, withIntermediateDirectories: true) } catch {
      throw Failure(.disk, zh: "无法创建目录 \(home.path)", en: "cannot create the folder \(home.path)")
    }
  }

  /// Writes a secret that only its owner may read, durably; nothing that exists is overwritten.
  public static func writeSecret(_ bytes: [UInt8], to url: URL) throws {
    let fd = open(url.path, O_WRONLY | O_CREAT | O_EXCL, 0o600)
    guard fd >= 0 else { throw Failure(.disk, zh: "无法写入 \(url.path)", en: "cannot write \(url.path)") }
    let file = FileHandle(fileDescriptor: fd, closeOnDealloc: true)
    do {
      try file.write(contentsOf: Data(bytes))
      try file.synchronize()
    } catch { throw Failure(.disk, zh: "无法写入 \(url.path)", en: "cannot write \(url.path)") }
  }

  /// Puts a file in the place of another one, durably: after a crash the place holds one or the other.
  public static func replace(_ old: URL, with new: URL) throws {
    guard rename(new.path, old.path) == 0 else {
      throw Failure(.disk, zh: "无法写入 \(old.path)", en: "cannot write \(old.path)")
    }
    let folder = open(old.deletingLastPathComponent().path, O_RDONLY)
    if folder >= 0 {
      fsync(folder)
      close(folder)
    }
  }

  public static func readSecret(_ url: URL) throws -> [UInt8] {
    guard let data = try? Data(contentsOf: url) else {
      throw Failure(.notFound, zh: "没有密钥文件 \(url.path);请先 init", en: "there is no key file \(url.path); run init first")
    }
    guard data.count == 32 else {
      throw Failure(.data, zh: "\(url.path) 不是密钥文件", en: "\(url.path) is not a key file; restore it from a backup")
    }
    return [UInt8](data)
  }

  /// Runs alone among commands that name the same lock; another one that runs now makes this one fail as busy.
  public static func locked<T>(_ url: URL, _ body: () async throws -> T) async throws -> T {
    let fd = open(url.path, O_RDWR | O_CREAT, 0o600)
    guard fd >= 0 else { throw Failure(.disk, zh: "无法打开 \(url.path)", en: "cannot open \(url.path)") }
    defer { close(fd) }
    guard flock(fd, LOCK_EX | LOCK_NB) == 0 else {
      throw Failure(.busy, zh: "另一次同步正在进行;请稍后再试", en: "another sync of this home is running; try again in a moment")
    }
    return try await body()
  }
}
