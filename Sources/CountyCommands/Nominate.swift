import ArgumentParser
import Commands
import Presentation
import SQLiteStore
import SyncCore

/// `county nominate ENTERPRISE --batch B --reason TEXT`
struct Nominate: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "nominate",
    abstract: words("Nominate an enterprise for the cultivation list; both sides then approve. 推荐入库"))
  @OptionGroup var options: CommonOptions
  @Argument(help: ArgumentHelp(words("The key, uscc:CODE, or the credit code. 企业"))) var enterprise: String
  @Option(help: ArgumentHelp(words("The batch, such as 2018-1. 批次"))) var batch: String
  @Option(help: ArgumentHelp(words("Why. 理由"))) var reason: String

  func run() async throws {
    try await options.run {
      try requireReason(reason)
      try requireText(batch, "--batch")
      let store = try options.open(CountyProgram.self)
      let key = try store.enterprise(enterprise).key
      let entry = try store.edit(as: options.actor) { db in
        let enterprise = try store.enterprise(db, key)
        let entries = try store.record("cultivation_entry")
        if let left = try store.leftCultivation(db, enterprise.id, batch: batch) {
          throw Failure(
            .data, zh: "\(enterprise.shown) 已于 \(left) 退出批次 \(batch);请推荐到另一批次",
            en: "\(enterprise.shown) left batch \(batch) on \(left); nominate it for another batch")
        }
        if let row = try store.rows(db, entries, ["enterprise_id": enterprise.id, "batch": .text(batch)]).first {
          let there = KeyText.show(entries.rowKey(of: row))
          throw Failure(
            .data, zh: "\(enterprise.shown) 在批次 \(batch) 已有推荐 \(there);请用 edit 修改",
            en: "\(enterprise.shown) is nominated for batch \(batch) already, as \(there); edit changes it")
        }
        return try store.add(
          db, "cultivation_entry",
          ["enterprise_id": enterprise.id, "batch": .text(batch), "reason": .text(reason)])
      }
      let id = KeyText.show(entry)
      options.show(
        .object([
          ("record", .string("cultivation_entry")), ("key", keyJSON(entry)), ("batch", .string(batch)),
          ("approval", .string("none")),
        ]),
        Label(
          zh: "已推荐 \(id);请用 county approve cultivation_entry \(id) 同意此版本",
          en: "nominated as \(id); approve this version with county approve cultivation_entry \(id)"
        ).text(options.language))
    }
  }
}
