import Foundation
import NIOCore
import SyncCore
import SyncProtocol

extension HTTPTransport {
  /// Sends a request under an id of its own and returns the whole answer, however often the line breaks while it comes.
  func answer(
    _ path: String, _ body: ArraySlice<UInt8>, headers: [(String, String)] = [], _ line: Line
  ) async throws -> [UInt8] {
    var random = SystemRandomNumberGenerator()
    let id = Identifier(using: &random)
    let headers = headers + [(Resumption.answerHeader, "\(id)")]
    var attempts = Attempts(base, .answer)
    var answer = Received()
    var posts = 0
    while true {
      do {
        var response: Answer?
        if posts > 0 { response = try await kept(id, from: answer.bytes.count, line) }
        if response == nil {
          // The request did not arrive, or its answer was small and is not kept.
          posts += 1
          answer = Received()
          response = try await line.send(.POST, path, body, headers: headers)
        }
        if let response, try await take(response, into: &answer, line) { return answer.bytes }
      } catch is Broken {} catch let refusal as Refusal where refusal.code == .replayed && posts > 1 {
        // It did arrive, and what it did is done; its answer is lost.
        throw attempts.broke
      }
      attempts.reached(Int64(answer.bytes.count))
      try await attempts.failed(wasHeard: traffic?.received ?? 0 > 0, total: answer.total.map(Int64.init))
    }
  }

  private struct Received {
    var bytes: [UInt8] = []
    var total: Int?
  }

  /// The rest of an answer that the city keeps; nil: it keeps none.
  private func kept(_ id: Identifier, from offset: Int, _ line: Line) async throws -> Answer? {
    let response = try await line.send(.GET, "/v1/answer/\(id)?offset=\(offset)")
    if response.status == .notFound {
      _ = try await line.collect(response)
      return nil
    }
    return response
  }

  /// Returns whether the answer is whole.
  private func take(_ response: Answer, into answer: inout Received, _ line: Line) async throws -> Bool {
    guard response.status == .ok else { throw try await line.refusal(response) }
    let headers = response.headers
    let whole = headers.first(name: Resumption.lengthHeader)
    // A proxy may have left out how long the whole is, or both lengths: then it ends where its body does.
    let before = whole == nil ? answer.bytes.count : 0
    let length = (whole ?? headers.first(name: "content-length")).map { Int($0) ?? -1 }
    let most = Envelope.mostSent + (16 << 20)
    guard (0...most - before).contains(length ?? 0) else { throw EnvelopeError.tooLarge }
    let total = length.map { before + $0 }
    answer.total = total
    // What has come already says that the city answered then; a page is not the rest of it.
    if !answer.bytes.isEmpty, response.isPage { throw line.foreign(response) }
    var bytes = answer.bytes
    defer { answer.bytes = bytes }
    try await line.read(response) { piece in
      guard bytes.count + piece.readableBytes <= total ?? most else { throw EnvelopeError.tooLarge }
      bytes += Array(buffer: piece)
      // Nobody is told of progress by whoever is no city: its address would be kept.
      if let total, total > Resumption.threshold, bytes.starts(with: Header.magic) {
        report(.down, bytes.count, total)
      }
    }
    if total == nil || response.isPage, !bytes.starts(with: Header.magic) { throw line.foreign(response) }
    return bytes.count == total ?? bytes.count
  }

  /// Fetches the rest of a file, however often the line breaks.
  func fetch(_ manifest: SnapshotManifest, to file: String, _ line: Line) async throws {
    var attempts = Attempts(base, .file)
    let part = try PartialFile(file)
    if part.length > manifest.packed { try part.restart() }
    while part.length < manifest.packed {
      attempts.reached(part.length)
      do {
        let response = try await line.send(.GET, "/v1/snapshot/\(manifest.id)?offset=\(part.length)")
        if response.status == .notFound {
          _ = try await line.collect(response)
          throw SnapshotGone()
        }
        guard response.status == .ok else { throw try await line.refusal(response) }
        if response.isPage { throw line.foreign(response) }
        try await line.read(response) { piece in
          guard part.length + Int64(piece.readableBytes) <= manifest.packed else { throw SnapshotFile.damaged }
          try part.append(Array(buffer: piece))
          report(.down, Int(part.length), Int(manifest.packed))
        }
        if part.length == manifest.packed { return }
      } catch is Broken {}
      attempts.reached(part.length)
      try await attempts.failed(wasHeard: traffic?.received ?? 0 > 0, total: manifest.packed)
    }
  }
}

/// A file that grows as its bytes arrive, in this run or the next.
private final class PartialFile {
  private let handle: FileHandle
  private(set) var length: Int64
  private let path: String

  init(_ path: String) throws {
    self.path = path
    let descriptor = open(path, O_WRONLY | O_CREAT, 0o600)
    guard descriptor >= 0 else { throw Self.cannotWrite(path) }
    handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    length = Int64(try handle.seekToEnd())
  }

  func append(_ bytes: [UInt8]) throws {
    do { try handle.write(contentsOf: Data(bytes)) } catch { throw Self.cannotWrite(path) }
    length += Int64(bytes.count)
  }

  func restart() throws {
    do {
      try handle.truncate(atOffset: 0)
      try handle.seek(toOffset: 0)
    } catch { throw Self.cannotWrite(path) }
    length = 0
  }

  private static func cannotWrite(_ path: String) -> Failure {
    Failure(
      .disk, zh: "无法写入 \(path):磁盘可能已满;请腾出空间后重试",
      en: "cannot write \(path), the disk may be full; free some space and try again")
  }
}
