import ArgumentParser
import Commands
import Master
import Presentation
import SchemaFile
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
      let new = try SchemaSource.read(schema)
      if schema == nil, new.name != old.name {
        throw Failure(
          .usage, zh: "本主库用的是自己的模式「\(old.name)」;请用 --schema 指定新版本的文件",
          en: "this master has a schema of its own, “\(old.name)”; name the file of its later version with --schema")
      }
      if new == old {
        return show([], from: old, Label(zh: "已是第 \(old.version) 版,无需升级", en: "version \(old.version) is here already"))
      }
      let additions = try new.additions(since: old)
      if !dryRun {
        try master.upgrade(to: new, text: SchemaFile.canonicalJSON(new), actor: options.actor)
      }
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
