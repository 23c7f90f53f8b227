import Foundation
import FuzzReaders
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOEmbedded
import SyncCore
import SyncProtocol
import SyncServer

/// The server's router, without sockets: every input is one request, spelled as `Asked` says. Every answer must be one that
/// WIRE.md names: a defect is a finding, and so is a master that is not sound after it has taken something.
final class Door {
  nonisolated(unsafe) static let shared = Door()

  private let town: Town
  private let responder: any HTTPResponder<BasicRequestContext>
  private let logger: Logger = {
    var logger = Logger(label: "fuzz")
    logger.logLevel = .critical
    return logger
  }()
  private let channel = EmbeddedChannel()

  private init() {
    do { town = try Town() } catch { preconditionFailure("no town: \(error)") }
    responder = SyncServer(town.master, logger: logger).router().buildResponder()
  }

  func finding(_ bytes: [UInt8]) -> String? {
    do {
      guard let asked = try Asked(bytes, of: town) else { return nil }
      let answer = respond(to: asked)
      if answer.status == 500 { return "\(asked.method) \(asked.path): \(answer.text)" }
      guard [200, 400, 403, 404, 405, 409, 413, 503].contains(answer.status) else { return "status \(answer.status)" }
      if asked.keeps { try town.clear() }
      guard try town.hasChanged() else { return nil }
      let damage = try town.damage(replaying: bytes.reduce(0, &+) & 15 == 0)
      if !damage.isEmpty { return "the master is damaged: \(damage)" }
      try town.putBack()
      return try town.hasChanged() ? "the harness: the master is not put back" : nil
    } catch { return "the harness: \(error)" }
  }

  private func respond(to asked: Asked) -> (status: Int, text: String) {
    let responder = responder
    let context = BasicRequestContext(source: ApplicationRequestContextSource(channel: channel, logger: logger))
    let done = DispatchSemaphore(value: 0)
    let result = Box()
    let request = asked.request
    Task.detached {
      do {
        let response = try await responder.respond(to: request, context: context)
        let collector = Collector()
        try await response.body.write(collector)
        result.value = (response.status.code, String(decoding: collector.box.bytes.prefix(2000), as: UTF8.self))
      } catch let error as HTTPError { result.value = (error.status.code, "\(error)") } catch {
        result.value = (500, "\(error)")
      }
      done.signal()
    }
    done.wait()
    return result.value
  }
}

private final class Box: @unchecked Sendable {
  var value = (status: 500, text: "no answer")
  var bytes: [UInt8] = []
}

/// Where the body of an answer goes.
private struct Collector: ResponseBodyWriter {
  let box = Box()
  mutating func write(_ buffer: ByteBuffer) async throws { box.bytes += buffer.readableBytesView }
  consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
}
