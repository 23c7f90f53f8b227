import ArgumentParser
import Commands
import Foundation
import Presentation
import Replica
import SQLiteStore
import SyncCore

/// `county parked`
struct CountyParked: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "parked", abstract: words("Rows that the city could not take, with the reason. 搁置的记录"))
  @OptionGroup var options: CommonOptions
  @Option(help: ArgumentHelp(words("waiting or all. 待处理或全部:waiting、all"))) var state = "waiting"

  func run() async throws {
    try await options.run {
      let replica = try options.open(CountyProgram.self)
      let parked = try replica.parked(waiting: try parkedStates(state))
      let rows = parked.map {
        [
          "\($0.id)", $0.ref.record, KeyText.show($0.ref.key), parkingReason($0.reason).text(options.language),
          $0.detail.text(options.language), $0.edit.actor, $0.state.label.text(options.language), $0.ruledBy ?? "",
        ]
      }
      let headers =
        options.language == .zh
        ? ["编号", "记录", "主键", "原因", "说明", "何人", "状态", "何人处理"]
        : ["id", "record", "key", "reason", "detail", "who", "state", "settled by"]
      options.show(.array(parked.map { json($0, replica) }), TextTable(headers: headers, rows: rows).render())
    }
  }

  private func json(_ row: ParkedRow, _ replica: Replica) -> JSON {
    .object([
      ("id", .integer(row.id)), ("record", .string(row.ref.record)), ("key", keyJSON(row.ref.key)),
      ("reason", .string(row.reason)), ("detail", .string(row.detail.text(options.language))),
      ("row", replica.schema.record(row.ref.record).map { rowJSON($0, row.row) } ?? .null),
      ("replica", .string(replica.identity.replica.description)), ("actor", .string(row.edit.actor)),
      ("state", .string(row.state.rawValue)), ("city_id", row.cityID.map(JSON.integer) ?? .null),
      ("ruled_by", row.ruledBy.map(JSON.string) ?? .null),
    ])
  }
}

/// `county withdraw ID [--reason TEXT]`
struct WithdrawParked: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "withdraw", abstract: words("Take back a parked row; the city hears of it with the next sync. 撤回搁置的记录")
  )
  @OptionGroup var options: CommonOptions
  @Argument(help: ArgumentHelp(words("The number, as `parked` prints it. 搁置编号"))) var id: Int64
  @Option(help: ArgumentHelp(words("Why. 理由"))) var reason = ""

  func run() async throws {
    try await options.run {
      try options.open(CountyProgram.self).withdraw(id, reason: reason, actor: options.actor)
      options.show(
        .object([("id", .integer(id)), ("state", .string(ParkedState.withdrawn.rawValue))]),
        Label(zh: "已撤回", en: "taken back").text(options.language))
    }
  }
}

/// `county decide ID (--keep | --take CONTENDER | --value V) --reason TEXT [--version N]`
struct CountyDecide: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "decide",
    abstract: words("Settle a conflict that only machines of this unit contest, where the schema allows it. 裁决本单位的冲突"))
  @OptionGroup var options: CommonOptions
  @Argument(help: ArgumentHelp(words("The conflict's number. 冲突编号"))) var id: Int64
  @OptionGroup var choice: ChoiceOptions
  @Option(help: ArgumentHelp(words("Why. 理由"))) var reason: String
  @Option(help: ArgumentHelp(words("Refuse when a contender came after this version. 所查看的版本"))) var version: Int64?

  func run() async throws {
    try await options.run {
      try requireReason(reason)
      let replica = try options.open(CountyProgram.self)
      var decision = Decision(
        conflict: id, choice: .keep, reason: reason, edit: Edit(stamp: Stamp(raw: 0), actor: options.actor ?? ""),
        version: version)
      switch try choice.read({ try conflict(replica) }, replica.schema) {
      case .keep: break
      case .take(let contender):
        decision.choice = .take
        decision.contender = contender
      case .value(let value):
        decision.choice = .value
        decision.value = value
      }
      try replica.decide(decision)
      options.show(
        .object([("conflict", .integer(id)), ("choice", .string(decision.choice.rawValue))]),
        Label(zh: "已记录,下次同步时生效", en: "recorded; it takes effect with the next sync").text(options.language))
    }
  }

  /// Nobody here types a value for what the city decides.
  private func conflict(_ replica: Replica) throws -> Conflict? {
    guard let conflict = try replica.findConflict(id) else { return nil }
    try replica.refuseCitys(conflict)
    return conflict
  }
}
