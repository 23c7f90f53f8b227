import Foundation
import GRDB
import SyncCore

/// A file that gets its name only when it is whole: who makes it is interrupted, and nothing is there; it can be repeated.
/// Made by one program at a time.
public struct FreshDatabase {
  public let database: DatabaseQueue
  private let path: String
  private let draft: String
  private let lock: FileHandle

  /// - Throws: when there is such a file, or another program is making it.
  public init(_ path: String) throws {
    self.path = path
    draft = path + ".new"
    try Self.refuse(existing: path)
    let fd = open(draft, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard fd >= 0 else { throw Failure(.disk, zh: "无法写入 \(draft)", en: "cannot write \(draft); check the disk") }
    lock = FileHandle(fileDescriptor: fd, closeOnDealloc: true)
    guard flock(fd, LOCK_EX | LOCK_NB) == 0 else {
      throw Failure(.busy, zh: "另一程序正在建立 \(path)", en: "another program is making \(path); try again in a moment")
    }
    // Another program may have finished just before the lock: then what is open here is its file.
    try Self.refuse(existing: path)
    // What an interrupted one left, or one that was deleted: SQLite would take it for a part of the new file.
    try Self.removeLogs(of: [draft, path])
    guard ftruncate(fd, 0) == 0 else {
      throw Failure(.disk, zh: "无法写入 \(draft)", en: "cannot write \(draft); check the disk")
    }
    database = try Connection.open(draft, create: true)
  }

  /// Removes the logs of files that are not there, durably.
  public static func removeLogs(of paths: [String]) throws {
    for path in paths {
      let removed = ["-wal", "-shm", "-journal"].filter { unlink(path + $0) == 0 }
      if !removed.isEmpty { try Folder.sync(nameOf: path) }
    }
  }

  private static func refuse(existing path: String) throws {
    guard !FileManager.default.fileExists(atPath: path) else {
      throw Failure(.data, zh: "\(path) 已存在", en: "\(path) exists already; use another --home")
    }
  }

  /// Gives the file its name, durably, and opens it.
  public func finish() throws -> DatabaseQueue {
    try Connection.translating(path) {
      try database.emptyLog()
      try database.close()
    }
    guard !FileManager.default.fileExists(atPath: draft + "-wal"), rename(draft, path) == 0 else {
      throw Failure(.disk, zh: "无法写入 \(path)", en: "cannot write \(path); check the disk")
    }
    try Folder.sync(nameOf: path)
    // Before it is opened again: closing any descriptor of a file lets go of every lock of SQLite's on it.
    try? lock.close()
    return try Connection.open(path, create: false)
  }
}
