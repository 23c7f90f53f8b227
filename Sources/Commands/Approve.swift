import ArgumentParser
import Presentation
import SQLiteStore
import SyncCore
import SyncProtocol

/// `approve RECORD KEY [--version V]`
public struct Approve<P: Program>: AsyncParsableCommand {
  public static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "approve", abstract: words("Approve this version of a row that needs both sides. 同意此版本"))
  }
  @OptionGroup public var options: CommonOptions
  @OptionGroup public var row: RowArguments
  @Option(help: ArgumentHelp(words("Refuse when the row is at another version than this. 所查看的版本"))) public var version:
    String?
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
      let cells = try store.edit(as: options.actor) { db in
        guard let cells = try record.row(db, key: key) else { throw store.missing(record, key) }
        let current = record.version(of: cells) ?? ""
        if let version, version != current {
          throw Failure(
            .data, zh: "\(record.name) \(KeyText.show(key)) 已是另一版本 \(current);请重新查看",
            en: "\(record.name) \(KeyText.show(key)) is at version \(current) now; look again before you approve")
        }
        try store.update(db, record, key: key, [column: .text(current)])
        return try record.row(db, key: key) ?? []
      }
      let approval = record.approval(of: cells) ?? .none
      options.show(
        .object([
          ("record", .string(record.name)), ("key", keyJSON(key)),
          ("version", .string(record.version(of: cells) ?? "")), ("approval", .string(approval.rawValue)),
        ]), approval.label.text(options.language))
    }
  }
}
