import ArgumentParser
import Commands
import Foundation
import Master
import Presentation
import SQLiteStore
import SyncCore
import SyncProtocol

/// `city parked`
struct CityParked: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "parked", abstract: words("Rows that cannot stand in the master, with the reason. 搁置的记录"))
  @OptionGroup var options: CommonOptions
  @Option(help: ArgumentHelp(words("waiting or all. 待处理或全部:waiting、all"))) var state = "waiting"

  func run() async throws {
    try await options.run {
      let master = try options.open(CityProgram.self)
      let parked = try master.parked(waiting: try parkedStates(state))
      let rows = parked.map {
        [
          "\($0.id)", $0.ref.record, KeyText.show($0.ref.key), parkingReason($0.reason).text(options.language),
          $0.detail.text(options.language), $0.edit.actor, String($0.replica.prefix(8)),
          $0.state.label.text(options.language),
          $0.ruling.map { "\($0.detail.text(options.language)) (\($0.edit.actor))" } ?? "",
        ]
      }
      let headers =
        options.language == .zh
        ? ["编号", "记录", "主键", "原因", "说明", "何人", "机器", "状态", "裁定"]
        : ["id", "record", "key", "reason", "detail", "who", "replica", "state", "ruling"]
      options.show(.array(parked.map { json($0, master) }), TextTable(headers: headers, rows: rows).render())
    }
  }

  private func json(_ row: MasterParkedRow, _ master: Master) -> JSON {
    .object([
      ("id", .integer(row.id)), ("record", .string(row.ref.record)), ("key", keyJSON(row.ref.key)),
      ("reason", .string(row.reason)), ("detail", .string(row.detail.text(options.language))),
      ("row", master.schema.record(row.ref.record).map { rowJSON($0, row.row) } ?? .null),
      ("replica", .string(row.replica)),
      ("actor", .string(row.edit.actor)), ("state", .string(row.state.rawValue)),
      ("ruling", row.ruling.map { .string($0.detail.text(options.language)) } ?? .null),
      ("ruled_by", row.ruling.map { .string($0.edit.actor) } ?? .null),
    ])
  }
}

/// `city replicas`
struct Replicas: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replicas", abstract: words("The enrolled machines. 已登记的机器"))
  @OptionGroup var options: CommonOptions

  func run() async throws {
    try await options.run {
      let replicas = try options.open(CityProgram.self).replicas()
      let rows = replicas.map {
        [
          $0.id, $0.org, "\($0.batches)", "\($0.cursor)", $0.lastSeen.map(isoTime) ?? "",
          ($0.isWithdrawn ? Self.withdrawn : Self.live).text(options.language),
          $0.formerly.map { String($0.prefix(8)) }.joined(separator: " "),
        ]
      }
      let headers =
        options.language == .zh
        ? ["机器", "单位", "批数", "游标", "最近联系", "状态", "曾用编号"]
        : ["replica", "org", "batches", "cursor", "last seen", "state", "formerly"]
      options.show(.array(replicas.map(json)), TextTable(headers: headers, rows: rows).render())
    }
  }

  private static let live = Label(zh: "在用", en: "live")
  private static let withdrawn = Label(zh: "已停用", en: "withdrawn")

  private func json(_ replica: ReplicaInfo) -> JSON {
    .object([
      ("id", .string(replica.id)), ("org", .string(replica.org)), ("batches", .integer(replica.batches)),
      ("cursor", .integer(replica.cursor)), ("enrolled_at", .string(isoTime(milliseconds: replica.enrolledAt))),
      ("last_seen", replica.lastSeen.map { .string(isoTime(milliseconds: $0)) } ?? .null),
      ("withdrawn", .bool(replica.isWithdrawn)), ("formerly", .array(replica.formerly.map(JSON.string))),
    ])
  }
}

/// `city withdraw REPLICA`
struct Withdraw: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "withdraw",
    abstract: words(
      "Refuse a lost or distrusted machine from now on, and whoever rejoined from it and was not heard since. "
        + "停用一台机器,包括由它更换编号而市里尚未得知的机器"))
  @OptionGroup var options: CommonOptions
  @Argument(help: ArgumentHelp(words("The machine's id, as `replicas` prints it. 机器编号"))) var replica: String

  func run() async throws {
    try await options.run {
      guard let id = Identifier(hex: replica) else {
        throw Failure(
          .usage, zh: "\(replica) 不是机器编号", en: "\(replica) is not the id of a replica; city replicas lists them")
      }
      let master = try options.open(CityProgram.self)
      try master.withdraw(id, actor: options.actor)
      // Whoever had the machine's key may have taken another one with it.
      for other in try master.replicas() where other.formerly.contains(id.description) && !other.isWithdrawn {
        options.tell(
          Label(
            zh: "机器 \(other.id) 曾用此编号,仍可同步;如属同一台遗失的机器,请一并停用",
            en:
              "replica \(other.id) was this one before and still syncs; withdraw it too if it is the machine that was lost"
          ))
      }
      options.show(.object([("id", .string(id.description)), ("withdrawn", .bool(true))]), "")
    }
  }
}
