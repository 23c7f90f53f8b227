import AsyncHTTPClient
import NIOCore
import NIOSSL
import Synchronization

/// The HTTP client of everybody who uses a line at the same time, and its connection, which stays open between their requests.
/// The first one makes it, the last one shuts it down.
final class SharedClient: Sendable {
  private let certificate: String?
  private let state = Mutex<(client: HTTPClient?, users: Int)>((client: nil, users: 0))

  /// - Parameter certificate: a PEM file of the authority to trust; nil: the system's.
  init(certificate: String?) { self.certificate = certificate }

  func using<T>(_ body: (HTTPClient) async throws -> T) async throws -> T {
    let client = begin()
    let result: Result<T, any Error>
    do { result = .success(try await body(client)) } catch { result = .failure(error) }
    if isLast() { try await client.shutdown() }
    return try result.get()
  }

  private func begin() -> HTTPClient {
    state.withLock { state in
      // One thread for all of it: between two, what has arrived may come too late (`ReadAhead`).
      let client =
        state.client
        ?? HTTPClient(eventLoopGroup: HTTPClient.defaultEventLoopGroup.any(), configuration: configuration)
      state = (client, state.users + 1)
      return client
    }
  }

  private func isLast() -> Bool {
    state.withLock { state in
      state.users -= 1
      if state.users == 0 { state.client = nil }
      return state.users == 0
    }
  }

  private var configuration: HTTPClient.Configuration {
    var configuration = HTTPClient.Configuration()
    configuration.timeout = .init(connect: .seconds(10), read: .seconds(300))
    // A clerk without network hears so at once.
    configuration.connectionPool.retryConnectionEstablishment = false
    // What was idle longer may have been forgotten on the way, and nobody would say so.
    configuration.connectionPool.idleTimeout = .seconds(5)
    if let certificate {
      configuration.tlsConfiguration = .makeClientConfiguration()
      configuration.tlsConfiguration?.trustRoots = .file(certificate)
    }
    return configuration
  }
}
