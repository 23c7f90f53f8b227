import Foundation
import SQLiteStore
import SyncCore
import SyncProtocol

/// The folder of one replica or master.
public enum Home {
  /// Creates what is missing of the path, durably.
  public static func create(_ home: URL) throws {
    var folders = [home.standardizedFileURL]
    while let parent = folders.last?.deletingLastPathComponent(), parent.path != folders.last?.path,
      !FileManager.default.fileExists(atPath: parent.path)
    {
      folders.append(parent)
    }
    do { try FileManager.default.createDirectory(at: home, withIntermediateDirectories: true) } catch {
      throw Failure(.disk, zh: "无法创建目录 \(home.path)", en: "cannot create the folder \(home.path)")
    }
    for folder in folders { try Folder.sync(nameOf: folder.path) }
  }

  /// The key in a file; made when there is none. It outlives a loss of power before anybody hears of it, so that what was
  /// interrupted can be repeated.
  public static func signingKey(_ url: URL, _ advice: Label) throws -> SigningKey {
    if !FileManager.default.fileExists(atPath: url.path) { try writeSecret(SigningKey().seed, to: url) }
    // Also after an interruption just before this.
    try Folder.sync(nameOf: url.path)
    return try SigningKey(seed: try readSecret(url, advice))
  }

  /// Writes a secret that only its owner may read, whole or not at all, durably; nothing that exists is overwritten.
  public static func writeSecret(_ bytes: [UInt8], to url: URL) throws {
    let draft = url.path + ".\(getpid())"
    do {
      try writeDurably(bytes, to: draft)
      // Unlike a rename, a link never replaces what another program has put there meanwhile.
      guard link(draft, url.path) == 0 else { throw CocoaError(.fileWriteFileExists) }
      unlink(draft)
      try Folder.sync(nameOf: url.path)
    } catch {
      unlink(draft)
      throw Failure(.disk, zh: "无法写入 \(url.path)", en: "cannot write \(url.path)")
    }
  }

  private static func writeDurably(_ bytes: [UInt8], to path: String) throws {
    let fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    guard fd >= 0 else { throw CocoaError(.fileWriteUnknown) }
    let file = FileHandle(fileDescriptor: fd, closeOnDealloc: true)
    try file.write(contentsOf: Data(bytes))
    try file.synchronize()
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

  /// - Parameter advice: what to do when the key is lost.
  public static func readSecret(_ url: URL, _ advice: Label) throws -> [UInt8] {
    guard let data = try? Data(contentsOf: url) else {
      // What is there is not lost, and nobody needs another one.
      if FileManager.default.fileExists(atPath: url.path) {
        throw Failure(
          .disk, zh: "无法读取密钥文件 \(url.path);请以建立该目录的用户运行,或改正其权限",
          en: "cannot read the key file \(url.path); run this as the user who made the folder, or mend its permissions")
      }
      throw Failure(
        .notFound, zh: "没有密钥文件 \(url.path);\(advice.zh)", en: "there is no key file \(url.path); \(advice.en)")
    }
    guard data.count == 32 else {
      throw Failure(
        .data, zh: "\(url.path) 不是密钥文件;\(advice.zh)", en: "\(url.path) is not a key file; \(advice.en)")
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
