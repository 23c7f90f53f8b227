import ArgumentParser
import Commands
import Foundation
import Presentation
import Replica
import SQLiteStore
import SyncClient
import SyncCore
import SyncProtocol

/// `county bundle write FILE` and `county bundle read FILE`
struct CountyBundle: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bundle", abstract: words("Exchange with the city on a USB stick, without network. 用U盘与市里交换"),
    subcommands: [CountyBundleWrite.self, CountyBundleRead.self])
}

extension CountyProgram {
  /// Runs alone among exchanges of this home, over the network or on a stick.
  static func exchanging<T>(_ home: URL, _ body: () async throws -> T) async throws -> T {
    try await Home.locked(home.appendingPathComponent("sync.lock"), body)
  }
}

/// `county bundle write FILE [--part-size BYTES] [--code CODE]`
struct CountyBundleWrite: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "write", abstract: words("Write everything that the city has not confirmed yet. 写出市里尚未确认的全部更改"))
  @OptionGroup var options: CommonOptions
  @Argument(help: ArgumentHelp(words("The file; further parts become FILE.2, FILE.3, … 文件"))) var file: String
  @Option(help: ArgumentHelp(words("Bytes of a part at most. 每部分的最大字节数"))) var partSize = BundleWriter.partSize
  @Option(help: ArgumentHelp(words("A new code, when the one of init was not used in time. 新的登记码"))) var code: String?

  @Flag(help: ArgumentHelp(words("Also what a city that was restored from a backup lacks. 送回市里恢复后缺少的内容")))
  var giveBack = false

  func run() async throws {
    try await options.run {
      let home = try options.homeURL(CountyProgram.homeVariable)
      let replica = try CountyProgram.open(home: home)
      let content = try await CountyProgram.exchanging(home) {
        if let code { try replica.keepEnrolment(try EnrolmentCode(typed: code)) }
        return try BundleExchange(replica).write(file, partSize: partSize, givingBack: giveBack)
      }
      Sync.tell(content.held, options)
      options.show(json(content), text(content).text(options.language))
    }
  }

  private func json(_ content: BundleContent) -> JSON {
    .object([
      ("file", .string(file)), ("batches", .integer(Int64(content.batches))), ("rows", .integer(Int64(content.rows))),
      ("held", .integer(Int64(content.held.count))), ("gives_back", .bool(content.givesBack)),
      ("parts", .integer(Int64(content.size.parts))),
      ("bytes", .integer(Int64(content.size.bytes))),
    ])
  }

  private func text(_ content: BundleContent) -> Label {
    let (size, files) = (content.size, content.size.parts == 1 ? file : "\(file) … \(file).\(content.size.parts)")
    let returns =
      content.givesBack
      ? Label(zh: ",并送回市里恢复后缺少的内容", en: ", and what a restored city lacks") : Label(zh: "", en: "")
    return Label(
      zh:
        "已写出 \(files):\(content.batches) 批 \(content.rows) 行,\(size.bytes) 字节,\(size.parts) 个文件\(returns.zh);请交给市里,并读取它的回复",
      en:
        "\(files) written: \(content.batches) batches, \(content.rows) rows, \(size.bytes) bytes, \(size.parts) file(s)\(returns.en); take it to the city and read its answer"
    )
  }
}

/// `county bundle read FILE`
struct CountyBundleRead: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "read", abstract: words("Take what the city answered on a stick. 读取市里的回复"))
  @OptionGroup var options: CommonOptions
  @Argument(help: ArgumentHelp(words("The file that the city wrote. 市里写的文件"))) var file: String

  func run() async throws {
    try await options.run {
      let home = try options.homeURL(CountyProgram.homeVariable)
      let replica = try CountyProgram.open(home: home)
      let summary = try await CountyProgram.exchanging(home) { try BundleExchange(replica).read(file) }
      if summary == nil {
        options.tell(
          Label(
            zh: "\(file) 中没有本机尚未取得的内容(旧的或已读过的回复);无需处理",
            en: "\(file) holds nothing that this machine does not have: it is an old answer, or was read before"))
      }
      Sync.report(summary ?? SyncSummary(), replica.schema, options)
      try Sync.tellOldPages(replica, options)
    }
  }
}
