import ArgumentParser
import Commands
import GRDB
import Presentation
import Registry
import Replica
import SQLiteStore
import SyncCore

/// `county transfer-request out|in USCC --other ORG [--on DATE] --reason TEXT`
struct TransferRequest: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "transfer-request",
    abstract: words("File this unit's side of an enterprise's move; the city completes it when both have filed. 迁移申请"))
  enum Direction: String, ExpressibleByArgument, CaseIterable { case out, `in` }

  @OptionGroup var options: CommonOptions
  @Argument(help: ArgumentHelp(words("out or in. 迁出或迁入"))) var direction: Direction
  @Argument(help: ArgumentHelp(words("The enterprise's credit code. 统一社会信用代码"))) var uscc: String
  @Option(help: ArgumentHelp(words("The other unit. 对方单位"))) var other: String
  @Option(help: ArgumentHelp(words("The day on which it takes effect; today without it. 生效日期"))) var on: String?
  @Option(help: ArgumentHelp(words("Why. 理由"))) var reason: String

  func run() async throws {
    try await options.run {
      try requireReason(reason)
      let replica = try options.open(CountyProgram.self)
      let day = try replica.day(on, "--on") ?? replica.today
      let key = try replica.edit(as: options.actor) { db in
        try assertSensible(db, replica)
        return try replica.add(
          db, "transfer",
          [
            "direction": .text(direction.rawValue), "uscc": .text(uscc), "other_org": .text(other),
            "effective_on": Value(day), "reason": .text(reason),
          ])
      }
      options.show(
        .object([
          ("record", .string("transfer")), ("key", keyJSON(key)), ("direction", .string(direction.rawValue)),
          ("uscc", .string(uscc)), ("other_org", .string(other)), ("effective_on", .string(day.description)),
        ]),
        Label(zh: "已申请,下次同步时送市里", en: "filed; it goes to the city with the next sync").text(options.language))
    }
  }

  private func assertSensible(_ db: Database, _ replica: Replica) throws {
    if other == replica.unit {
      throw Failure(.usage, zh: "--other 应为对方单位,不是本单位", en: "--other is the other unit, not your own")
    }
    let enterprises = try replica.record("enterprise")
    let isHere =
      try replica.rows(db, enterprises, ["uscc": .text(uscc), "owner_org": Value(replica.unit)]).isEmpty == false
    if direction == .out, !isHere {
      throw Failure(
        .notFound, zh: "本单位没有信用代码为 \(uscc) 的企业", en: "this unit has no enterprise with the credit code \(uscc)")
    }
    if direction == .in, isHere {
      throw Failure(.data, zh: "\(uscc) 已在本单位", en: "\(uscc) is in this unit already")
    }
    let transfers = try replica.record("transfer")
    let open = try replica.rows(
      db, transfers, ["uscc": .text(uscc), "direction": .text(direction.rawValue), "completed_on": .null])
    if let row = open.first {
      let there = KeyText.show(transfers.rowKey(of: row))
      throw Failure(
        .data, zh: "\(uscc) 已有未办结的申请 \(there);请用 edit 修改",
        en: "\(uscc) has an open request already, \(there); edit changes it")
    }
  }
}
