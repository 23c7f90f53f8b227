import ArgumentParser
import Presentation
import SQLiteStore
import SyncCore

/// `rename ENTERPRISE NEWNAME [--on DATE] --evidence TEXT`
public struct Rename<P: Program>: AsyncParsableCommand {
  public static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "rename",
      abstract: words("Give an enterprise its new name; the old one is kept with its last day. 企业更名"))
  }
  @OptionGroup public var options: CommonOptions
  @Argument(help: ArgumentHelp(words("The key, uscc:CODE, or the credit code. 企业"))) public var enterprise: String
  @Argument(help: ArgumentHelp(words("The new name. 新名称"))) public var name: String
  @Option(help: ArgumentHelp(words("The last day of the old name; today without it. 旧名使用至"))) public var on: String?
  @Option(help: ArgumentHelp(words("What proves it, such as the notice of change. 依据"))) public var evidence: String
  public init() {}

  public func run() async throws {
    try await options.run {
      try requireText(name, "<name>")
      let store = try options.open(P.self)
      let key = try store.enterprise(enterprise).key
      let day = try store.pastDay(on, "--on")
      if evidence.allSatisfy(\.isWhitespace) {
        throw Failure(.usage, zh: "--evidence 不能为空", en: "--evidence must name a proof")
      }
      let (old, former) = try store.edit(as: options.actor) { db in
        let enterprise = try store.enterprise(db, key)
        guard enterprise.name != name else {
          throw Failure(.data, zh: "\(enterprise.shown) 已是这个名称", en: "\(enterprise.shown) has that name already")
        }
        let former = try store.add(
          db, "enterprise_name",
          [
            "enterprise_id": enterprise.id, "name": .text(enterprise.name), "valid_to": Value(day),
            "evidence": .text(evidence),
          ])
        try store.update(db, enterprise.record, key: key, try enterprise.record.cells(["name": .text(name)]))
        return (enterprise.name, former)
      }
      options.show(
        .object([
          ("enterprise", keyJSON(key)), ("name", .string(name)), ("former", .string(old)),
          ("enterprise_name", keyJSON(former)), ("valid_to", .string(day.description)),
        ]),
        Label(
          zh: "已更名:\(visibleText(name))(原:\(visibleText(old)))",
          en: "renamed: \(visibleText(name)) (formerly \(visibleText(old)))"
        ).text(options.language))
    }
  }
}
