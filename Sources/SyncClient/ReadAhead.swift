import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import Synchronization

/// The head of an answer, and its body to come.
struct Answer: Sendable {
  let status: HTTPResponseStatus
  let headers: HTTPHeaders
  let body: any AsyncSequence<ByteBuffer, any Error> & Sendable

  /// A page for people, as of a portal to which one has to log in first: nothing of the city's is one.
  var isPage: Bool { headers.first(name: "content-type")?.hasPrefix("text/") == true }
}

/// Takes an answer off its connection as fast as it arrives, ahead of whoever reads it: when the line breaks, what had
/// arrived is handed out before the error, and need not cross again.
final class ReadAhead: HTTPClientResponseDelegate {
  private enum Part: Sendable {
    case head(HTTPResponseHead)
    case body(ByteBuffer)
  }

  private struct State {
    /// Bytes that nobody has read yet.
    var waiting = 0
    var room: EventLoopPromise<Void>?
    var isOver = false
  }

  /// Bytes that may wait before the connection does.
  private static let most = 4 << 20

  private let loop: any EventLoop
  private let parts: AsyncThrowingStream<Part, any Error>.Continuation
  private let state = Mutex(State())

  private init(_ loop: any EventLoop, _ parts: AsyncThrowingStream<Part, any Error>.Continuation) {
    self.loop = loop
    self.parts = parts
  }

  /// - Parameter client: all of it on one thread, as in `SharedClient`.
  static func execute(_ request: HTTPClient.Request, _ client: HTTPClient) async throws -> Answer {
    let loop = client.eventLoopGroup.any()
    let (stream, parts) = AsyncThrowingStream.makeStream(of: Part.self)
    let reader = ReadAhead(loop, parts)
    let task = client.execute(request: request, delegate: reader, deadline: .now() + Line.longest)
    parts.onTermination = {
      guard case .cancelled = $0 else { return }
      reader.end()
      task.cancel()
    }
    for try await case .head(let head) in stream {
      return Answer(status: head.status, headers: head.headers, body: stream.map(reader.taken))
    }
    throw CancellationError()
  }

  func didReceiveHead(task: HTTPClient.Task<Void>, _ head: HTTPResponseHead) -> EventLoopFuture<Void> {
    parts.yield(.head(head))
    return loop.makeSucceededVoidFuture()
  }

  func didReceiveBodyPart(task: HTTPClient.Task<Void>, _ buffer: ByteBuffer) -> EventLoopFuture<Void> {
    parts.yield(.body(buffer))
    return state.withLock { state in
      state.waiting += buffer.readableBytes
      guard !state.isOver else { return loop.makeFailedFuture(CancellationError()) }
      guard state.waiting > Self.most else { return loop.makeSucceededVoidFuture() }
      let room = loop.makePromise(of: Void.self)
      state.room = room
      return room.futureResult
    }
  }

  func didReceiveError(task: HTTPClient.Task<Void>, _ error: any Error) { parts.finish(throwing: error) }

  func didFinishRequest(task: HTTPClient.Task<Void>) { parts.finish() }

  @Sendable private func taken(_ part: Part) -> ByteBuffer {
    guard case .body(let buffer) = part else { return ByteBuffer() }
    let room = state.withLock { state in
      state.waiting -= buffer.readableBytes
      return state.waiting > Self.most / 2 ? nil : state.room.take()
    }
    room?.succeed()
    return buffer
  }

  /// Nobody reads on.
  private func end() {
    let room = state.withLock { state in
      state.isOver = true
      return state.room.take()
    }
    room?.fail(CancellationError())
  }
}
