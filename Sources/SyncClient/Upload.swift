import Foundation
import SyncCore
import SyncProtocol

extension HTTPTransport {
  /// What goes at once on a way where a proxy takes no large request.
  static let piece = 512 << 10

  /// Brings the messages after a hello to the city, on from where an earlier attempt, or an earlier run, broke off.
  /// - Parameter isKnown: the city knows the replica. Else the head of the first message goes ahead, before much goes
  ///   for nothing.
  func upload(_ bytes: ArraySlice<UInt8>, of replica: Identifier, isKnown: Bool, _ line: Line) async throws {
    let path = "/v1/staged/\(replica)"
    var attempts = Attempts(base, .upload)
    var (most, limit, arrived) = (bytes.count, bytes.count, 0)
    // Where the piece begins that was on its way when the line broke.
    var broken: Int?
    while true {
      do {
        let state = try await staged(try await line.send(.GET, path), line)
        let offset = state.begins(bytes) ? state.length : 0
        attempts.reached(Int64(offset))
        report(.up, offset, bytes.count)
        if offset == bytes.count { return }
        // Nothing of it has come: a proxy passes on only what it has whole.
        if offset == broken { (most, arrived) = (max(most / 4, Resumption.threshold), 0) }
        broken = offset
        let gone = Counter(from: offset)
        let piece = bytes.dropFirst(offset).prefix(isKnown || offset > 0 ? most : Header.length)
        let response = try await line.put("\(path)?offset=\(offset)", piece) { count in
          report(.up, gone.add(count), bytes.count)
        }
        broken = nil
        if response.status == .payloadTooLarge, most > Self.piece {
          (most, limit) = (Self.piece, Self.piece)
          let error = try await line.refusal(response)
          // It may be the city that says so.
          if error is Refusal { throw error }
          continue
        }
        let now = try await staged(response, line)
        if now == StagedState(whole: bytes) { return }
        if piece.endIndex < bytes.endIndex, now.length > offset {
          // Each piece hashes the whole at both ends, and the line may be well again.
          arrived += 1
          if arrived % 4 == 0 { most = min(most * 2, limit) }
          continue
        }
      } catch is Broken {}
      try await attempts.failed(wasHeard: traffic?.received ?? 0 > 0, total: Int64(bytes.count))
    }
  }

  private func staged(_ response: Answer, _ line: Line) async throws -> StagedState {
    // Another state than the one from which we went on comes as a conflict.
    guard response.status == .ok || response.status == .conflict else { throw try await line.refusal(response) }
    let bytes = try await line.collect(response)
    if let state = try? JSONDecoder().decode(StagedState.self, from: Data(bytes)) { return state }
    if let refusal = try? JSONDecoder().decode(Refusal.self, from: Data(bytes)) { throw refusal }
    throw line.foreign(response)
  }
}
