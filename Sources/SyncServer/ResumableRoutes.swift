import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Master
import NIOCore
import SyncCore
import SyncProtocol

// What goes on over a line that breaks: `Resumption` says how.

extension SyncServer {
  func addResumableRoutes(_ router: Router<BasicRequestContext>) {
    router.post("/v1/sync") { request, _ in await refusing { try await exchange(request) } }
    router.post("/v1/snapshot") { request, _ in await refusing { try await snapshot(request) } }
    router.post("/v1/verify") { request, _ in await refusing { try await verify(request) } }
    router.put("/v1/staged/{replica}") { request, context in
      await refusing { try await stage(request, try id(context, "replica")) }
    }
    router.get("/v1/staged/{replica}") { _, context in
      await refusing { try Self.json(.ok, staged.state(of: try id(context, "replica"))) }
    }
    router.get("/v1/answer/{id}") { request, context in
      await refusing { try Self.rest(try await answers.find(try id(context, "id")), request) }
    }
    router.get("/v1/snapshot/{id}") { request, context in
      await refusing { try Self.rest(master.snapshotFile(try id(context, "id")), request) }
    }
  }

  // MARK: Requests in pieces

  /// Keeps what arrives, also when the connection breaks.
  private func stage(_ request: Request, _ replica: Identifier) async throws -> Response {
    let offset = Self.offset(request)
    var head = offset == 0 ? [] : staged.head(of: replica)
    // Of who has not signed it nothing is stored.
    var writer: StagedUploads.Writer?
    if offset > 0 {
      writer = try staged.writer(of: replica, at: offset)
      guard writer != nil else { return try Self.json(.conflict, staged.state(of: replica)) }
      try master.checkStaged(head, of: replica)
    }
    do {
      for try await piece in request.body {
        var bytes = [UInt8](buffer: piece)
        if writer == nil {
          head += bytes
          if head.count < Header.length { continue }
          try master.checkStaged(Array(head.prefix(Header.length)), of: replica)
          writer = try staged.writer(of: replica, at: 0)
          bytes = head
        }
        guard try writer?.append(bytes) == true else { return try Self.json(.conflict, staged.state(of: replica)) }
      }
    } catch let error where !(error is Refusal || error is Failure) {
      // The line broke: the replica asks how much arrived.
      logger.debug("interrupted", metadata: ["replica": "\(replica)"])
    }
    return try Self.json(.ok, staged.state(of: replica))
  }

  private func exchange(_ request: Request) async throws -> Response {
    var bytes = try await collect(request, limit: Self.mostRequest)
    let named = Self.field(request, Resumption.stagedHeader)
    let hello = try? SealedEnvelope.split(bytes).last { $0.header.kind == .hello }
    if let named, let replica = hello?.header.replica {
      guard let state = StagedState(header: named), let rest = try staged.bytes(of: replica, state) else {
        return try Self.json(.conflict, staged.state(of: replica))
      }
      bytes += rest
    }
    let message = bytes
    let isStaged = named != nil
    let response = try await answering(request, keep: isStaged) { try master.exchange(message, staged: isStaged) }
    if let hello = hello?.header, isOver(hello, isStaged) { staged.remove(hello.replica) }
    return response
  }

  /// Whether what is staged has had its time. It stays until its receipts have arrived, and whoever reads on has them;
  /// a greeting, or a part of what is given back, comes before it. It may hold what was erased since it was first sent.
  private func isOver(_ hello: Header, _ isNamed: Bool) -> Bool {
    isNamed ? (try? master.lastErasure()) != 0 : !hello.stale && !hello.returning
  }

  private func snapshot(_ request: Request) async throws -> Response {
    let hello = try await collect(request, limit: 64 << 10)
    return try await answering(request, keep: true, in: Self.snapshots) { try master.snapshot(hello) }
  }

  private func verify(_ request: Request) async throws -> Response {
    let probe = try await collect(request, limit: Self.mostProbe)
    return try await answering(request, keep: false) { try master.answer(probe) }
  }

  // MARK: Answers

  /// Makes an answer, which is kept when it is big, or is the answer to much that was sent.
  private func answering(
    _ request: Request, keep: Bool, in line: OperationQueue = exchanges,
    _ body: @escaping @Sendable () throws -> [UInt8]
  ) async throws -> Response {
    guard let id = Self.field(request, Resumption.answerHeader).flatMap(Identifier.init(hex:)) else {
      return Self.response(.ok, try await Self.apart(body, in: line), type: Self.type)
    }
    let making = try answers.begin(id, long: keep)
    defer { making.end() }
    let (reply, file) = try await Self.apart({ try made(id, keep: keep, body) }, in: line)
    guard let file else { return Self.response(.ok, reply, type: Self.type) }
    return try Self.rest(file, request)
  }

  /// An answer, and its file when it is kept. What was erased while it was made may be in it: then it is not.
  func made(
    _ id: Identifier, keep: Bool, _ body: () throws -> [UInt8]
  ) throws -> (reply: [UInt8], file: String?) {
    let erasure = try master.lastErasure()
    let reply = try body()
    guard keep || reply.count > Resumption.threshold else { return (reply, nil) }
    let file = try answers.keep(reply, as: id)
    guard try master.lastErasure() != erasure else { return (reply, file) }
    answers.remove(id)
    return (reply, nil)
  }

  /// So many requests are answered at once, and share a flush of the log; the others wait without a thread.
  static let exchanges = line(16)
  /// Each snapshot needs memory of its own.
  static let snapshots = line(2)

  private static func line(_ atOnce: Int) -> OperationQueue {
    let line = OperationQueue()
    line.maxConcurrentOperationCount = atOnce
    return line
  }

  /// Runs what may take long on a thread of its own: other requests go on.
  private static func apart<T: Sendable>(
    _ body: @escaping @Sendable () throws -> T, in line: OperationQueue
  ) async throws -> T {
    try await withCheckedThrowingContinuation { continuation in
      line.addOperation { continuation.resume(with: Result(catching: body)) }
    }
  }

  // MARK: Requests

  static let type = "application/x-tributary"

  private static func rest(_ path: String?, _ request: Request) throws -> Response {
    guard let path, let response = Response.rest(of: path, from: offset(request), type: type) else {
      return json(.notFound, [UInt8]("{}".utf8))
    }
    return response
  }

  private static func offset(_ request: Request) -> Int {
    max(0, request.uri.queryParameters["offset"].flatMap { Int($0) } ?? 0)
  }

  private static func field(_ request: Request, _ name: String) -> String? {
    HTTPField.Name(name).flatMap { request.headers[$0] }
  }

  private func id(_ context: BasicRequestContext, _ name: String) throws -> Identifier {
    guard let id = context.parameters.get(name).flatMap(Identifier.init(hex:)) else { throw Refusal.noMessage }
    return id
  }

  private static func json(_ status: HTTPResponse.Status, _ state: StagedState) throws -> Response {
    json(status, [UInt8](try JSONEncoder().encode(state)))
  }

  private static func json(_ status: HTTPResponse.Status, _ bytes: [UInt8]) -> Response {
    response(status, bytes, type: "application/json")
  }
}
