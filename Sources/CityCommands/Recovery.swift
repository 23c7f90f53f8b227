import ArgumentParser
import Commands
import Foundation
import Master
import Presentation
import SQLiteStore
import SyncCore
import SyncProtocol

/// `city recovery [--release --reason TEXT]`
struct Recovery: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "recovery",
    abstract: words("What came back since a restore, what is missing and who was not heard; release it. 恢复进度"))
  @OptionGroup var options: CommonOptions
  @Flag(help: ArgumentHelp(words("Go on without what is missing; the log says what is lost. 不再等待,放行"))) var release =
    false
  @Option(help: ArgumentHelp(words("Why. 理由"))) var reason: String?

  func run() async throws {
    try await options.run {
      let master = try options.open(CityProgram.self)
      if release {
        guard let reason else { throw Failure(.usage, zh: "--release 需要 --reason", en: "--release needs a --reason") }
        try requireReason(reason)
        try master.release(reason: reason, actor: options.actor)
      }
      guard let info = try master.recovery() else {
        throw Failure(.notFound, zh: "这个主库从未由备份恢复", en: "this master was never restored from a backup")
      }
      options.show(json(info), lines(info).map { $0.text(options.language) }.joined(separator: "\n"))
    }
  }

  private func json(_ info: RecoveryInfo) -> JSON {
    .object([
      ("epoch", .string(info.epoch.description)), ("recovering", .bool(info.isRecovering)),
      ("backup_end", .integer(info.backupEnd)), ("restored_at", .string(isoTime(milliseconds: info.restoredAt))),
      ("returned", .integer(info.returned)), ("held", .array(info.held.map(json))),
      (
        "missing",
        .array(info.missing.map { .object([("from", .integer($0.lowerBound)), ("through", .integer($0.upperBound))]) })
      ),
      ("unheard", .array(info.unheard.map { .object([("id", .string($0.id)), ("org", .string($0.org))]) })),
      ("aside", .array(info.aside.map(json))),
      (
        "lost",
        .array(
          info.losses.map {
            .object([
              ("through", .integer($0.arrival)), ("reason", .string($0.reason)), ("actor", .string($0.edit.actor)),
            ])
          })
      ),
    ])
  }

  private func json(_ batch: RecoveryInfo.Batch) -> JSON {
    .object([
      ("arrival", .integer(batch.arrival)), ("replica", .string(name(batch.replica))),
      ("number", .integer(batch.number)), ("changes", .integer(Int64(batch.changes))),
      ("received_at", .string(isoTime(milliseconds: batch.receivedAt.milliseconds))),
      ("needs_upgrade", .bool(batch.needsUpgrade)),
      ("acts", .array(batch.acts.map { .string($0.text(options.language)) })),
    ])
  }

  private func name(_ replica: Identifier) -> String { replica == .city ? "city" : replica.description }

  private func lines(_ info: RecoveryInfo) -> [Label] {
    var lines = [
      info.isRecovering
        ? Label(
          zh: "正在恢复:备份到第 \(info.backupEnd) 批,已送回 \(info.returned) 批",
          en: "recovering: the backup ended at batch \(info.backupEnd), \(info.returned) batches are back")
        : Label(
          zh: "恢复已完成:备份到第 \(info.backupEnd) 批,送回 \(info.returned) 批",
          en: "recovered: the backup ended at batch \(info.backupEnd), \(info.returned) batches came back")
    ]
    lines += info.missing.map {
      Label(zh: "缺第 \($0.lowerBound) 至 \($0.upperBound) 批", en: "missing: batches \($0.lowerBound) to \($0.upperBound)")
    }
    lines += info.held.map {
      Label(
        zh: "等待前面的批次:第 \($0.arrival) 批(\(name($0.replica)))", en: "held: batch \($0.arrival) of \(name($0.replica))")
    }
    lines += info.unheard.map { Label(zh: "尚未联系:\($0.org) \($0.id)", en: "not heard yet: \($0.org) \($0.id)") }
    lines += info.losses.map {
      Label(
        zh: "丢失:到第 \($0.arrival) 批(\($0.edit.actor):\($0.reason))",
        en: "lost: up to batch \($0.arrival) (\($0.edit.actor): \($0.reason))")
    }
    return lines + info.aside.map(line)
  }

  private func line(_ batch: RecoveryInfo.Batch) -> Label {
    let received = isoTime(milliseconds: batch.receivedAt.milliseconds)
    let zh = "\(name(batch.replica)) 第 \(batch.number) 批,\(received)"
    let en = "batch \(batch.number) of \(name(batch.replica)), \(received)"
    // Of the city's own nothing is applied by itself.
    if batch.needsUpgrade, batch.replica != .city {
      return Label(
        zh: "尚未采用,所用的模式版本已丢失,用 city upgrade --schema 补回该版本后自动采用:\(zh)",
        en: "not applied yet, its version of the schema is lost; it is once city upgrade --schema brings that back: "
          + en)
    }
    let acts = batch.acts.isEmpty ? [Label(zh: "无法读取", en: "it cannot be read")] : batch.acts
    return Label(
      zh: "未采用,请人工核对:\(zh):\(acts.map(\.zh).joined(separator: ";"))",
      en: "not applied, look at it: \(en): \(acts.map(\.en).joined(separator: "; "))")
  }
}
