import ArgumentParser
import Commands
import Presentation
import SQLiteStore
import SyncCore

/// A county's submission for a period.
struct SubmissionArguments: ParsableArguments {
  @Argument(help: ArgumentHelp(words("The org unit's code. 单位编码"))) var org: String
  @Argument(help: ArgumentHelp(words("2018 is a year, 201803 a month. 报告期"))) var period: Int64

  func change(_ options: CommonOptions, _ done: Label, _ cells: KeyValuePairs<String, Value>) throws {
    let master = try options.open(CityProgram.self)
    let record = try master.record("submission")
    let key = RowKey([.text(org), .integer(period)])
    let row = try master.edit(as: options.actor) { db in
      guard try record.row(db, key: key) != nil else {
        throw Failure(
          .notFound, zh: "\(org) 还没有上报 \(period);list submission 可查看",
          en: "\(org) has not submitted \(period); list submission shows what came")
      }
      try master.update(db, record, key: key, try record.cells(cells))
      return try record.row(db, key: key) ?? []
    }
    options.show(rowJSON(record, row), done.text(options.language))
  }
}

/// `city accept ORG PERIOD [--on DATE]`
struct AcceptSubmission: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "accept", abstract: words("Accept what a unit submitted for a period. 接收上报"))
  @OptionGroup var options: CommonOptions
  @OptionGroup var submission: SubmissionArguments
  @Option(help: ArgumentHelp(words("The day; today without it. 日期"))) var on: String?

  func run() async throws {
    try await options.run {
      let day = try options.open(CityProgram.self).pastDay(on, "--on")
      try submission.change(
        options, Label(zh: "已接收", en: "accepted"), ["accepted_on": Value(day), "returned_reason": .null])
    }
  }
}

/// `city return ORG PERIOD --reason TEXT`
struct ReturnSubmission: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "return", abstract: words("Send a submission back, with a reason that the county sees. 退回上报"))
  @OptionGroup var options: CommonOptions
  @OptionGroup var submission: SubmissionArguments
  @Option(help: ArgumentHelp(words("Why. 理由"))) var reason: String

  func run() async throws {
    try await options.run {
      try requireReason(reason)
      try submission.change(
        options, Label(zh: "已退回", en: "sent back"), ["accepted_on": .null, "returned_reason": .text(reason)])
    }
  }
}
