import Foundation
import SyncCore
import SyncProtocol
import Synchronization

/// Answers that a replica may fetch on when its line broke, by an id that the replica has chosen.
struct KeptAnswers: Sendable {
  let folder: URL
  static let lifetime = 3600.0
  static let most = 256
  static let mostBytes = 1 << 30

  /// Those that this process makes now.
  private let inHand = InHand()

  init(folder: URL) { self.folder = folder }

  private func file(_ id: Identifier) -> URL { folder.appendingPathComponent(id.description) }
  private func mark(_ id: Identifier) -> URL { folder.appendingPathComponent("\(id).making") }

  /// Says that the answer is being made, so that who asks for it waits, until `end`.
  /// - Parameter long: it may take long, or is kept. Another process that serves the same city hears of it, too: by a locked file, whose
  ///   lock goes with this process.
  func begin(_ id: Identifier, long: Bool) throws -> Making {
    var mark: Mark?
    if long {
      try makeFolder(folder)
      mark = Mark(self.mark(id).path)
      if mark == nil { throw cannotWrite }
    }
    inHand.ids.withLock { _ = $0.insert(id) }
    return Making(id: id, inHand: inHand, mark: mark)
  }

  struct Making {
    fileprivate let id: Identifier
    fileprivate let inHand: InHand
    fileprivate let mark: Mark?

    func end() {
      inHand.ids.withLock { _ = $0.remove(id) }
      mark?.remove()
    }
  }

  fileprivate final class InHand: Sendable {
    let ids = Mutex<Set<Identifier>>([])
  }

  fileprivate final class Mark: Sendable {
    private let path: String
    private let descriptor: Int32

    init?(_ path: String) {
      self.path = path
      descriptor = open(path, O_RDWR | O_CREAT, 0o600)
      if descriptor < 0 { return nil }
      flock(descriptor, LOCK_EX | LOCK_NB)
    }

    func remove() { unlink(path) }

    deinit { close(descriptor) }
  }

  /// Whether somebody makes it now.
  private func isMade(_ id: Identifier) -> Bool {
    if inHand.ids.withLock({ $0.contains(id) }) { return true }
    let descriptor = open(mark(id).path, O_RDWR)
    if descriptor < 0 { return false }
    defer { close(descriptor) }
    return flock(descriptor, LOCK_EX | LOCK_NB) != 0
  }

  /// - Returns: the file of the answer.
  func keep(_ answer: [UInt8], as id: Identifier) throws -> String {
    try makeFolder(folder)
    clear(making: answer.count)
    do { try Data(answer).write(to: file(id), options: .atomic) } catch { throw cannotWrite }
    return file(id).path
  }

  func remove(_ id: Identifier) { try? FileManager.default.removeItem(at: file(id)) }

  /// The file of an answer, once it is made; nil: there is none.
  func find(_ id: Identifier) async throws -> String? {
    for _ in 0..<3000 where isMade(id) {
      try await Task.sleep(for: .milliseconds(100))
    }
    return FileManager.default.fileExists(atPath: file(id).path) ? file(id).path : nil
  }

  private func clear(making bytes: Int) {
    let kept = files(of: folder)
    var total = kept.reduce(bytes) { $0 + $1.bytes }
    var count = kept.count
    for (url, written, size) in kept
    where total > Self.mostBytes || count >= Self.most || written.timeIntervalSinceNow < -Self.lifetime {
      try? FileManager.default.removeItem(at: url)
      total -= size
      count -= 1
    }
  }
}
