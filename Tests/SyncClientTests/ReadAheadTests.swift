import AsyncHTTPClient
import Hummingbird
import Logging
import NIOCore
import Testing

@testable import SyncClient

/// A server that answers with `length` bytes, and breaks the line after `most` of them; and what reads its answer.
private func answered<T: Sendable>(
  _ length: Int, most: Int = .max, written: Counter = Counter(from: 0),
  _ body: @escaping @Sendable (Answer) async throws -> T
) async throws -> T {
  let router = Router()
  router.get("/") { _, _ in
    Response(
      status: .ok,
      body: ResponseBody(contentLength: length) { writer in
        for start in stride(from: 0, to: min(length, most), by: 1 << 16) {
          try await writer.write(ByteBuffer(repeating: UInt8(start >> 16 & 255), count: min(1 << 16, length - start)))
          _ = written.add(1 << 16)
        }
        if length > most { throw CancellationError() }
        try await writer.finish(nil)
      })
  }
  let (ports, port) = AsyncStream.makeStream(of: Int.self)
  let server = Application(
    router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
    onServerRunning: { port.yield($0.localAddress?.port ?? 0) },
    logger: Logger(label: "answers") { _ in SwiftLogNoOpLogHandler() })
  return try await withThrowingTaskGroup(of: T?.self) { group in
    group.addTask {
      try await server.run()
      return nil
    }
    var first = ports.makeAsyncIterator()
    let port = await first.next() ?? 0
    let client = HTTPClient(eventLoopGroup: HTTPClient.defaultEventLoopGroup.any())
    let result: Result<T, any Error>
    do {
      result = .success(try await body(try await ReadAhead.execute(.init(url: "http://127.0.0.1:\(port)/"), client)))
    } catch { result = .failure(error) }
    try await client.shutdown()
    group.cancelAll()
    return try result.get()
  }
}

@Suite(.timeLimit(.minutes(5))) struct ReadAheadTests {
  @Test func whatArrivedBeforeTheLineBrokeIsReadAfterwards() async throws {
    let (length, isBroken) = try await answered(8 << 20, most: 3 << 20) { answer in
      try await Task.sleep(for: .seconds(1))
      var length = 0
      do { for try await piece in answer.body { length += piece.readableBytes } } catch { return (length, true) }
      return (length, false)
    }
    #expect(isBroken)
    #expect(length == 3 << 20)
  }

  @Test func anAnswerThatIsReadSlowlyComesWhole() async throws {
    let bytes = try await answered(20 << 20) { answer in
      var bytes: [UInt8] = []
      for try await piece in answer.body {
        if bytes.count < 1 << 20 { try await Task.sleep(for: .milliseconds(10)) }
        bytes += Array(buffer: piece)
      }
      return bytes
    }
    #expect(bytes.count == 20 << 20)
    #expect(bytes.indices.allSatisfy { bytes[$0] == UInt8($0 >> 16 & 255) })
  }

  /// Beside what is read ahead, the two sockets hold some.
  @Test func anAnswerThatNobodyReadsIsNotHeldWhole() async throws {
    let written = Counter(from: 0)
    let ahead = try await answered(256 << 20, written: written) { _ in
      try await Task.sleep(for: .seconds(2))
      return written.add(0)
    }
    #expect(ahead > 4 << 20)
    #expect(ahead < 64 << 20)
  }
}
