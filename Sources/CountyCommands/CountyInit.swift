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

/// `county init --home DIR (--server URL | --bundle FILE) --code CODE [--actor NAME]`
struct CountyInit: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init", abstract: words("Enrol this machine with the city and fetch the first rows. 登记本机并取得初始数据"))
  @OptionGroup var options: CommonOptions
  @Option(help: ArgumentHelp(words("The city's address; with --bundle for later. 市里的地址"))) var server: String?
  @Option(help: ArgumentHelp(words("What `city snapshot` wrote on a stick: no network is needed. 市里写的U盘文件")))
  var bundle: String?
  @Option(help: ArgumentHelp(words("The one-time code from the city. 登记码"))) var code: String
  @Option(help: ArgumentHelp(words("A PEM file of the authority behind the city's certificate; remembered. 证书")))
  var certificate: String?

  func run() async throws {
    try await options.run {
      let home = try options.homeURL(CountyProgram.homeVariable)
      let code = try EnrolmentCode(typed: code)
      if bundle == nil, server == nil {
        throw Failure(
          .usage, zh: "请给出 --server 地址,或 --bundle 文件",
          en: "give --server URL, or --bundle FILE for a machine without network")
      }
      if let server { try CountyProgram.checkAddress(server) }
      try Home.create(home)
      let path = CountyProgram.replicaURL(home).path
      guard !FileManager.default.fileExists(atPath: path) || bundle != nil && isBegun(home) else {
        throw Failure(
          .data, zh: "\(home.path) 已有副本;请运行 county sync,或改用别的 --home",
          en: "\(home.path) holds a replica already; county sync goes on with it, or use another --home")
      }
      let authority = try Authority.path(home, or: certificate)
      let key = try Home.signingKey(CountyProgram.keyURL(home), CountyProgram.lostKey)
      let (meta, received) =
        if let bundle {
          try await CountyProgram.exchanging(home) { try start(bundle, code, key, home) }
        } else {
          try await enrol(server ?? "", authority, code, key, home)
        }
      options.show(
        .object([
          ("replica", .string(meta.replica.description)), ("org", .string(meta.org)),
          ("pulled", .integer(Int64(received.pulled))),
        ]),
        Label(
          zh: "已登记为 \(meta.org) 的机器 \(meta.replica.description.prefix(8)),取得 \(received.pulled) 条记录",
          en:
            "enrolled as machine \(meta.replica.description.prefix(8)) of \(meta.org), \(received.pulled) rows fetched"
        ).text(options.language))
    }
  }

  private func enrol(
    _ server: String, _ authority: String?, _ code: EnrolmentCode, _ key: SigningKey, _ home: URL
  ) async throws -> (ReplicaMeta, ReceiveSummary) {
    let line = ProgressLine(options.language)
    defer { line.end() }
    let transport = HTTPTransport(server: server, certificate: authority, progress: line.show)
    let meta = try await Join.enrol(server: server, code: code, key: key, transport: transport, clock: systemClock)
    if let certificate { try Authority.keep(certificate, home) }
    let replica = try create(meta, key, CountyProgram.replicaURL(home).path)
    return (meta, try await SyncClient(replica, transport: transport).sync().received)
  }

  /// From a stick. A start that fails leaves no replica behind; one that was ended is made anew.
  private func start(
    _ bundle: String, _ code: EnrolmentCode, _ key: SigningKey, _ home: URL
  ) throws -> (ReplicaMeta, ReceiveSummary) {
    let path = CountyProgram.replicaURL(home).path
    if let certificate { try Authority.keep(certificate, home) }
    let first = try FirstStep(bundle, code: code, key: key, server: server ?? "")
    if isBegun(home) { removeReplica(path) }
    let replica = try create(first.meta, key, path)
    do { return (first.meta, try first.fill(replica)) } catch {
      removeReplica(path)
      throw error
    }
  }

  /// Whether there is a replica that has nothing of its city yet, and in which nobody has entered anything.
  private func isBegun(_ home: URL) -> Bool {
    guard let status = try? CountyProgram.open(home: home).status() else { return false }
    return status.lastSync == nil && status.cursor == 0 && status.pending == 0 && status.inFlight == 0
  }

  private func removeReplica(_ path: String) {
    for ending in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + ending) }
  }

  private func create(_ meta: ReplicaMeta, _ key: SigningKey, _ path: String) throws -> Replica {
    let schema = try CountyProgram.readSchema(meta.schemaText)
    let actor = options.actor ?? ProcessInfo.processInfo.environment["USER"] ?? "clerk"
    return try Replica.create(
      path: path, key: key, meta: meta, schema: schema, actor: actor, formats: Registry.formats,
      readSchema: CountyProgram.readSchema)
  }
}
