import ArgumentParser
import Commands
import Foundation
import Master
import Presentation
import Registry
import SQLiteStore
import SchemaFile
import SyncCore
import SyncProtocol

/// The city's executable.
public struct City: AsyncParsableCommand {
  public static let configuration = CommandConfiguration(
    commandName: "city",
    abstract: words("The municipal master: merges what counties send, decides what is contested. 市级登记"),
    version: CityProgram.version,
    subcommands: [
      CityInit.self, Upgrade.self, Enroll.self, Serve.self, CityBundle.self, CitySnapshot.self, Add<CityProgram>.self,
      Edit<CityProgram>.self, Delete<CityProgram>.self,
      List<CityProgram>.self, Show<CityProgram>.self, Import<CityProgram>.self, Export<CityProgram>.self,
      Template<CityProgram>.self,
      Records<CityProgram>.self, ReportCommand<CityProgram>.self, Publish.self, PublicationCommand<CityProgram>.self,
      Check<CityProgram>.self, Conflicts<CityProgram>.self,
      Decide.self, Reopen.self, CityParked.self, Admit.self,
      Dismiss.self, MergeRecords.self, Transfer.self, Approve<CityProgram>.self, Replicas.self, Withdraw.self,
      Trim.self, Erase.self,
      HistoryCommand<CityProgram>.self, Verify<CityProgram>.self, Repair.self,
      TakeStep<CityProgram>.self, Assess<CityProgram>.self, Revoke.self, ExitCultivation<CityProgram>.self,
      Rename<CityProgram>.self,
      Backup.self, Restore.self, Recovery.self,
      Periods.self, AcceptSubmission.self, ReturnSubmission.self, UseRating.self,
    ])
  public init() {}
}

public enum CityProgram: Program {
  public static let name = "city"

  static func masterURL(_ home: URL) -> URL { home.appendingPathComponent("master.sqlite") }
  static func keyURL(_ home: URL) -> URL { home.appendingPathComponent("city.key") }

  /// Every backup holds it.
  static let lostKey = Label(
    zh: "每份备份中都有它:运行 city restore 备份文件 --home 新目录,再把新目录中的 city.key 放回原处",
    en: "every backup holds it: run city restore BACKUP --home NEW, and put NEW/city.key in its place")

  public static func open(home: URL) throws -> Master {
    let path = masterURL(home).path
    guard FileManager.default.fileExists(atPath: path) else {
      throw Failure(
        .notFound, zh: "\(home.path) 中没有主库;请先 city init", en: "there is no master in \(home.path); run city init first")
    }
    let key = try SigningKey(seed: try Home.readSecret(keyURL(home), lostKey))
    return try Master.open(path: path, key: key, formats: Registry.formats) { try SchemaFile.parse(canonicalJSON: $0) }
  }

  public static func history(_ master: Master, _ record: RecordSchema, _ key: RowKey) throws -> History {
    History(lines: try master.history(record, key: key).map { line($0, record) })
  }

  private static func line(_ entry: HistoryEntry, _ record: RecordSchema) -> History.Line {
    History.Line(
      at: entry.editedAt, received: entry.receivedAt, actor: entry.edit.actor,
      replica: entry.replica == .city ? "city" : entry.replica.description, what: what(entry.what),
      cells: cells(entry.what, record), outcome: outcome(entry, record))
  }

  private static func what(_ what: HistoryEntry.What) -> Label {
    switch what {
    case .change(let change): return change.kind.label
    case .decision(let decision, _):
      let choice = decision.choice.label
      return decision.choice == .reopen ? choice : Label(zh: "裁决:\(choice.zh)", en: "decide \(choice.en)")
    case .ruling(let ruling): return ruling.verdict.label
    case .alias(let alias):
      let keys = "\(show(alias.key)) → \(show(alias.target))"
      return Label(zh: "合并 \(keys)", en: "merge \(keys)")
    case .erasure(let erasure):
      let fields = erasure.fields.joined(separator: ", ")
      return Label(zh: "删除个人信息 \(fields)", en: "erase \(fields)")
    }
  }

  private static func cells(_ what: HistoryEntry.What, _ record: RecordSchema) -> [(
    field: String, old: Value, new: Value
  )] {
    switch what {
    case .change(let change): return change.cells(record)
    case .decision(let decision, let conflict):
      guard let field = conflict.field, decision.choice != .reopen else { return [] }
      let taken = conflict.contenders.first { $0.id == decision.contender }?.value
      return [(field, conflict.master, decision.choice == .take ? taken ?? decision.value : decision.value)]
    case .ruling, .alias, .erasure: return []
    }
  }

  /// What became of a change; why something was decided.
  private static func outcome(_ entry: HistoryEntry, _ record: RecordSchema) -> Label {
    let told = entry.outcome?.outcome.label
    switch entry.what {
    case .change:
      let later = entry.parked.flatMap { $0 == .waiting ? nil : $0.label }
      let fields = entry.erased.sorted().map { record.fields[$0].name }.joined(separator: ", ")
      let erased = fields.isEmpty ? nil : Label(zh: "\(fields) 已删除", en: "\(fields) erased")
      let parts = [told ?? Label(zh: "已采用", en: "taken"), later, erased].compactMap { $0 }
      return Label(zh: parts.map(\.zh).joined(separator: ","), en: parts.map(\.en).joined(separator: ", "))
    case .decision(let decision, _):
      let parts = [told, decision.why].compactMap { $0 }
      return Label(zh: parts.map(\.zh).joined(separator: ":"), en: parts.map(\.en).joined(separator: ": "))
    case .ruling(let ruling): return Label(zh: ruling.reason, en: ruling.reason)
    case .alias(let alias): return Label(zh: alias.reason, en: alias.reason)
    case .erasure(let erasure): return Label(zh: erasure.reason, en: erasure.reason)
    }
  }

  public static func erased(_ master: Master) throws -> [Label] { try master.erasures().map(erasedLine) }

  public static func notes(_ master: Master) throws -> [Label] { [try master.timeNote()].compactMap { $0 } }

  public static func verify(_ master: Master) throws -> [Label] {
    let problems = try master.verify()
    return try master.isRefused() ? problems : problems + PublicationCheck.problems(master)
  }

  public static func unchecked(_ master: Master) throws -> [Label] {
    try master.isRefused() ? [] : PublicationCheck.unchecked(master)
  }
}

extension RowReceipt.Outcome {
  fileprivate var label: Label {
    switch self {
    case .merged: Label(zh: "已合并", en: "merged")
    case .contested: Label(zh: "有冲突", en: "contested")
    case .rejected: Label(zh: "未采纳", en: "rejected")
    case .parked: Label(zh: "搁置", en: "parked")
    }
  }
}
