import ArgumentParser
import Commands
import Foundation
import Presentation
import Replica
import SQLiteStore
import SyncCore

/// `county status`
struct Status: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: words("What waits to be sent, and when the last sync was. 状态"))
  @OptionGroup var options: CommonOptions

  func run() async throws {
    try await options.run {
      let status = try options.open(CountyProgram.self).status()
      for held in status.held {
        let row = "\(held.ref.shown).\(held.problem.field)"
        options.tell(
          Label(zh: "不能发送 \(row):\(held.problem.message.zh)", en: "cannot be sent: \(row) \(held.problem.message.en)"))
      }
      let last = status.lastSync.map(isoTime)
      options.show(json(status, last), text(status, last))
    }
  }

  private func json(_ status: ReplicaStatus, _ last: String?) -> JSON {
    .object([
      ("org", .string(status.org)), ("replica", .string(status.replica)), ("server", .string(status.server)),
      ("pending", .integer(Int64(status.pending))), ("in_flight", .integer(Int64(status.inFlight))),
      ("cursor", .integer(status.cursor)), ("last_sync", last.map(JSON.string) ?? .null),
      ("open_conflicts", .integer(Int64(status.openConflicts))), ("parked", .integer(Int64(status.parked))),
      ("held", .integer(Int64(status.held.count))),
      ("bundle_written", status.bundleWritten.map { .string(isoTime(milliseconds: $0)) } ?? .null),
    ])
  }

  private func text(_ status: ReplicaStatus, _ last: String?) -> String {
    func word(_ zh: String, _ en: String) -> String { Label(zh: zh, en: en).text(options.language) }
    let rows = [
      [word("单位", "org unit"), status.org], [word("机器", "machine"), String(status.replica.prefix(8))],
      [word("市里的地址", "city"), status.server], [word("待同步", "pending"), "\(status.pending)"],
      [word("已发送未确认", "in flight"), "\(status.inFlight)"],
      [word("上次同步", "last sync"), last ?? word("从未", "never")],
      [word("未决冲突", "open conflicts"), "\(status.openConflicts)"], [word("搁置", "parked"), "\(status.parked)"],
      [word("不能发送", "held back"), "\(status.held.count)"],
      [word("U盘待回复", "on a stick, unanswered"), status.bundleWritten.map(isoTime) ?? word("无", "none")],
    ]
    return TextTable(headers: [word("项目", "item"), word("值", "value")], rows: rows).render()
  }
}
