import ArgumentParser
import Commands
import Master
import Presentation
import SyncCore

/// `city trim`
struct Trim: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "trim",
    abstract: words("Let go of what every live machine has read and two backups hold; history stays. 清理已读且有两份备份的标记"))
  @OptionGroup var options: CommonOptions

  func run() async throws {
    try await options.run {
      let master = try options.open(CityProgram.self)
      if try master.recovery()?.isRecovering == true { throw Master.recovering }
      let trimmed = try master.trim()
      options.show(
        .object([
          ("place", .integer(trimmed.place)), ("entries", .integer(Int64(trimmed.entries))),
          ("images", .integer(Int64(trimmed.images))),
        ]),
        trimmed.place == 0
          ? Label(
            zh: "没有可清理的:尚无两份备份,或有机器尚未读取",
            en: "nothing to let go of: there are no two backups yet, or a machine has not read"
          ).text(options.language)
          : Label(
            zh: "已清理 \(trimmed.entries) 条删除标记、\(trimmed.images) 份已删记录的副本(至第 \(trimmed.place) 位)",
            en:
              "let go of \(trimmed.entries) marks of rows that are gone and \(trimmed.images) images, up to place \(trimmed.place)"
          ).text(options.language))
    }
  }
}
