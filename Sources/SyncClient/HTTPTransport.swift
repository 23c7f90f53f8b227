import AsyncHTTPClient
import Foundation
import NIOCore
import NIOSSL
import SyncCore
import SyncProtocol

/// The way to a city over HTTP or HTTPS.
public struct HTTPTransport: Transport {
  let base: String
  let certificate: String?

  /// - Parameter certificate: a PEM file of the authority that signed the city's certificate, when the system's do not.
  public init(server: String, certificate: String? = nil) {
    base = server.hasSuffix("/") ? String(server.dropLast()) : server
    self.certificate = certificate
  }

  public func welcome(_ message: [UInt8]) async throws -> [UInt8] { try await post("/v1/enrol", message) }
  public func exchange(_ message: [UInt8]) async throws -> [UInt8] { try await post("/v1/sync", message) }
  public func probe(_ message: [UInt8]) async throws -> [UInt8] { try await post("/v1/verify", message) }

  private func post(_ path: String, _ body: [UInt8]) async throws -> [UInt8] {
    var configuration = HTTPClient.Configuration()
    configuration.timeout = .init(connect: .seconds(10), read: .seconds(300))
    // A clerk without network hears so at once.
    configuration.connectionPool.retryConnectionEstablishment = false
    if let certificate {
      configuration.tlsConfiguration = .makeClientConfiguration()
      configuration.tlsConfiguration?.trustRoots = .file(certificate)
    }
    let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    let result: Result<[UInt8], any Error>
    do { result = .success(try await send(client, base + path, body)) } catch { result = .failure(error) }
    try await client.shutdown()
    do { return try result.get() } catch let error as HTTPClientError
      where error == .invalidURL || error == .emptyScheme
    {
      throw Failure(.configuration, zh: "市里的地址 \(base) 无效", en: "the city's address \(base) is not a URL; set --server")
    } catch let error where Self.isDistrust(error) {
      throw Failure(
        .unreachable, zh: "\(base) 的证书不受信任;数据均在本机,请用 --certificate 指定市里的证书",
        en: "the certificate of \(base) is not trusted; nothing is lost, name the city's authority with --certificate")
    } catch let error where !(error is Refusal || error is Failure) {
      throw Failure(
        .unreachable, zh: "连不上市里 \(base);数据均在本机,未丢失,请稍后再试",
        en: "the city cannot be reached at \(base); nothing is lost, try again later")
    }
  }

  private static func isDistrust(_ error: any Error) -> Bool {
    switch error {
    case let error as NIOSSLError: if case .handshakeFailed = error { true } else { false }
    case let error as NIOSSLExtraError: error == .failedToValidateHostname
    default: false
    }
  }

  private func send(_ client: HTTPClient, _ url: String, _ body: [UInt8]) async throws -> [UInt8] {
    var request = HTTPClientRequest(url: url)
    request.method = .POST
    request.headers.add(name: "content-type", value: "application/x-tributary")
    request.body = .bytes(body)
    let response = try await client.execute(request, timeout: .minutes(10))
    let buffer = try await response.body.collect(upTo: Envelope.mostSent + (16 << 20))
    let bytes = [UInt8](buffer: buffer)
    if response.status == .ok { return bytes }
    if let refusal = try? JSONDecoder().decode(Refusal.self, from: Data(bytes)) { throw refusal }
    throw Failure(
      .unreachable, zh: "\(base) 返回 \(response.status.code),可能不是市里的服务器;数据均在本机",
      en: "\(base) answers \(response.status.code) and may not be a city's server; nothing is lost, check the address")
  }
}
