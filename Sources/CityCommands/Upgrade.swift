import ArgumentParser
import Commands
import Master
import Presentation
import SyncCore

/// `city upgrade [--schema FILE] [--dry-run]`
struct Upgrade: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: words(
      "Bring in a later version of the schema; counties get it with their next sync. Without --schema: the registry's of this build. 升级模式"
    ))
  @OptionGroup var options: CommonOptions
  @Option(help: ArgumentHelp(words("The later version (YAML): a file, or a folder of files. 模式文件或目录")))
  var schema: String?
  @Flag(help: ArgumentHelp(words("Only say what is new. 只预览"))) var dryRun = false

  func run() async throws {
    try await options.run {
      let master = try options.open(CityProgram.self)
      let old = master.schema
      let (new, text) = try SchemaSource.stated(schema)
      if schema == nil, new.name != old.name {
        throw Failure(
          .usage, zh: "本主库用的是自己的模式「\(old.name)」;请用 --schema 指定新版本的文件",
          en: "this master has a schema of its own, “\(old.name)”; name the file of its later version with --schema")
      }
      if new == old {
        return show([], from: old, Label(zh: "已是第 \(old.version) 版,无需升级", en: "version \(old.version) is here already"))
      }
      if try master.canRecall(new, text: text) {
        if !dryRun { try master.upgrade(to: new, text: text, actor: options.actor) }
        return show([], from: old, recalled(new, old))
      }
      let additions = try new.additions(since: old)
      if !dryRun { try master.upgrade(to: new, text: text, actor: options.actor) }
      show(
        additions, from: old,
        dryRun
          ? Label(
            zh: "可由第 \(old.version) 版升级到第 \(new.version) 版,尚未作任何更改",
            en: "version \(old.version) can become \(new.version); nothing was changed")
          : Label(
            zh: "已由第 \(old.version) 版升级到第 \(new.version) 版;县区下次同步时随之升级",
            en: "upgraded from version \(old.version) to \(new.version); counties follow with their next sync"))
    }
  }

  /// A version that was lost with a disk before a later one was made.
  private func recalled(_ lost: Schema, _ present: Schema) -> Label {
    dryRun
      ? Label(
        zh: "第 \(lost.version) 版曾随磁盘丢失,可以补回,尚未作任何更改",
        en: "version \(lost.version), which was lost with a disk, can be made known again; nothing was changed")
      : Label(
        zh: "第 \(lost.version) 版曾随磁盘丢失,现已补回:用它的机器可以继续同步,按它写的批次随即采用;"
          + "主库仍是第 \(present.version) 版",
        en: "version \(lost.version), which was lost with a disk, is known again: machines that have it go on from "
          + "there, and what was made by it comes in; the city stays at version \(present.version)")
  }

  private func show(_ additions: [Addition], from old: Schema, _ head: Label) {
    let lines = additions.map { "  \($0.place.isEmpty ? old.name : $0.place): \($0.what.text(options.language))" }
    let list = additions.map { addition in
      JSON.object([
        ("kind", .string(addition.kind.rawValue)), ("record", .string(addition.record)),
        ("field", addition.field.map(JSON.string) ?? .null), ("what", .string(addition.what.text(options.language))),
      ])
    }
    options.show(
      .object([("schema", .string(old.name)), ("from", .integer(Int64(old.version))), ("added", .array(list))]),
      ([head.text(options.language)] + lines).joined(separator: "\n"))
  }
}
