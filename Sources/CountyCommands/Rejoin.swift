import ArgumentParser
import Commands
import Foundation
import Presentation
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
  @Option(help: ArgumentHelp(words("A code of the city, when it does not know this machine any more. 登记码"))) var code:
    String?

  func run() async throws {
    try await options.run {
      let code = try code.map(EnrolmentCode.init(typed:))
      let home = try options.homeURL(CountyProgram.homeVariable)
      try await Home.locked(home.appendingPathComponent("sync.lock")) {
        let former = try CountyProgram.open(home: home)
        let replica = try former.rejoin(as: try CountyProgram.nextKey(home, of: former), code: code)
        try CountyProgram.promoteKey(home)
        let isKnown = try await sync(replica, home)
        report(former.identity, replica.identity, isKnown)
      }
    }
  }

  /// Tells the city, when it can be reached. Returns whether it knows the new id now.
  private func sync(_ replica: Replica, _ home: URL) async throws -> Bool {
    let transport = HTTPTransport(
      server: try replica.meta().server, certificate: try Authority.path(home, replacing: nil))
    do {
      _ = try await SyncClient(replica, transport: transport).sync()
      return true
    } catch let failure as Failure where failure.kind == .unreachable || failure.kind == .busy {
      options.tell(failure.message)
      return false
    }
  }

  private func report(_ former: ReplicaMeta, _ now: ReplicaMeta, _ isKnown: Bool) {
    let (old, new) = (former.replica.description, now.replica.description)
    let rest =
      isKnown
      ? Label(zh: "已与市里同步", en: "it has synced with the city")
      : Label(zh: "下次同步时告知市里", en: "the next sync tells the city")
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
    let found = try urls.filter { FileManager.default.fileExists(atPath: $0.path) }.map(Home.readSecret)
    return try (found.isEmpty ? [Home.readSecret(keyURL(home))] : found).map { try SigningKey(seed: $0) }
  }

  /// A key that the replica has not used yet, kept durably.
  static func nextKey(_ home: URL, of replica: Replica) throws -> SigningKey {
    let url = nextKeyURL(home)
    if FileManager.default.fileExists(atPath: url.path) {
      let key = try SigningKey(seed: try Home.readSecret(url))
      // It was made by a command that was ended before the file took it.
      if key.publicKey.identifier != replica.identity.replica { return key }
      try promoteKey(home)
    }
    let key = SigningKey()
    try Home.writeSecret(key.seed, to: url)
    return key
  }

  static func promoteKey(_ home: URL) throws { try Home.replace(keyURL(home), with: nextKeyURL(home)) }
}
