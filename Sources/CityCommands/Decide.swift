import ArgumentParser
import Commands
import Foundation
import Master
import Presentation
import SQLiteStore
import SyncCore

/// `city decide ID (--keep | --take CONTENDER | --value V | --remove) --reason TEXT [--version N]`, or `--all` with a filter.
struct Decide: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "decide",
    abstract: words("Settle a conflict, or all of a filter, with a reason that every county sees. 裁决冲突")
  )
  @OptionGroup var options: CommonOptions
  @Argument(help: ArgumentHelp(words("The conflict's number. 冲突编号"))) var id: Int64?
  @OptionGroup var choice: ChoiceOptions
  @Flag(help: ArgumentHelp(words("Of a whole row: the row goes. 删除此行"))) var remove = false
  @Option(help: ArgumentHelp(words("Why. 理由"))) var reason: String
  @Option(help: ArgumentHelp(words("Refuse when a contender came after this version. 所查看的版本"))) var version: Int64?
  @Flag(help: ArgumentHelp(words("Every open conflict that fits the filter, all or none. 批量裁决"))) var all = false
  @Option(help: ArgumentHelp(words("With --all: of this record. 记录"))) var record: String?
  @Option(help: ArgumentHelp(words("With --all: of this field. 字段"))) var field: String?
  @Option(help: ArgumentHelp(words("With --all: of this row. 主键"))) var key: String?

  func run() async throws {
    try await options.run {
      let master = try options.open(CityProgram.self)
      try requireReason(reason)
      let ids = try self.ids(master)
      if self.choice.value != nil {
        // Nothing is open by whose field a value could be read.
        if ids.isEmpty { return options.show(.array([]), Self.nothing.text(options.language)) }
        try requireOneField(ids, master)
      }
      let choice = try self.choice(master, ids.first)
      // What was published may be kept as it is.
      if !self.choice.keep {
        for id in ids { try master.refusePublished(master.record(master.conflict(id).record)) }
      }
      let decided = try master.decide(ids, choice, reason: reason, actor: options.actor, version: version)
      let text = decided.map { conflictText($0, master.schema, options.language) }.joined(separator: "\n\n")
      options.show(
        all
          ? .array(decided.map { conflictJSON($0, master.schema) })
          : decided.first.map { conflictJSON($0, master.schema) } ?? .null,
        decided.isEmpty ? Self.nothing.text(options.language) : text)
    }
  }

  private static let nothing = Label(zh: "没有符合条件的待决冲突,未作裁决", en: "0 decided: no open conflict fits")

  private func ids(_ master: Master) throws -> [Int64] {
    guard all else {
      guard let id else {
        throw Failure(.usage, zh: "请给出冲突编号,或用 --all", en: "give the conflict's number, or --all with a filter")
      }
      return [id]
    }
    if id != nil || version != nil {
      throw Failure(.usage, zh: "--all 不与编号或 --version 同用", en: "--all goes with neither a number nor --version")
    }
    let record = try self.record.map { try master.namedRecord($0) }
    if record == nil, field != nil || key != nil {
      throw Failure(.usage, zh: "--field 和 --key 需要 --record", en: "--field and --key go with --record")
    }
    if let record, let field, record.field(field) == nil {
      let kind = Label(zh: "字段(\(record.name))", en: "field of \(record.name)")
      throw unknownName(kind, field, known: record.fields.map(\.name))
    }
    let key = try record.flatMap { record in try self.key.map { try master.key($0, in: record) } }
    return try master.conflicts([.open, .proposed]).filter { conflict in
      (record == nil || conflict.record == record?.name) && (field == nil || conflict.field == field)
        && (key == nil || conflict.key == key)
    }.map(\.id)
  }

  /// A value is read, and a mask found, by one field.
  private func requireOneField(_ ids: [Int64], _ master: Master) throws {
    let places = Set(try ids.map { try master.conflict($0) }.map { [$0.record, $0.field ?? "*"] })
    guard places.count > 1 else { return }
    let list = places.map { $0.joined(separator: ".") }.sorted().joined(separator: ", ")
    throw Failure(
      .usage, zh: "--value 只用于一个字段的冲突,这些涉及 \(list);请加 --record 和 --field",
      en: "--value is for conflicts of one field, these are of \(list): name it with --record and --field")
  }

  /// What a county may not choose is named, too.
  private static let oneOnly = Failure(
    .usage, zh: "请在 --keep、--take、--value、--remove 中选一个",
    en: "choose one of --keep, --take, --value and --remove")

  private func choice(_ master: Master, _ id: Int64?) throws -> Master.Choice {
    if remove {
      guard !choice.isGiven else { throw Self.oneOnly }
      return .remove
    }
    return switch try choice.read({ try id.map { try master.conflict($0) } }, master.schema, oneOnly: Self.oneOnly) {
    case .keep: .keep
    case .take(let contender): .take(contender)
    case .value(let value): .value(value)
    }
  }
}

/// `city reopen ID --reason TEXT`
struct Reopen: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reopen", abstract: words("Open a decided conflict again. 重新审理"))
  @OptionGroup var options: CommonOptions
  @Argument(help: ArgumentHelp(words("The conflict's number. 冲突编号"))) var id: Int64
  @Option(help: ArgumentHelp(words("Why. 理由"))) var reason: String

  func run() async throws {
    try await options.run {
      let master = try options.open(CityProgram.self)
      try requireReason(reason)
      let conflict = try master.reopen(id, reason: reason, actor: options.actor)
      options.show(conflictJSON(conflict, master.schema), conflictText(conflict, master.schema, options.language))
    }
  }
}
