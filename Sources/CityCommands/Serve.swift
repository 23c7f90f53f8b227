import ArgumentParser
import CHeap
import Commands
import Foundation
import Logging
import Master
import NIOSSL
import Presentation
import SQLiteStore
import SyncCore
import SyncServer

extension City {
  /// Whether these words of a command line start a server.
  public static func isServer(_ words: [String]) -> Bool {
    words.dropFirst().first == Serve.configuration.commandName
  }
}

/// `city serve --home DIR --listen HOST:PORT`
struct Serve: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve", abstract: words("Answer the counties over HTTP; the first line is the URL. 启动同步服务"))
  @OptionGroup var options: CommonOptions
  @Option(help: ArgumentHelp(words("HOST:PORT; port 0 picks a free one. 监听地址"))) var listen = "127.0.0.1:8080"
  @Option(help: ArgumentHelp(words("A PEM file with the certificate chain: serve HTTPS. 证书"))) var certificate: String?
  @Option(help: ArgumentHelp(words("A PEM file with the certificate's private key. 私钥"))) var privateKey: String?

  func run() async throws {
    try await options.run {
      // One thread uses what another gave back; with a heap of its own, each would keep what its largest request took.
      cheap_share(2)
      let (host, port) = try address()
      let master = try options.open(CityProgram.self)
      try CityProgram.notes(master).forEach(options.tell)
      let tls = try tlsConfiguration()
      let scheme = tls == nil ? "http" : "https"
      var logger = Logger(label: "city") { StreamLogHandler.standardError(label: $0) }
      logger.logLevel = .notice
      do {
        try await SyncServer(master, logger: logger).run(host: host, port: port, tls: tls) { bound in
          let shown = host.contains(":") ? "[\(host)]" : host
          Output.put([UInt8]("\(scheme)://\(shown):\(bound)\n".utf8))
        }
      } catch let error where !(error is Failure) {
        throw Failure(.configuration, zh: "无法监听 \(listen):\(error)", en: "cannot listen on \(listen): \(error)")
      }
    }
  }

  private func address() throws -> (String, Int) {
    guard let colon = listen.lastIndex(of: ":"), let port = Int(listen[listen.index(after: colon)...]),
      (0...65535).contains(port)
    else { throw Failure(.usage, zh: "--listen 应为 主机:端口", en: "--listen is HOST:PORT, not \(listen)") }
    let host = listen[..<colon].trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
    return (host.isEmpty ? "0.0.0.0" : host, port)
  }

  private func tlsConfiguration() throws -> TLSConfiguration? {
    guard let certificate else {
      if privateKey != nil {
        throw Failure(.usage, zh: "--private-key 需要 --certificate", en: "--private-key goes with --certificate")
      }
      return nil
    }
    guard let privateKey else {
      throw Failure(.usage, zh: "--certificate 需要 --private-key", en: "--certificate goes with --private-key")
    }
    do {
      let chain = try NIOSSLCertificate.fromPEMFile(certificate).map { NIOSSLCertificateSource.certificate($0) }
      let key = try NIOSSLPrivateKey(file: privateKey, format: .pem)
      return .makeServerConfiguration(certificateChain: chain, privateKey: .privateKey(key))
    } catch {
      throw Failure(.configuration, zh: "无法读取证书或私钥:\(error)", en: "cannot read the certificate or its key: \(error)")
    }
  }
}
