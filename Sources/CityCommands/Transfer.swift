import ArgumentParser
import Commands
import GRDB
import Master
import Presentation
import Registry
import SQLiteStore
import SyncCore

/// `city transfer RECORD (KEY | --from ORG) --to ORG [--reason TEXT]`
struct Transfer: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "transfer",
    abstract: words("Give a row, or all of a unit, to another unit; what hangs on them goes along. 迁移"))
  @OptionGroup var options: CommonOptions
  @Argument(help: ArgumentHelp(words("A record whose rows name their unit. 记录名"))) var record: String
  @Argument(help: ArgumentHelp(words("The key, or field:value of a unique field. 主键或 唯一字段:值"))) var key: String?
  @Option(help: ArgumentHelp(words("All rows of this unit. 原单位"))) var from: String?
  @Option(help: ArgumentHelp(words("The unit that takes over. 新单位"))) var to: String
  @Option(help: ArgumentHelp(words("Why; an enterprise's move that not both units have filed needs it. 理由")))
  var reason: String?

  func run() async throws {
    try await options.run {
      let master = try options.open(CityProgram.self)
      let record = try master.namedRecord(self.record)
      guard case .field(let name) = record.scope, let column = record.index(of: name) else {
        throw Failure(
          .usage, zh: "\(record.name) 不直接归属单位", en: "\(record.name) does not name its unit; transfer what it belongs to"
        )
      }
      guard (key == nil) != (from == nil) else {
        throw Failure(.usage, zh: "请给出主键或 --from 之一", en: "give a key or --from, one of them")
      }
      if let reason { try requireReason(reason) }
      for unit in [to, from].compactMap(\.self) { try master.requireUnit(unit) }
      let named = try key.map { [try master.key($0, in: record)] }
      let (rows, filings) = try master.edit(as: options.actor) { db -> (Int, Int) in
        // Read here, for a row may move on while this waits for its turn.
        let all = try named ?? master.rows(db, record, [name: .text(from ?? "")]).map(record.rowKey(of:))
        // Nobody files what is so already.
        let keys = try all.filter { try record.row(db, key: $0)?[column] != .text(to) }
        return (keys.count, try keys.reduce(0) { $0 + (try move(db, master, record, $1, column)) })
      }
      options.show(
        .object([
          ("record", .string(record.name)), ("to", .string(to)), ("rows", .integer(Int64(rows))),
          ("filings", .integer(Int64(filings))),
        ]),
        Label(zh: "已迁移 \(rows) 条至 \(to)", en: "\(rows) rows moved to \(to)").text(options.language))
    }
  }

  /// Moves one row; with an enterprise of the registry its filings are completed. Returns how many.
  private func move(_ db: Database, _ master: Master, _ record: RecordSchema, _ key: RowKey, _ column: Int) throws
    -> Int
  {
    guard record.name == "enterprise", let transfers = master.schema.record("transfer") else {
      try master.update(db, record, key: key, [column: .text(to)])
      return 0
    }
    let enterprise = try master.enterprise(db, key)
    let filings = try TransferFilings(db, master, transfers, enterprise, to: to)
    // A unit that is merged into another one moves with all it has, and files nothing.
    if from == nil, reason == nil { try filings.assertBoth(enterprise) }
    if let days = filings.otherDays(than: master.today) { options.tell(days.about(enterprise)) }
    try master.update(db, record, key: key, [column: .text(to)])
    let ended = from == nil ? filings.fromItsUnit : filings.rows
    for row in ended {
      try master.update(
        db, transfers, key: transfers.rowKey(of: row), try transfers.cells(["completed_on": Value(master.today)]))
    }
    let change = StatusChange(
      "transfer", .adjustment, from: enterprise.owner, to: to, on: master.today, reason: reason ?? filings.reason)
    try master.note(db, change, of: enterprise.id)
    return ended.count
  }
}

extension Label {
  fileprivate func about(_ enterprise: Enterprise) -> Label {
    Label(zh: "\(enterprise.shown):\(zh)", en: "\(enterprise.shown): \(en)")
  }
}

/// What the two units have filed about an enterprise's move.
private struct TransferFilings {
  let to: String
  let out, into: [Value]?
  let reason: String?
  /// Whatever was filed of a move away from the unit that it leaves, whereto is no matter: it has left.
  let fromItsUnit: [[Value]]
  private let days: [CalendarDay]
  var rows: [[Value]] { [out, into].compactMap(\.self) }

  init(_ db: Database, _ master: Master, _ record: RecordSchema, _ enterprise: Enterprise, to: String) throws {
    self.to = to
    let open = try master.rows(db, record, ["uscc": Value(enterprise.uscc), "completed_on": .null])
    func filed(_ direction: String, by org: String?, with other: String?) -> [Value]? {
      open.first {
        enterprise.uscc != nil && record.text("direction", of: $0) == direction && record.text("org", of: $0) == org
          && record.text("other_org", of: $0) == other
      }
    }
    out = filed("out", by: enterprise.owner, with: to)
    into = filed("in", by: to, with: enterprise.owner)
    reason = (into ?? out).flatMap { record.text("reason", of: $0) }
    fromItsUnit = open.filter { row in
      let source = record.text("direction", of: row) == "out" ? "org" : "other_org"
      return enterprise.uscc != nil && record.text(source, of: row) == enterprise.owner
    }
    days = [out, into].compactMap { $0.flatMap { record.day("effective_on", of: $0) } }
  }

  /// The days for which the two units have filed the move, where they differ or one is still to come.
  func otherDays(than today: CalendarDay) -> Label? {
    guard let first = days.min(), let last = days.max(), first < last || today < last else { return nil }
    return Label(
      zh: "申请的生效日期为 \(first == last ? "\(first)" : "\(first) 和 \(last)"),现于 \(today) 迁移",
      en: "filed for \(first == last ? "\(first)" : "\(first) and \(last)"), and moved on \(today)")
  }

  func assertBoth(_ enterprise: Enterprise) throws {
    let missing = [out == nil ? enterprise.owner : nil, into == nil ? to : nil].compactMap(\.self)
    if missing.isEmpty { return }
    let units = missing.joined(separator: ", ")
    throw Failure(
      .notAllowed, zh: "\(enterprise.shown) 的迁移还缺 \(units) 的申请(county transfer-request);市里直接办理请加 --reason",
      en:
        "the move of \(enterprise.shown) has not been filed by \(units) (county transfer-request); to move it all the same, give --reason"
    )
  }
}
