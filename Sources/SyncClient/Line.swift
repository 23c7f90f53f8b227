import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOSSL
import SyncCore
import SyncProtocol

/// What a request names as staged is not so at the city.
struct NotStaged: Error {}

/// Of whom it does not know yet a restored city keeps no pieces: they go as requests, so small that they need none.
struct SenderUnknown: Error {}

/// One HTTP client and what it counts. A connection that breaks is `Broken`; what the city says is passed on.
struct Line: Sendable {
  let base: String
  let client: HTTPClient
  let traffic: Traffic

  /// How long one request may take.
  static let longest = TimeAmount.hours(12)

  private static let type = ("content-type", "application/x-tributary")

  /// Sends a request whose answer may be big, and returns its head, with the body to come.
  func send(
    _ method: HTTPMethod, _ path: String, _ body: ArraySlice<UInt8> = [], headers: [(String, String)] = []
  ) async throws -> Answer {
    try await breaking {
      var request = try HTTPClient.Request(url: base + path, method: method, headers: HTTPHeaders(headers))
      if method != .GET {
        request.headers.add(name: Self.type.0, value: Self.type.1)
        request.body = .byteBuffer(ByteBuffer(bytes: body))
        traffic.addSent(body.count)
      }
      return try await ReadAhead.execute(request, client)
    }
  }

  /// Sends a big request a piece at a time; its answer is short.
  /// - Parameter sent: called with the number of bytes of the body that went.
  func put(_ path: String, _ body: ArraySlice<UInt8>, sent: @escaping @Sendable (Int) -> Void) async throws -> Answer {
    var request = HTTPClientRequest(url: base + path)
    request.method = .PUT
    request.headers.add(name: Self.type.0, value: Self.type.1)
    let pieces = Pieces(bytes: body) { [traffic] count in
      traffic.addSent(count)
      sent(count)
    }
    request.body = .stream(pieces, length: .known(Int64(body.count)))
    let final = request
    let response = try await breaking { try await client.execute(final, timeout: Self.longest) }
    return Answer(status: response.status, headers: response.headers, body: response.body)
  }

  /// Reads what an answer still brings; what arrived before the line broke is passed on too.
  func read(_ answer: Answer, _ take: (ByteBuffer) throws -> Void) async throws {
    try await breaking {
      for try await piece in answer.body {
        traffic.addReceived(piece.readableBytes)
        try take(piece)
      }
      try Task.checkCancellation()
    }
  }

  /// A short answer.
  func collect(_ answer: Answer, limit: Int = 1 << 20) async throws -> [UInt8] {
    var bytes: [UInt8] = []
    try await read(answer) { piece in
      guard bytes.count + piece.readableBytes <= limit else { throw EnvelopeError.tooLarge }
      bytes += Array(buffer: piece)
    }
    return bytes
  }

  /// What an answer that is no success says.
  func refusal(_ answer: Answer) async throws -> any Error {
    let bytes = try await collect(answer)
    if let refusal = try? JSONDecoder().decode(Refusal.self, from: Data(bytes)) { return refusal }
    if (try? JSONDecoder().decode(StagedState.self, from: Data(bytes))) != nil { return NotStaged() }
    return foreign(answer)
  }

  /// Whoever answers so is no city.
  func foreign(_ answer: Answer) -> Failure {
    let code = answer.status.code
    return Failure(
      .unreachable, zh: "\(base) 返回 \(code),可能不是市里的服务器;数据均在本机",
      en: "\(base) answers \(code) and may not be a city's server; nothing is lost, check the address")
  }

  private func breaking<T>(_ body: () async throws -> T) async throws -> T {
    do { return try await body() } catch let error as HTTPClientError
      where error == .invalidURL || error == .emptyScheme
    {
      throw Failure(.configuration, zh: "市里的地址 \(base) 无效", en: "the city's address \(base) is not a URL; set --server")
    } catch let error where Self.isDistrust(error) {
      throw Failure(
        .unreachable,
        zh: "\(base) 的证书不受信任,或本机时钟不对;数据均在本机,请核对日期,或用 --certificate 指定市里的证书",
        en: "the certificate of \(base) is not trusted, or this machine's clock is wrong; nothing is lost, "
          + "check the date, or name the city's authority with --certificate")
    } catch let error where !(error is Refusal || error is Failure || error is EnvelopeError) { throw Broken() }
  }

  /// A handshake also fails when the line breaks in it, or the other end speaks no TLS.
  private static func isDistrust(_ error: any Error) -> Bool {
    switch error {
    case NIOSSLError.handshakeFailed(.sslError(let stack)):
      stack.contains { $0.description.contains("CERTIFICATE_VERIFY_FAILED") }
    case let error as NIOSSLExtraError: error == .failedToValidateHostname
    default: false
    }
  }
}

/// A body that is handed over a piece at a time.
private struct Pieces: AsyncSequence, Sendable {
  typealias Element = ByteBuffer
  static let piece = 16 << 10

  let bytes: ArraySlice<UInt8>
  let taken: @Sendable (Int) -> Void

  func makeAsyncIterator() -> Iterator { Iterator(rest: bytes, taken: taken) }

  struct Iterator: AsyncIteratorProtocol {
    var rest: ArraySlice<UInt8>
    let taken: @Sendable (Int) -> Void

    mutating func next() async -> ByteBuffer? {
      if rest.isEmpty { return nil }
      let piece = rest.prefix(Pieces.piece)
      rest = rest.dropFirst(Pieces.piece)
      taken(piece.count)
      return ByteBuffer(bytes: piece)
    }
  }
}
