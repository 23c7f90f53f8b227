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

  /// Says that the answer is being made, so that who asks for it waits.
  func begin(_ id: Identifier) throws {
    try makeFolder(folder)
    guard FileManager.default.createFile(atPath: mark(id).path, contents: nil) else { throw cannotWrite }
  }

  func end(_ id: Identifier) { try? FileManager.default.removeItem(at: mark(id)) }

  /// - Returns: the file of the answer.
  func keep(_ answer: [UInt8], as id: Identifier) throws -> String {
    clear(making: answer.count)
    do { try Data(answer).write(to: file(id), options: .atomic) } catch { throw cannotWrite }
    return file(id).path
  }

  /// The file of an answer, once it is made; nil: there is none.
  func find(_ id: Identifier) async throws -> String? {
    for _ in 0..<3000 where FileManager.default.fileExists(atPath: mark(id).path) {
      try await Task.sleep(for: .milliseconds(100))
    }
    return FileManager.default.fileExists(atPath: file(id).path) ? file(id).path : nil
  }

  private func clear(making bytes: Int) {
    removeOld(folder, seconds: Self.lifetime)
    let kept = files(of: folder)
    var total = kept.reduce(bytes) { $0 + $1.bytes }
    var count = kept.count
    for (url, _, size) in kept where total > Self.mostBytes || count >= Self.most {
      try? FileManager.default.removeItem(at: url)
      total -= size
      count -= 1
    }
  }
}
