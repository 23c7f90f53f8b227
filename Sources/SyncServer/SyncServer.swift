import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import Logging
import Master
import NIOCore
import NIOSSL
import SyncCore
import SyncProtocol

/// The city's HTTP door: routes, limits, refusals. It knows nothing of what the records mean.
public struct SyncServer: Sendable {
  let master: Master
  let logger: Logger
  let staged: StagedUploads
  let answers: KeptAnswers

  public init(_ master: Master, logger: Logger) {
    self.master = master
    self.logger = logger
    staged = StagedUploads(folder: master.folder(.staged), limit: Self.mostRequest)
    answers = KeptAnswers(folder: master.folder(.answers))
  }

  /// The largest request: one hello and the batches of a long absence.
  static let mostRequest = Envelope.mostSent + (16 << 20)

  /// How long a connection on which nothing is asked, or no more of a request comes, stays open: whoever was there may
  /// be gone without a word. Longer than a proxy keeps one for its next request.
  public static let idle = TimeAmount.seconds(120)

  static let mostProbe = Header.length + Probe.mostBytes

  public func router() -> Router<BasicRequestContext> {
    let router = Router()
    router.post("/v1/enrol") { request, _ in
      await refusing {
        Self.response(.ok, try master.welcome(try await collect(request, limit: 64 << 10)), type: Self.type)
      }
    }
    addResumableRoutes(router)
    router.get("/v1/health") { _, _ in "ok\n" }
    return router
  }

  /// Serves until the task is cancelled or a signal ends it.
  /// - Parameter onListening: gets the port that was bound.
  public func run(
    host: String, port: Int, tls: TLSConfiguration? = nil, idle: TimeAmount = SyncServer.idle,
    onListening: @escaping @Sendable (Int) -> Void
  ) async throws {
    let configuration = ApplicationConfiguration(address: .hostname(host, port: port), serverName: "tributary")
    let http = HTTPServerBuilder.http1(configuration: HTTP1Channel.Configuration(idleTimeout: idle))
    let server = try tls.map { try HTTPServerBuilder.tls(http, tlsConfiguration: $0) } ?? http
    let application = Application(
      router: router(), server: server, configuration: configuration,
      onServerRunning: { channel in onListening(channel.localAddress?.port ?? port) }, logger: logger)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await self.keepTidy() }
      try await application.runService()
      group.cancelAll()
    }
  }

  /// Now and then lets go of what nobody needs any more. What hinders it now does not the next time.
  private func keepTidy() async throws {
    while !Task.isCancelled {
      try await Task.sleep(for: .seconds(60))
      tidy()
    }
  }

  func tidy() {
    // Also when nobody sends or fetches any more: it may be personal data.
    removeOld(staged.folder, seconds: StagedUploads.lifetime)
    removeOld(answers.folder, seconds: KeptAnswers.lifetime)
    do { try master.tidy() } catch {
      let reason = (error as? Failure)?.message.en ?? "\(error)"
      logger.notice("not tidied", metadata: ["reason": "\(reason)"])
    }
  }

  func collect(_ request: Request, limit: Int) async throws -> [UInt8] {
    if let length = request.headers[.contentLength].flatMap(Int.init), length > limit { throw Refusal.tooLarge(limit) }
    do { return [UInt8](buffer: try await request.body.collect(upTo: limit)) } catch is NIOTooManyBytesError {
      throw Refusal.tooLarge(limit)
    }
  }

  /// Answers a request; what goes wrong becomes a refusal.
  func refusing(_ body: () async throws -> Response) async -> Response {
    do {
      return try await body()
    } catch let refusal as Refusal {
      logger.notice("refused", metadata: ["code": "\(refusal.code.rawValue)"])
      return Self.refuse(refusal)
    } catch let failure as Failure {
      logger.error("failed", metadata: ["reason": "\(failure.message.en)"])
      let code: Refusal.Code = failure.kind == .busy ? .busy : .defect
      let message = told(failure)
      return Self.refuse(Refusal(code, zh: message.zh, en: message.en))
    } catch {
      logger.error("failed", metadata: ["reason": "\(error)"])
      return Self.refuse(Refusal(.defect, zh: Self.failed.zh, en: Self.failed.en))
    }
  }

  /// What a replica hears of a failure: of this machine's disk and file its clerk would look at their own.
  func told(_ failure: Failure) -> Label {
    let isOfFile = failure.message.en.contains(master.path)
    switch failure.kind {
    case .disk: return cannotWrite.message
    case .busy where isOfFile:
      return Label(
        zh: "市里的服务器正忙;数据未丢失,请稍后再试", en: "the city's server is busy; nothing is lost, try later")
    case .defect: return Self.failed
    default: return isOfFile ? Self.failed : failure.message
    }
  }

  private static let failed = Label(
    zh: "市里的服务器出错;数据未丢失", en: "the city's server failed; nothing is lost, try later")

  static func status(_ code: Refusal.Code) -> HTTPResponse.Status {
    switch code {
    case .tampered: .badRequest
    case .unknownReplica, .withdrawn, .badCode: .forbidden
    case .fork, .replayed, .gap, .epoch, .schema: .conflict
    case .limit: .contentTooLarge
    case .busy: .serviceUnavailable
    case .defect: .internalServerError
    }
  }

  private static func refuse(_ refusal: Refusal) -> Response {
    let body = (try? JSONEncoder().encode(refusal)) ?? Data()
    return response(status(refusal.code), [UInt8](body), type: "application/json")
  }

  /// No erasure reaches what a cache on the way keeps.
  static let cacheControl = "no-store"

  static func response(_ status: HTTPResponse.Status, _ bytes: [UInt8], type: String) -> Response {
    let headers: HTTPFields = [.contentType: type, .cacheControl: cacheControl]
    return Response(status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
  }
}

extension Refusal {
  static func tooLarge(_ limit: Int) -> Refusal {
    Refusal(.limit, zh: "请求超过 \(limit) 字节", en: "the request is larger than \(limit) bytes")
  }
  static let noMessage = Refusal(.tampered, zh: "这不是 Tributary 的请求", en: "this is not a request of Tributary")
}
