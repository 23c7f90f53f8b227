import ArgumentParser
import Commands
import Foundation
import Master
import Presentation
import SQLiteStore
import SyncCore

/// `city backup FILE [--force]`
struct Backup: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "backup",
    abstract: words("Write a verified backup, beside whoever works; it holds the city's key: keep it as a key. 备份"))
  @OptionGroup var options: CommonOptions
  @Argument(help: ArgumentHelp(words("The backup's file. 备份文件"))) var file: String
  @Flag(help: ArgumentHelp(words("Replace a file of that name, once the new one is verified. 替换同名文件"))) var force =
    false

  func run() async throws {
    try await options.run {
      let master = try options.open(CityProgram.self)
      let start = ContinuousClock.now
      let info = try master.backup(to: file, replacing: force)
      let took = (ContinuousClock.now - start) / .milliseconds(1)
      options.show(
        .object([
          ("file", .string(file)), ("arrival", .integer(info.arrival)), ("batches", .integer(info.arrival)),
          ("own", .integer(info.own)), ("bytes", .integer(info.bytes)), ("took_ms", .integer(Int64(took))),
          ("replaced_latest", .bool(info.replacesLatest)),
        ]),
        Label(
          zh: "已备份并核验:\(file),到第 \(info.arrival) 批,\(info.bytes) 字节。其中有市里的密钥,请妥善保管"
            + (info.replacesLatest ? "。它替换了最近的那份备份:请轮流用两个文件名,有两份备份后,各县才能删去已收到的批次" : ""),
          en:
            "backed up and verified: \(file), up to batch \(info.arrival), \(info.bytes) bytes. It holds the city's key: "
            + "keep it safe"
            + (info.replacesLatest
              ? ". It took the place of the latest backup: use two names by turns, for what counties keep goes only when "
                + "two backups hold it" : "")
        ).text(options.language))
    }
  }
}
