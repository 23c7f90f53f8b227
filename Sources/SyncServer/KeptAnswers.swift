import Foundation
import SyncCore
import SyncProtocol

/// Answers that a replica may fetch on when its line broke, by an id that the replica has chosen.
struct KeptAnswers: Sendable {
  let folder: URL
  static let lifetime = 3600.0
  static let most = 256
  static let mostBytes = 1 << 30

  private func file(_ id: Identifier) -> URL { folder.appendingPathComponent(id.description) }
  private func mark(_ id: Identifier) -> URL { folder.appendingPathComponent("\(id).making") }

  /// Says that the answer is being made, so that who asks for it waits, for as long as what it returns lives: a lock that goes
  /// with the process.
  func begin(_ id: Identifier) throws -> Making {
    try makeFolder(folder)
    guard let making = Making(mark(id).path) else { throw cannotWrite }
    return making
  }

  final class Making {
    private let path: String
    private let descriptor: Int32

    fileprivate init?(_ path: String) {
      self.path = path
      descriptor = open(path, O_RDWR | O_CREAT, 0o600)
      if descriptor < 0 { return nil }
      flock(descriptor, LOCK_EX | LOCK_NB)
    }

    func end() { unlink(path) }

    deinit { close(descriptor) }
  }

  /// Whether somebody makes it now.
  private func isMade(_ id: Identifier) -> Bool {
    let descriptor = open(mark(id).path, O_RDWR)
    if descriptor < 0 { return false }
    defer { close(descriptor) }
    return flock(descriptor, LOCK_EX | LOCK_NB) != 0
  }

  /// - Returns: the file of the answer.
  func keep(_ answer: [UInt8], as id: Identifier) throws -> String {
    clear(making: answer.count)
    do { try Data(answer).write(to: file(id), options: .atomic) } catch { throw cannotWrite }
    return file(id).path
  }

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
