import ArgumentParser
import Commands
import Foundation
import Master
import Presentation
import SQLiteStore
import SyncCore
import SyncProtocol

/// `city snapshot --org CODE FILE [--part-size BYTES]`
struct CitySnapshot: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "snapshot",
    abstract: words("Write on a stick what a new machine of an org unit starts from. 为单位的新机器写出初始数据"))
  @OptionGroup var options: CommonOptions
  @Option(help: ArgumentHelp(words("The org unit's code. 单位编码"))) var org: String
  @Argument(help: ArgumentHelp(words("The file; further parts become FILE.2, FILE.3, … 文件"))) var file: String
  @Option(help: ArgumentHelp(words("Bytes of a part at most. 每部分的最大字节数"))) var partSize = BundleWriter.partSize

  func run() async throws {
    try await options.run {
      let bundle = try options.open(CityProgram.self).writeFirstBundle(org: org, to: file, partSize: partSize)
      options.show(json(bundle), text(bundle).text(options.language))
    }
  }

  private func json(_ bundle: FirstBundle) -> JSON {
    .object([
      ("code", bundle.code.map { .string($0.description) } ?? .null), ("codes", .integer(Int64(bundle.codes))),
      ("org", .string(org)), ("expires_at", .string(isoTime(milliseconds: bundle.expiresAt))), ("file", .string(file)),
      ("parts", .integer(Int64(bundle.size.parts))), ("bytes", .integer(Int64(bundle.size.bytes))),
    ])
  }

  private func text(_ bundle: FirstBundle) -> Label {
    let expires = isoTime(milliseconds: bundle.expiresAt)
    guard let code = bundle.code else {
      return Label(
        zh: "\(file) 已写出,可用 \(org) 已发出的 \(bundle.codes) 个未使用的登记码打开(有效至 \(expires))",
        en: "\(file) written; the \(bundle.codes) unused code(s) of \(org) open it, until \(expires)")
    }
    return Label(
      zh: "\(file) 已写出;登记码 \(code)(有效至 \(expires)),请与U盘分开交给 \(org)",
      en: "\(file) written; the code \(code), valid until \(expires), goes to \(org) apart from the stick")
  }
}
