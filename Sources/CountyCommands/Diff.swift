import ArgumentParser
import Commands
import Foundation
import Presentation
import Registry
import Replica
import SQLiteStore
import SyncCore

/// `county diff [RECORD [KEY]]`
struct Diff: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "diff", abstract: words("What changed since the last sync: base and current values. 与上次同步的差别"))
  @OptionGroup var options: CommonOptions
  @Argument(help: ArgumentHelp(words("Only this record. 只看此记录"))) var record: String?
  @Argument(help: ArgumentHelp(words("Only this row. 只看此行"))) var key: String?

  func run() async throws {
    try await options.run {
      let replica = try options.open(CountyProgram.self)
      let record = try self.record.map { try replica.namedRecord($0) }
      let key = try record.flatMap { record in try self.key.map { try replica.key($0, in: record) } }
      let entries = try replica.diff(record, key: key) + replica.asked(record, key: key)
      if let record, let key, entries.isEmpty, try replica.row(record, key: key) == nil,
        try replica.history(record, key: key).isEmpty
      {
        throw replica.missing(record, key)
      }
      let shown = entries.map { masked($0, replica.schema) }
      let headers =
        options.language == .zh
        ? ["记录", "主键", "改动", "字段", "基准", "现值", "市里新值", "何人"]
        : ["record", "key", "change", "field", "base", "current", "upstream", "who"]
      options.show(.array(shown.map(json)), TextTable(headers: headers, rows: shown.map(line)).render())
    }
  }

  private func masked(_ entry: DiffEntry, _ schema: Schema) -> DiffEntry {
    guard let field = schema.field(entry.field, of: entry.ref.record) else { return entry }
    var entry = entry
    entry.base = Masking.mask(entry.base, field)
    entry.current = Masking.mask(entry.current, field)
    entry.upstream = entry.upstream.map { Masking.mask($0, field) }
    return entry
  }

  private func line(_ entry: DiffEntry) -> [String] {
    let isCell = entry.field != nil
    let kind = entry.isAsked ? Label(zh: "申请删除,由市里决定", en: "delete, for the city to decide") : entry.kind.label
    return [
      entry.ref.record, KeyText.show(entry.ref.key), kind.text(options.language), entry.field ?? "",
      isCell ? ValueText.spellOrNull(entry.base) : "", isCell ? ValueText.spellOrNull(entry.current) : "",
      entry.upstream.map(ValueText.spellOrNull) ?? "", entry.edit.actor,
    ]
  }

  private func json(_ entry: DiffEntry) -> JSON {
    .object([
      ("record", .string(entry.ref.record)), ("key", keyJSON(entry.ref.key)), ("change", .string("\(entry.kind)")),
      ("field", entry.field.map(JSON.string) ?? .null), ("base", JSON(entry.base)), ("current", JSON(entry.current)),
      ("upstream", entry.upstream.map { JSON($0) } ?? .null), ("actor", .string(entry.edit.actor)),
      ("edited_at", .string(isoTime(milliseconds: entry.edit.stamp.milliseconds))), ("asked", .bool(entry.isAsked)),
    ])
  }
}

/// `county revert RECORD KEY`
struct Revert: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "revert", abstract: words("Take back the edits of a row that were not sent. 撤回未同步的修改"))
  @OptionGroup var options: CommonOptions
  @OptionGroup var row: RowArguments

  func run() async throws {
    try await options.run {
      let replica = try options.open(CountyProgram.self)
      // A row that was deleted here is found by its key only.
      let (record, key) = try row.find(in: replica)
      let before = try replica.row(record, key: key)
      try replica.revert(record, key: key)
      if let before, replica.schema.name == Registry.schemaName, record.name == "cultivation_entry" {
        try revertNotes(of: before, record, replica)
      }
      let cells = try replica.row(record, key: key)
      options.show(
        cells.map { rowJSON(record, $0) } ?? .null, Label(zh: "已撤回", en: "taken back").text(options.language))
    }
  }

  /// What was noted of an entry with the edits that are taken back goes with them, unless it was sent.
  private func revertNotes(of entry: [Value], _ entries: RecordSchema, _ replica: Replica) throws {
    let events = try replica.record("status_event")
    for added in try replica.diff(events) where added.kind == .insert {
      guard let event = try replica.row(events, key: added.ref.key),
        isCultivationNote(event, events, of: entry, entries)
      else { continue }
      try replica.revert(events, key: added.ref.key)
    }
  }
}
