import ArgumentParser
import Commands
import Master
import Presentation
import Registry
import SQLiteStore
import SyncCore

/// Parked changes, and why they are settled.
struct RulingArguments: ParsableArguments {
  @OptionGroup var options: CommonOptions
  @Argument(help: ArgumentHelp(words("Numbers, as `parked` prints them. 搁置编号"))) var ids: [Int64]
  @Option(help: ArgumentHelp(words("Why. 理由"))) var reason: String

  func settle(as state: ParkedState, _ word: Label, _ body: (Master, [Int64], String, String?) throws -> Void)
    async throws
  {
    try await options.run {
      try requireReason(reason)
      try body(try options.open(CityProgram.self), ids, reason, options.actor)
      let rows = ids.map { JSON.object([("id", .integer($0)), ("state", .string(state.rawValue))]) }
      options.show(.array(rows), word.text(options.language) + ": " + ids.map(String.init).joined(separator: ", "))
    }
  }
}

/// `city admit ID … --reason TEXT`
struct Admit: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "admit",
    abstract: words("Take parked changes in: out of scope, or revision requests of a closed period. 准予入库"))
  @OptionGroup var ruling: RulingArguments

  func run() async throws {
    try await ruling.settle(as: .admitted, Label(zh: "已入库", en: "admitted")) { master, ids, reason, actor in
      let asked = try master.parked().filter { ids.contains($0.id) }
      let newest = Dictionary(try Published.all(master).map { ($0.no, $0) }) { $1 }
      try master.admit(ids, reason: reason, actor: actor)
      for period in Set(asked.compactMap { self.period(of: $0, master.schema) }).sorted() {
        tell(of: newest.values.sorted { $0.no < $1.no }, withFiguresOf: period)
      }
    }
  }

  /// The closed period of which a revision was requested.
  private func period(of parked: MasterParkedRow, _ schema: Schema) -> Int64? {
    guard parked.reason == "locked", let record = schema.record(parked.ref.record),
      let field = record.rules.lock?.key.first, let place = record.key.firstIndex(of: field),
      case .integer(let period) = parked.ref.key.values[place]
    else { return nil }
    return period
  }

  /// What was published stays as it is: a new version says what is different. Each prints the year before beside its own.
  private func tell(of publications: [Published], withFiguresOf period: Int64) {
    let year = period > 9999 ? period / 100 : period
    let years = [String(year), String(year + 1)]
    for item in publications {
      guard let chosen = item.chosen, ["bulletin", "plan", "county"].contains(chosen.report) else { continue }
      let drawnFor = chosen.report == "bulletin" ? chosen.subject ?? "" : chosen.figuresYear
      guard years.contains(where: drawnFor.hasPrefix) else { continue }
      ruling.options.tell(
        Label(
          zh: "\(period) 的数据可能已在发布 \(item.no) 第 \(item.version) 版中;如有不同,请用 publish 发布新版",
          en: "figures of \(period) may be in publication \(item.no), version \(item.version); if so, publish a new one"
        ))
    }
  }
}

/// `city dismiss ID … --reason TEXT`
struct Dismiss: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dismiss", abstract: words("Refuse parked changes; their senders are told why. 不予入库"))
  @OptionGroup var ruling: RulingArguments

  func run() async throws {
    try await ruling.settle(as: .dismissed, Label(zh: "已退回", en: "dismissed")) { master, ids, reason, actor in
      try master.dismiss(ids, reason: reason, actor: actor)
    }
  }
}

/// `city merge-records KEEP DUPLICATE --reason TEXT [--record RECORD]`
struct MergeRecords: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "merge-records",
    abstract: words("Make one row of two: children follow, differing cells become conflicts. 合并重复记录"))
  @OptionGroup var options: CommonOptions
  @Argument(help: ArgumentHelp(words("The key of the row that stays, or field:value. 保留的记录"))) var keep: String
  @Argument(help: ArgumentHelp(words("The key of the duplicate, in the master or parked. 重复的记录"))) var duplicate: String
  @Option(help: ArgumentHelp(words("The record, when the key does not tell. 记录名"))) var record: String?
  @Option(help: ArgumentHelp(words("Why. 理由"))) var reason: String

  func run() async throws {
    try await options.run {
      try requireReason(reason)
      let master = try options.open(CityProgram.self)
      let (record, kept) = try find(master)
      try master.refusePublished(record)
      let other = try master.key(duplicate, in: record)
      let isEnterprise = master.schema.name == Registry.schemaName && record.name == "enterprise"
      let notes = try isEnterprise ? master.cultivationNotes(joining: kept, other) : []
      let merged = try master.mergeRecords(
        record, keep: kept, duplicate: other, reason: reason, actor: options.actor)
      let conflicts = merged.conflicts
      let text = conflicts.map { conflictText($0, master.schema, options.language) }
      let done = Label(
        zh: "已并入 \(KeyText.show(kept)),待裁决冲突 \(conflicts.count) 个",
        en: "merged into \(KeyText.show(kept)); \(conflicts.count) conflicts to decide")
      options.show(
        .object([
          ("record", .string(record.name)), ("kept", keyJSON(kept)), ("alias", keyJSON(other)),
          ("conflicts", .array(conflicts.map { conflictJSON($0, master.schema) })),
          ("lapsed", .array(merged.lapsed.map(json))),
        ]), ([done.text(options.language)] + text).joined(separator: "\n\n"))
      for row in merged.lapsed { options.tell(lapsed(row)) }
      notes.forEach(options.tell)
    }
  }

  private func json(_ row: RowRef) -> JSON { .object([("record", .string(row.record)), ("key", keyJSON(row.key))]) }

  private func lapsed(_ row: RowRef) -> Label {
    let place = row.shown
    return Label(
      zh: "\(place) 已改属保留的记录,此前的同意随之失效;双方须重新 approve",
      en: "\(place) belongs to the row that stays now, and its approvals were of another version: approve it again")
  }

  /// The record that has the row that stays.
  private func find(_ master: Master) throws -> (RecordSchema, RowKey) {
    if let record {
      let record = try master.namedRecord(record)
      return (record, try master.key(keep, in: record))
    }
    let found = try master.schema.records.compactMap { record -> (RecordSchema, RowKey)? in
      guard record.projects == nil, let key = try? master.key(keep, in: record), try master.row(record, key: key) != nil
      else { return nil }
      return (record, key)
    }
    guard let only = found.first else {
      throw Failure(.notFound, zh: "没有主键为 \(keep) 的记录", en: "no row has the key \(keep)")
    }
    guard found.count == 1 else {
      let names = found.map(\.0.name).joined(separator: ", ")
      throw Failure(
        .usage, zh: "\(keep) 在多种记录中都有(\(names));请用 --record 指明",
        en: "\(keep) is in several records (\(names)); name one with --record")
    }
    return only
  }
}
