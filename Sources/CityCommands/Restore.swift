import ArgumentParser
import Commands
import Foundation
import Master
import Presentation
import SQLiteStore
import SchemaFile
import SyncCore
import SyncProtocol

/// `city restore FILE --home DIR`
struct Restore: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "restore",
    abstract: words("Make a master of a backup; the counties give back what it lacks, by themselves. 从备份恢复"))
  @OptionGroup var options: CommonOptions
  @Argument(help: ArgumentHelp(words("A file that `backup` wrote. 备份文件"))) var file: String

  func run() async throws {
    try await options.run {
      let home = try options.homeURL(CityProgram.homeVariable)
      let path = CityProgram.masterURL(home).path
      guard !FileManager.default.fileExists(atPath: path) else {
        throw Failure(.data, zh: "\(home.path) 已有主库;请换一个 --home", en: "\(home.path) holds a master; use another --home")
      }
      try Home.create(home)
      var random = SystemRandomNumberGenerator()
      let info = try Master.restore(
        from: file, into: path, random: &random, readSchema: { try SchemaFile.parse(canonicalJSON: $0) }
      ) { try keep($0, in: home) }
      options.show(json(info), text(info).text(options.language))
    }
  }

  /// The key that is there already must be the backup's: an interrupted restore is run again.
  private func keep(_ key: SigningKey, in home: URL) throws {
    let url = CityProgram.keyURL(home)
    guard FileManager.default.fileExists(atPath: url.path) else { return try Home.writeSecret(key.seed, to: url) }
    guard try Home.readSecret(url, CityProgram.lostKey) == key.seed else {
      throw Failure(
        .data, zh: "\(url.path) 是另一座城市的密钥;请恢复到空目录",
        en: "\(url.path) is the key of another city; restore into an empty --home")
    }
  }

  private func json(_ info: RestoreInfo) -> JSON {
    .object([
      ("epoch", .string(info.epoch.description)), ("arrival", .integer(info.arrival)),
      ("received_at", .string(isoTime(milliseconds: info.receivedAt.milliseconds))),
      ("made_at", .string(isoTime(milliseconds: info.madeAt))), ("recovering", .bool(!info.replicas.isEmpty)),
      ("replicas", .integer(Int64(info.replicas.count))), ("codes", .integer(Int64(info.codes))),
    ])
  }

  private func text(_ info: RestoreInfo) -> Label {
    let made = isoTime(milliseconds: info.madeAt)
    var zh = ["已恢复到第 \(info.arrival) 批(备份于 \(made))"]
    var en = ["restored up to batch \(info.arrival) (backed up \(made))"]
    if !info.replicas.isEmpty {
      zh.append(
        "之后的内容由 \(info.replicas.count) 台机器下次同步时自动送回;在此之前不能修改。请运行 city serve,用 city recovery 查看进度"
          + "(机器已丢失的,用 --release 放行)。没有任何机器取到过的修改无法找回:后面的批次已有机器取到的,city recovery "
          + "会列出所缺的批次;市里在最后一次交换之后所作的修改无从得知")
      en.append(
        "what came later is given back by \(info.replicas.count) machines with their next sync; nothing can be edited until "
          + "then. Run city serve, and see city recovery (it releases what a lost machine had). What no machine had pulled is "
          + "lost: as far as a later batch was pulled city recovery names it, but what the city did after the last exchange "
          + "nobody knows")
    }
    if info.codes > 0 {
      zh.append("\(info.codes) 个未使用的登记码已作废,请用 city enroll 重新发放")
      en.append("\(info.codes) unused enrolment codes are valid no more: give new ones with city enroll")
    }
    return Label(zh: zh.joined(separator: "。\n") + "。", en: en.joined(separator: ".\n") + ".")
  }
}
