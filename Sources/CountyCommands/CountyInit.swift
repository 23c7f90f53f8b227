import ArgumentParser
import Commands
import Foundation
import Presentation
import Registry
import Replica
import SQLiteStore
import SyncClient
import SyncCore
import SyncProtocol

/// `county init --home DIR --server URL --code CODE [--actor NAME]`
struct CountyInit: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init", abstract: words("Enrol this machine with the city and fetch the first rows. 登记本机并取得初始数据"))
  @OptionGroup var options: CommonOptions
  @Option(help: ArgumentHelp(words("The city's address. 市里的地址"))) var server: String
  @Option(help: ArgumentHelp(words("The one-time code from the city. 登记码"))) var code: String
  @Option(help: ArgumentHelp(words("A PEM file of the authority behind the city's certificate; remembered. 证书")))
  var certificate: String?

  func run() async throws {
    try await options.run {
      let home = try options.homeURL(CountyProgram.homeVariable)
      guard let code = EnrolmentCode(code) else {
        throw Failure(
          .notAllowed, zh: "登记码 \(code) 格式不对;请核对每个字符", en: "\(code) is not an enrolment code; check every letter")
      }
      guard server.hasPrefix("http://") || server.hasPrefix("https://") else {
        throw Failure(
          .configuration, zh: "--server 应以 http:// 或 https:// 开头", en: "--server must begin with http:// or https://")
      }
      try Home.create(home)
      let path = CountyProgram.replicaURL(home).path
      guard !FileManager.default.fileExists(atPath: path) else {
        throw Failure(.data, zh: "\(home.path) 已有副本", en: "\(home.path) holds a replica already; use another --home")
      }
      let key = try signingKey(home)
      let line = ProgressLine(options.language)
      defer { line.end() }
      let transport = HTTPTransport(
        server: server, certificate: try Authority.path(home, replacing: certificate), progress: line.show)
      let meta = try await Join.enrol(server: server, code: code, key: key, transport: transport, clock: systemClock)
      let schema = try CountyProgram.readSchema(meta.schemaText)
      let actor = options.actor ?? ProcessInfo.processInfo.environment["USER"] ?? "clerk"
      let replica = try Replica.create(
        path: path, key: key, meta: meta, schema: schema, actor: actor, formats: Registry.formats,
        readSchema: CountyProgram.readSchema)
      let summary = try await SyncClient(replica, transport: transport).sync()
      line.end()
      options.show(
        .object([
          ("replica", .string(meta.replica.description)), ("org", .string(meta.org)),
          ("pulled", .integer(Int64(summary.received.pulled))),
        ]),
        Label(
          zh: "已登记为 \(meta.org) 的机器 \(meta.replica.description.prefix(8)),取得 \(summary.received.pulled) 条记录",
          en:
            "enrolled as machine \(meta.replica.description.prefix(8)) of \(meta.org), \(summary.received.pulled) rows fetched"
        ).text(options.language))
    }
  }

  /// The key is kept before the code is used, so that an interrupted init can be repeated.
  private func signingKey(_ home: URL) throws -> SigningKey {
    let url = CountyProgram.keyURL(home)
    if FileManager.default.fileExists(atPath: url.path) { return try SigningKey(seed: try Home.readSecret(url)) }
    let key = SigningKey()
    try Home.writeSecret(key.seed, to: url)
    return key
  }
}
