import ArgumentParser
import GRDB
import Presentation
import Registry
import SQLiteStore
import SyncCore
import SyncProtocol

/// `approve RECORD KEY [--version V] [--on DATE]`
public struct Approve<P: Program>: AsyncParsableCommand {
  public static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "approve", abstract: words("Approve this version of a row that needs both sides. 同意此版本"))
  }
  @OptionGroup public var options: CommonOptions
  @OptionGroup public var row: RowArguments
  @Option(help: ArgumentHelp(words("Refuse when the row is at another version than this. 所查看的版本"))) public var version:
    String?
  @Option(help: ArgumentHelp(words("When both have approved: the day of entry into the cultivation list. 入库日期"))) public
    var on: String?
  public init() {}

  public func run() async throws {
    try await options.run {
      let store = try options.open(P.self)
      let (record, key) = try row.find(in: store)
      guard let joint = record.rules.joint,
        let column = record.index(of: store.side == .city ? joint.city : joint.county)
      else {
        throw Failure(.usage, zh: "\(record.name) 不需要双方同意", en: "\(record.name) needs no approval of two sides")
      }
      let day = try store.pastDay(on, "--on")
      let cells = try store.edit(as: options.actor) { db in
        guard let before = try record.row(db, key: key) else { throw store.missing(record, key) }
        let current = record.version(of: before) ?? ""
        if let version, version != current {
          throw Failure(
            .data, zh: "\(record.name) \(KeyText.show(key)) 已是另一版本 \(current);请重新查看",
            en: "\(record.name) \(KeyText.show(key)) is at version \(current) now; look again before you approve")
        }
        try store.update(db, record, key: key, [column: .text(current)])
        let after = try record.row(db, key: key) ?? []
        let isAgreed =
          store.schema.name == Registry.schemaName && record.name == "cultivation_entry"
          && record.approval(of: after) == .both
        let isEntry = isAgreed && record.approval(of: before) != .both
        if isAgreed { try noteEntry(db, store, record, after, day, isEntry: isEntry) }
        guard isEntry || on == nil else {
          throw Failure(
            .usage, zh: "--on 是双方同意后的入库日期;这次同意并不使其入库,请去掉 --on",
            en: "--on, the day of entry into the list, goes with the approval by which both agree; leave it out")
        }
        return after
      }
      let approval = record.approval(of: cells) ?? .none
      options.show(
        .object([
          ("record", .string(record.name)), ("key", keyJSON(key)),
          ("version", .string(record.version(of: cells) ?? "")), ("approval", .string(approval.rawValue)),
        ]), approval.label.text(options.language))
    }
  }

  /// An approval has no day: the enterprise's changes of status keep the one on which it entered the list. Whoever has left
  /// a batch does not enter it again.
  private func noteEntry(
    _ db: Database, _ store: P.Store, _ entries: RecordSchema, _ row: [Value], _ day: CalendarDay, isEntry: Bool
  ) throws {
    let (enterprise, batch) = (entries.value("enterprise_id", of: row), entries.text("batch", of: row) ?? "")
    let left = try store.leftCultivation(db, enterprise, batch: batch)
    if let left, left <= day {
      let message = Label(
        zh: "已于 \(left) 退出批次 \(batch),不在培育库中;请推荐到另一批次",
        en: "left batch \(batch) on \(left) and is not on the list; nominate it for another batch")
      guard on == nil else { throw Failure(.data, zh: message.zh, en: message.en) }
      options.tell(message)
      return
    }
    guard isEntry else { return }
    try store.note(db, StatusChange(cultivation, .entry, from: nil, to: batch, on: day), of: enterprise)
  }
}
