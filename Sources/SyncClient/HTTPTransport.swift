import Foundation
import SyncCore
import SyncProtocol
import Synchronization

/// The way to a city over HTTP or HTTPS. Big requests and answers go on where the line broke.
public struct HTTPTransport: Transport {
  let base: String
  let progress: ProgressHandler?
  private let counted = Traffic()
  private let shared: SharedClient

  public var traffic: Traffic? { counted }

  /// - Parameters:
  ///   - certificate: a PEM file of the authority that signed the city's certificate, when the system's do not.
  ///   - progress: called while much is sent or fetched, on any thread.
  public init(server: String, certificate: String? = nil, progress: ProgressHandler? = nil) {
    base = server.hasSuffix("/") ? String(server.dropLast()) : server
    self.progress = progress
    shared = SharedClient(certificate: certificate)
  }

  public func welcome(_ message: [UInt8]) async throws -> [UInt8] {
    try await open { line in
      do {
        let response = try await line.send(.POST, "/v1/enrol", message[...])
        guard response.status == .ok else { throw try await line.refusal(response) }
        let welcome = try await line.collect(response, limit: Envelope.mostSent)
        guard welcome.starts(with: Header.magic) else { throw line.foreign(response) }
        return welcome
      } catch is Broken {
        var attempts = Attempts(base, .enrolment)
        try await attempts.failed(wasHeard: false, total: nil)
        return []
      }
    }
  }

  public func exchange(_ message: [UInt8]) async throws -> [UInt8] {
    let (head, rest, replica) = try Resumption.parts(of: message)
    return try await open { line in
      guard rest.count > Resumption.threshold, let replica else {
        return try await answer("/v1/sync", message[...], line)
      }
      let staged = [(Resumption.stagedHeader, StagedState(whole: rest).header)]
      let isReturning = try EnvelopeHead(head).header.returning
      for _ in 1...3 {
        do { try await upload(rest, of: replica, isKnown: !isReturning, line) } catch let refusal as Refusal
          where refusal.code == .unknownReplica
        {
          if isReturning {
            // What is given back says who that is, sooner or later.
            if try Self.isSeveral(rest) { throw SenderUnknown() }
            return try await answer("/v1/sync", message[...], line)
          }
          // Why it does not know it, it says to the hello alone.
          _ = try await answer("/v1/sync", head, line)
          continue
        }
        do { return try await answer("/v1/sync", head, headers: staged, line) } catch is NotStaged {}
      }
      throw Failure(
        .unreachable, zh: "市里 \(base) 没有收到完整的数据;数据未丢失,请重新同步",
        en: "the city at \(base) does not keep what is sent; nothing is lost, sync again")
    }
  }

  /// Whether what is given back is more than one batch.
  private static func isSeveral(_ messages: ArraySlice<UInt8>) throws -> Bool {
    var rest = messages
    var batches = 0
    while !rest.isEmpty, batches < 2 {
      let head = try EnvelopeHead(rest)
      if [.own, .batch].contains(head.header.kind) { batches += 1 }
      rest = rest.dropFirst(head.length)
    }
    return batches > 1
  }

  public func snapshot(_ hello: [UInt8]) async throws -> [UInt8] {
    try await open { line in try await answer("/v1/snapshot", hello[...], line) }
  }

  public func probe(_ message: [UInt8]) async throws -> [UInt8] {
    try await open { line in try await answer("/v1/verify", message[...], line) }
  }

  public func download(_ manifest: SnapshotManifest, to file: String) async throws {
    try await open { line in try await fetch(manifest, to: file, line) }
  }

  public func keepingOpen<T>(_ body: () async throws -> T) async throws -> T {
    try await shared.using { _ in try await body() }
  }

  func report(_ direction: TransferProgress.Direction, _ done: Int, _ total: Int) {
    progress?(TransferProgress(direction, done: Int64(done), total: Int64(total)))
  }

  private func open<T: Sendable>(_ body: (Line) async throws -> T) async throws -> T {
    try await shared.using { client in try await body(Line(base: base, client: client, traffic: counted)) }
  }
}

/// Counts from several threads.
final class Counter: Sendable {
  private let value: Mutex<Int>

  init(from start: Int) { value = Mutex(start) }

  /// Returns the new count.
  func add(_ more: Int) -> Int {
    value.withLock { count in
      count += more
      return count
    }
  }
}
