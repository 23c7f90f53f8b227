import ArgumentParser
import Commands
import Foundation
import Master
import Presentation
import SQLiteStore
import SyncCore

/// `city decide ID (--keep | --take CONTENDER | --value V) --reason TEXT [--version N]`
struct Decide: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "decide", abstract: "Settle a conflict, with a reason that every county sees. 裁决冲突")
  @OptionGroup var options: CommonOptions
  @Argument(help: "The conflict's number. 冲突编号") var id: Int64
  @Flag(help: "The master's value stands. 保留主库的值") var keep = false
  @Option(help: "This contender's value. 采用某一主张") var take: Int64?
  @Option(help: "Another value. 另定新值") var value: String?
  @Option(help: "Why. 理由") var reason: String
  @Option(help: "Refuse when a contender came after this version. 所查看的版本") var version: Int64?

  func run() async throws {
    try await options.run {
      let master = try options.open(CityProgram.self)
      let choice = try choice(master)
      if reason.trimmingCharacters(in: .whitespaces).isEmpty {
        throw Failure(.usage, zh: "--reason 不能为空", en: "--reason must say why")
      }
      let conflict = try master.decide(id, choice, reason: reason, actor: options.actor, version: version)
      options.show(conflictJSON(conflict), conflictText(conflict, master.schema, options.language))
    }
  }

  private func choice(_ master: Master) throws -> Master.Choice {
    guard (keep ? 1 : 0) + (take == nil ? 0 : 1) + (value == nil ? 0 : 1) == 1 else {
      throw Failure(.usage, zh: "请在 --keep、--take、--value 中选一个", en: "choose one of --keep, --take and --value")
    }
    if keep { return .keep }
    if let take { return .take(take) }
    let conflict = try master.conflict(id)
    guard let text = value, let name = conflict.field, let field = master.schema.record(conflict.record)?.field(name)
    else {
      throw Failure(
        .usage, zh: "冲突 \(id) 涉及整行,不能用 --value", en: "conflict \(id) is about the whole row: use --keep or --take")
    }
    switch ValueText.parse(text, field: field) {
    case .success(let value): return .value(value)
    case .failure(let problem):
      let place = "\(conflict.record).\(name)"
      throw Failure(.data, zh: "\(place):\(problem.label.zh)", en: "\(place): \(problem.label.en)")
    }
  }
}

/// `city reopen ID --reason TEXT`
struct Reopen: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reopen", abstract: "Open a decided conflict again. 重新审理")
  @OptionGroup var options: CommonOptions
  @Argument(help: "The conflict's number. 冲突编号") var id: Int64
  @Option(help: "Why. 理由") var reason: String

  func run() async throws {
    try await options.run {
      let master = try options.open(CityProgram.self)
      let conflict = try master.reopen(id, reason: reason, actor: options.actor)
      options.show(conflictJSON(conflict), conflictText(conflict, master.schema, options.language))
    }
  }
}
