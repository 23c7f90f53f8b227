import ArgumentParser
import Commands
import Foundation
import Master
import Presentation
import SQLiteStore
import SyncCore
import SyncProtocol

/// `city bundle read FILE --reply FILE`
struct CityBundle: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bundle", abstract: words("Exchange with counties on USB sticks, without network. 用U盘与县区交换"),
    subcommands: [CityBundleRead.self])
}

/// `city bundle read FILE --reply FILE [--part-size BYTES]`
struct CityBundleRead: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "read", abstract: words("Merge what a county wrote on a stick, and write the answer. 合并县区的交换包并写出回复"))
  @OptionGroup var options: CommonOptions
  @Argument(help: ArgumentHelp(words("The file that a county wrote. 县区写的文件"))) var file: String
  @Option(help: ArgumentHelp(words("The answer, for the same machine; further parts become FILE.2, … 回复文件")))
  var reply: String
  @Option(help: ArgumentHelp(words("Bytes of a part of the answer at most. 回复每部分的最大字节数")))
  var partSize = BundleWriter.partSize

  func run() async throws {
    try await options.run {
      let report = try options.open(CityProgram.self).read(bundle: file, replyingIn: reply, partSize: partSize)
      options.show(json(report), text(report).text(options.language))
    }
  }

  private func json(_ report: BundleReport) -> JSON {
    let outcomes = RowReceipt.Outcome.allCases.map {
      ($0.rawValue, JSON.integer(Int64(report.outcomes[$0] ?? 0)))
    }
    return .object(
      [
        ("replica", .string(report.replica.description)), ("org", .string(report.org)),
        ("enrolled", .bool(report.enrolled)), ("batches", .integer(Int64(report.batches))),
        ("new", .integer(Int64(report.new))),
      ] + outcomes + [
        ("receipts", .integer(Int64(report.receipts))), ("pages", .integer(Int64(report.pages))),
        ("snapshot", .bool(report.snapshot)), ("returned", .integer(Int64(report.returned))),
        ("waits", .bool(report.standing != nil)), ("reply", .string(reply)),
        ("parts", .integer(Int64(report.answer.parts))), ("bytes", .integer(Int64(report.answer.bytes))),
      ])
  }

  private func text(_ report: BundleReport) -> Label {
    func count(_ outcome: RowReceipt.Outcome) -> Int { report.outcomes[outcome] ?? 0 }
    let machine = "\(report.org) \(report.replica.description.prefix(8))"
    if let standing = report.standing { return text(standing, machine, report) }
    return Label(
      zh:
        "\(machine):\(report.batches) 批,其中 \(report.new) 批是新的;冲突 \(count(.contested)),搁置 \(count(.parked)),退回 \(count(.rejected));回复已写入 \(reply),请交还这台机器",
      en:
        "\(machine): \(report.batches) batches, \(report.new) of them new; \(count(.contested)) contested, \(count(.parked)) parked, \(count(.rejected)) rejected; the answer is in \(reply), take it back to that machine"
    )
  }
  /// The city was restored, and this stick is not the last one of its machine.
  private func text(_ standing: Standing, _ machine: String, _ report: BundleReport) -> Label {
    let returned = report.returned
    if report.isAsked {
      return Label(
        zh:
          "\(machine):这个交换包写于主库恢复之前,送回 \(returned) 批,其余内容仍在那台机器上;回复 \(reply) 请它送回市里缺少的内容,请交还并等它的下一个交换包",
        en:
          "\(machine): written before this city was restored; \(returned) batches came back, and what else there is is "
          + "still there; the answer in \(reply) asks for what the city lacks: take it back, and read the next stick of "
          + "that machine")
    }
    return Label(
      zh:
        "\(machine):送回 \(returned) 批;还缺 \(standing.missing) 批,尚未联系 \(standing.unheard) 台机器(见 city recovery);回复已写入 \(reply)",
      en:
        "\(machine): \(returned) batches came back; \(standing.missing) are missing and \(standing.unheard) machines not "
        + "heard (see city recovery); the answer is in \(reply)")
  }
}
