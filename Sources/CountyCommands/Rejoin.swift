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

/// `county rejoin [--code CODE]`
struct Rejoin: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rejoin",
    abstract: words("Go on with a copied or restored replica under an id of its own; its edits stay. 副本为复制品时更换编号"))
  @OptionGroup var options: CommonOptions
  @Option(help: ArgumentHelp(words("A code of the city, when it knows this machine no more or the key is lost. 登记码")))
  var code: String?

  func run() async throws {
    try await options.run {
      let code = try code.map(EnrolmentCode.init(typed:))
      let home = try options.homeURL(CountyProgram.homeVariable)
      try await Home.locked(home.appendingPathComponent("sync.lock")) {
        let former = try CountyProgram.open(home: home, hasCode: code != nil)
        let replica = try former.rejoin(as: try CountyProgram.nextKey(home, of: former), code: code)
        try CountyProgram.promoteKey(home)
        let known = try replica.lastConfirmed()
        let summary = try await sync(replica, home)
        if let summary { Sync.tell(summary, replica.schema, options) }
        report(known, replica.identity.replica, summary != nil)
      }
    }
  }

  /// Tells the city, when it can be reached: it knows the new id then. nil: it could not be.
  private func sync(_ replica: Replica, _ home: URL) async throws -> SyncSummary? {
    let server = try replica.meta().server
    // Who has only sticks tells it with the next one.
    if server.isEmpty { return nil }
    let transport = HTTPTransport(server: server, certificate: try Authority.path(home, or: nil))
    do {
      return try await SyncClient(replica, transport: transport).sync()
    } catch let failure as Failure where failure.kind == .unreachable || failure.kind == .busy {
      options.tell(failure.message)
      return nil
    }
  }

  private func report(_ former: Identifier, _ now: Identifier, _ isKnown: Bool) {
    let (old, new) = (former.description, now.description)
    let rest =
      isKnown
      ? Label(zh: "已与市里同步", en: "it has synced with the city")
      : Label(
        zh: "下次同步或上报时告知市里;市里得知之前不能停用旧编号,否则本机也一并被停用",
        en: "the next sync or stick tells the city, and only after that may it withdraw the former id, "
          + "or this machine is shut out, too")
    options.show(
      .object([("replica", .string(new)), ("formerly", .string(old)), ("synced", .bool(isKnown))]),
      Label(
        zh: "本机的新编号是 \(new),修改均已保留;\(rest.zh)。旧编号 \(old) 若已无机器使用,请市里运行 city withdraw \(old)",
        en:
          "this machine is \(new) now and has kept its edits; \(rest.en). When no other machine uses the former id any more, "
          + "let the city run: city withdraw \(old)"
      ).text(options.language))
  }
}

// The next key is kept beside the present one before the file takes it, and takes its place after. In between the file says
// which one is its own.
extension CountyProgram {
  private static func nextKeyURL(_ home: URL) -> URL { home.appendingPathComponent("replica.key.next") }

  /// The keys of which one belongs to the replica.
  static func keys(_ home: URL) throws -> [SigningKey] {
    let urls = [keyURL(home), nextKeyURL(home)]
    let found = urls.filter { FileManager.default.fileExists(atPath: $0.path) }
    return try (found.isEmpty ? [keyURL(home)] : found).map { try SigningKey(seed: Home.readSecret($0, lostKey)) }
  }

  static let lostKey = Label(
    zh: "请从备份中恢复它;若已丢失,请向市里索取登记码并运行 county rejoin --code 登记码,修改均会保留",
    en: "put it back from a copy; if there is none, ask the city for a code and run county rejoin --code CODE, which "
      + "keeps all edits")

  /// The replica that rejoins. One whose key is lost gets another one, if there is a code.
  static func open(home: URL, hasCode: Bool) throws -> Replica {
    let (path, files) = (replicaURL(home).path, FileManager.default)
    do { return try open(home: home) } catch let failure as Failure {
      let size = try? files.attributesOfItem(atPath: keyURL(home).path)[.size] as? Int
      guard hasCode, size != 32, files.fileExists(atPath: path) else { throw failure }
    }
    return try Replica.open(
      path: path, successor: try newKey(home), formats: Registry.formats, readSchema: readSchema)
  }

  /// A key that is kept durably beside the present one; the one that is there already, if a command was ended before its use.
  private static func newKey(_ home: URL) throws -> SigningKey {
    let url = nextKeyURL(home)
    if FileManager.default.fileExists(atPath: url.path) {
      return try SigningKey(seed: Home.readSecret(url, lostKey))
    }
    let key = SigningKey()
    try Home.writeSecret(key.seed, to: url)
    return key
  }

  /// A key that the replica has not used yet, kept durably.
  static func nextKey(_ home: URL, of replica: Replica) throws -> SigningKey {
    let key = try newKey(home)
    if key.publicKey.identifier != replica.identity.replica { return key }
    // It was made by a command that was ended when the file had taken it.
    try promoteKey(home)
    return try newKey(home)
  }

  static func promoteKey(_ home: URL) throws { try Home.replace(keyURL(home), with: nextKeyURL(home)) }
}
