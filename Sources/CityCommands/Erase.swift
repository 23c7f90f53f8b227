import ArgumentParser
import Commands
import Master
import Presentation
import Registry
import SQLiteStore
import SyncCore

/// `city erase RECORD KEY [--field F …] --reason R`, `city erase RECORD --expired --reason R`
struct Erase: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "erase",
    abstract: words("Erase personal data for good: here, in the history, and at every county that holds it. 删除个人信息"))
  @OptionGroup var options: CommonOptions
  @Argument(help: ArgumentHelp(words("A record with personal data. 记录名"))) var record: String
  @Argument(help: ArgumentHelp(words("The key of the row; it may be deleted already. 主键"))) var key: String?
  @Option(name: .customLong("field"), help: ArgumentHelp(words("Only these fields. 只删除这些字段"))) var fields: [String] = []
  @Flag(
    help: ArgumentHelp(
      words("Rows whose expires_on has passed, deleted or parked ones too. 所有已过保存期限的,含已删除和搁置的")))
  var expired = false
  @Option(help: ArgumentHelp(words("Why. 理由"))) var reason: String

  func run() async throws {
    try await options.run {
      try requireReason(reason)
      let master = try options.open(CityProgram.self)
      let record = try master.namedRecord(self.record)
      let isDue = try due(master, record)
      let fields = self.fields.isEmpty ? nil : self.fields
      let keys =
        try key.map { [try master.key($0, in: record)] }
        ?? master.erasable(record, fields: fields) { isDue?($0) == true }
      let isLost = try key != nil && !keys.allSatisfy { try master.isKnown(record, $0) }
      // What came meanwhile may have prolonged a row.
      let erasures = try master.erase(
        record, keys: keys, where: isDue, fields: fields, reason: reason, actor: options.actor)
      options.show(.array(erasures.map(json)), text(erasures))
      let left = Set(keys).subtracting(erasures.map(\.key)).count
      if isDue != nil, left > 0 {
        options.tell(
          Label(
            zh: "另有 \(left) 条刚被修改,不再到期,未处理",
            en: "\(left) more were changed just now and are not expired any more; they stay"))
      }
      if isLost {
        options.tell(
          Label(
            zh: "市里没有这一行,可能已随磁盘丢失:删除已登记,持有它的机器下次同步时删除;"
              + "主键若有误,请按正确的主键再删除一次",
            en: "the city has no such row, which may be lost with its disk: the erasure is recorded, and machines that "
              + "have the row erase it with their next sync; if the key is wrong, erase by the right one, too"))
      }
      if try master.holdsOldPages() { options.tell(OldPages.left) }
    }
  }

  /// Whether a row's time has passed; nil when one row is named, whose time does not matter.
  private func due(_ master: Master, _ record: RecordSchema) throws -> (([Value]) -> Bool)? {
    guard (key == nil) == expired else {
      throw Failure(.usage, zh: "请给出主键,或用 --expired", en: "give a KEY, or --expired")
    }
    guard expired else { return nil }
    guard let column = record.index(of: "expires_on") else {
      throw Failure(
        .usage, zh: "\(record.name) 没有保存期限(expires_on)", en: "\(record.name) has no field expires_on")
    }
    let today = CalendarDay(inChinaAt: master.clock()).description
    return { row in if case .text(let day) = row[column] { day < today } else { false } }
  }

  private func text(_ erasures: [Erasure]) -> String {
    if erasures.isEmpty { return Label(zh: "没有需要删除的", en: "nothing to erase").text(options.language) }
    return erasures.map { erasedLine($0).text(options.language) }.joined(separator: "\n")
  }

  private func json(_ erasure: Erasure) -> JSON {
    .object([
      ("record", .string(erasure.record)), ("key", keyJSON(erasure.key)),
      ("fields", .array(erasure.fields.map(JSON.string))), ("reason", .string(erasure.reason)),
      ("actor", .string(erasure.edit.actor)),
      ("erased_at", .string(isoTime(milliseconds: erasure.edit.stamp.milliseconds))),
    ])
  }
}

/// What was erased, when, by whom and why; never the value.
func erasedLine(_ erasure: Erasure) -> Label {
  let row = "\(erasure.record) \(KeyText.show(erasure.key))"
  let (fields, at) = (erasure.fields.joined(separator: ", "), isoTime(milliseconds: erasure.edit.stamp.milliseconds))
  return Label(
    zh: "已删除个人信息:\(row) 的 \(fields)(\(erasure.edit.actor),\(at):\(erasure.reason))",
    en: "erased: \(fields) of \(row) (\(erasure.edit.actor), \(at): \(erasure.reason))")
}
