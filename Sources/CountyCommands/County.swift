import ArgumentParser
import Commands
import Foundation
import Presentation
import Registry
import Replica
import SQLiteStore
import SchemaFile
import SyncCore
import SyncProtocol

/// The county's executable.
public struct County: AsyncParsableCommand {
  public static let configuration = CommandConfiguration(
    commandName: "county", abstract: words("A county's registry: works without network, syncs with the city. 县区登记"),
    version: CountyProgram.version,
    subcommands: [
      CountyInit.self, Add<CountyProgram>.self, Edit<CountyProgram>.self, Delete<CountyProgram>.self,
      List<CountyProgram>.self, Show<CountyProgram>.self, Import<CountyProgram>.self, Export<CountyProgram>.self,
      Template<CountyProgram>.self,
      Records<CountyProgram>.self, ReportCommand<CountyProgram>.self, PublicationCommand<CountyProgram>.self,
      Check<CountyProgram>.self, Status.self, Diff.self,
      Revert.self, Sync.self, CountyBundle.self, Rejoin.self, Conflicts<CountyProgram>.self,
      CountyDecide.self, CountyParked.self, WithdrawParked.self, Approve<CountyProgram>.self,
      HistoryCommand<CountyProgram>.self, CountyVerify.self,
      TakeStep<CountyProgram>.self, Assess<CountyProgram>.self, Apply.self, Nominate.self,
      ExitCultivation<CountyProgram>.self, Rename<CountyProgram>.self,
      TransferRequest.self, Submit.self,
    ])
  public init() {}
}

public enum CountyProgram: Program {
  public static let name = "county"

  static func replicaURL(_ home: URL) -> URL { home.appendingPathComponent("replica.sqlite") }
  static func keyURL(_ home: URL) -> URL { home.appendingPathComponent("replica.key") }

  public static func open(home: URL) throws -> Replica {
    let path = replicaURL(home).path
    guard FileManager.default.fileExists(atPath: path) else {
      throw Failure(
        .notFound, zh: "\(home.path) 中没有副本;请先 county init",
        en: "there is no replica in \(home.path); run county init first")
    }
    return try Replica.open(path: path, keys: try keys(home), formats: Registry.formats, readSchema: readSchema)
  }

  static let readSchema: ReadSchema = { try SchemaFile.parse(canonicalJSON: $0) }

  /// Refuses what is no address of a server.
  static func checkAddress(_ server: String) throws {
    guard server.hasPrefix("http://") || server.hasPrefix("https://") else {
      throw Failure(
        .configuration, zh: "--server 应以 http:// 或 https:// 开头",
        en: "--server must begin with http:// or https://")
    }
  }

  /// The city's address; a machine that has met only sticks knows none.
  static func address(_ replica: Replica, or server: String?) throws -> String {
    let address = try server ?? replica.meta().server
    if address.isEmpty {
      throw Failure(
        .configuration, zh: "本机还没有市里的地址;请用 --server URL 指明,或用 county bundle write 经U盘交换",
        en: "this machine knows no address of the city; give --server URL, or exchange on a stick with county bundle "
          + "write")
    }
    return address
  }

  public static func history(_ replica: Replica, _ record: RecordSchema, _ key: RowKey) throws -> History {
    let lines = try replica.history(record, key: key).map { batch, change in
      History.Line(
        at: change.edit.stamp, received: nil, actor: change.edit.actor, replica: replica.identity.replica.description,
        what: change.kind.label, cells: change.cells(record),
        outcome: batch.map { Label(zh: "第 \($0) 批", en: "batch \($0)") } ?? Label(zh: "待同步", en: "pending"))
    }
    let trimmed = try replica.trimmedBatches()
    let note =
      trimmed == 0
      ? Label(
        zh: "仅显示本机所知的历史(待同步与已发送);完整历史请在市里查看",
        en: "only what this replica holds (pending and sent); the city has the whole history")
      : Label(
        zh: "仅显示本机所知的历史;本机第 \(trimmed) 批及以前已由市里备份,本机不再全部保留,完整历史请在市里查看",
        en:
          "only what this replica holds; up to its batch \(trimmed) a backup of the city holds what was sent, and not all of it "
          + "is here any more: the city has the whole history")
    return History(lines: lines, note: note)
  }

  public static func pendingDecisions(_ replica: Replica) throws -> [Int64: Decision] {
    try Dictionary(replica.decisions().map { ($0.conflict, $0) }, uniquingKeysWith: { $1 })
  }

  public static func verify(_ replica: Replica) throws -> [Label] { try replica.verify() }
}
