import ArgumentParser
import GRDB
import Presentation
import Registry
import SQLiteStore
import SyncCore

/// `exit ENTERPRISE [--batch B] --reason TEXT [--on DATE]`
public struct ExitCultivation<P: Program>: AsyncParsableCommand {
  public static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "exit", abstract: words("Take an enterprise off the cultivation list, or off one batch of it. 退出培育库")
    )
  }
  @OptionGroup public var options: CommonOptions
  @Argument(help: ArgumentHelp(words("The key, uscc:CODE, or the credit code. 企业"))) public var enterprise: String
  @Option(help: ArgumentHelp(words("cultivation; a recognition ends with `city revoke`. 事项"))) public var scheme =
    cultivation
  @Option(help: ArgumentHelp(words("Only this batch. 批次"))) public var batch: String?
  @Option(help: ArgumentHelp(words("Why. 理由"))) public var reason: String
  @Option(help: ArgumentHelp(words("The day; today without it. 日期"))) public var on: String?
  public init() {}

  public func run() async throws {
    try await options.run {
      try requireReason(reason)
      guard scheme == cultivation else {
        throw Failure(
          .notAllowed, zh: "\(scheme) 的认定由市里撤销:city revoke;县区可用 edit recognition 编号 revoked_on=日期 提出建议",
          en:
            "a recognition as \(scheme) ends with `city revoke`; a county proposes it with edit recognition KEY revoked_on=DATE"
        )
      }
      let store = try options.open(P.self)
      let key = try store.enterprise(enterprise).key
      let day = try store.pastDay(on, "--on")
      let left = try store.edit(as: options.actor) { try leave($0, store, key, day) }
      options.show(
        .object([
          ("enterprise", keyJSON(key)), ("scheme", .string(scheme)), ("withdrawn_on", .string(day.description)),
          ("entries", .array(left.map(keyJSON))),
        ]),
        Label(zh: "已退出 \(left.count) 个批次", en: "off \(left.count) batches").text(options.language))
    }
  }

  /// Marks the entries that are on the list, and notes each exit.
  private func leave(_ db: Database, _ store: P.Store, _ key: RowKey, _ day: CalendarDay) throws -> [RowKey] {
    let enterprise = try store.enterprise(db, key)
    let entries = try store.record("cultivation_entry")
    let live = try store.rows(db, entries, ["enterprise_id": enterprise.id]).filter { row in
      let isStill = entries.day("withdrawn_on", of: row).map { $0 > day } ?? true
      return isStill && (batch == nil || entries.text("batch", of: row) == batch)
    }
    if live.isEmpty {
      throw Failure(
        .notFound, zh: "\(enterprise.shown) 不在培育库\(batch.map { "批次 \($0) " } ?? "")中",
        en: "\(enterprise.shown) is not on the cultivation list\(batch.map { " of batch \($0)" } ?? "")")
    }
    for row in live {
      try store.update(db, entries, key: entries.rowKey(of: row), try entries.cells(["withdrawn_on": Value(day)]))
      let batch = entries.text("batch", of: row)
      try store.note(
        db, StatusChange(cultivation, .exit, from: batch, to: "withdrawn", on: day, reason: reason), of: enterprise.id)
    }
    return live.map(entries.rowKey(of:))
  }
}

extension RecordStore {
  /// The day on which an enterprise left a batch of the cultivation list. An exit that was noted stands, whatever the entry
  /// says since. Inside `edit`.
  public func leftCultivation(_ db: Database, _ enterprise: Value, batch: String) throws -> CalendarDay? {
    let (entries, events) = (try record("cultivation_entry"), try record("status_event"))
    let exit: KeyValuePairs<String, Value> = [
      "enterprise_id": enterprise, "scheme": .text(cultivation), "kind": .text(StatusChange.Kind.exit.rawValue),
      "from_state": .text(batch),
    ]
    let days =
      try rows(db, entries, ["enterprise_id": enterprise, "batch": .text(batch)]).compactMap {
        entries.day("withdrawn_on", of: $0)
      } + rows(db, events, exit).compactMap { events.day("happened_on", of: $0) }
    return days.min()
  }

  /// Of two enterprises that become one: what was noted of a batch for which only the other has an entry. It counts for
  /// that entry from then on.
  public func cultivationNotes(joining kept: RowKey, _ duplicate: RowKey) throws -> [Label] {
    let (entries, events) = (try record("cultivation_entry"), try record("status_event"))
    return try read { db in
      var labels: [Label] = []
      for (own, other) in [(kept, duplicate), (duplicate, kept)] {
        for event in try rows(db, events, ["enterprise_id": own.values[0], "scheme": .text(cultivation)]) {
          let isExit = events.text("kind", of: event) == StatusChange.Kind.exit.rawValue
          let batch = events.value(isExit ? "from_state" : "to_state", of: event)
          for entry in try rows(db, entries, ["enterprise_id": other.values[0], "batch": batch]) {
            let (id, place) = (KeyText.show(events.rowKey(of: event)), KeyText.show(entries.rowKey(of: entry)))
            let day = events.text("happened_on", of: event) ?? ""
            let kind = isExit ? Label(zh: "退出", en: "an exit") : Label(zh: "进入", en: "an entry")
            labels.append(
              Label(
                zh: "另一企业 \(day) 的\(kind.zh)(status_event \(id))今后算作 cultivation_entry \(place) 的;"
                  + "如不属实,请用 city delete 删除",
                en: "status_event \(id), \(kind.en) of \(day), was noted of the other one and counts for "
                  + "cultivation_entry \(place) now; if it does not hold, city delete it"))
          }
        }
      }
      return labels
    }
  }
}

/// Whether a change of status is the entry or exit of this entry of the cultivation list.
public func isCultivationNote(
  _ event: [Value], _ events: RecordSchema, of entry: [Value], _ entries: RecordSchema
) -> Bool {
  let state = events.text("kind", of: event) == StatusChange.Kind.exit.rawValue ? "from_state" : "to_state"
  return events.text("scheme", of: event) == cultivation
    && events.value("enterprise_id", of: event) == entries.value("enterprise_id", of: entry)
    && events.value(state, of: event) == entries.value("batch", of: entry)
}

/// What status events call the cultivation list.
let cultivation = "cultivation"
