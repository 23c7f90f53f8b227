import ArgumentParser
import GRDB
import Presentation
import Registry
import SQLiteStore
import SyncCore
import SyncProtocol

/// `step RECORD KEY [STAGE] [--reason TEXT] [--on DATE] …`
public struct TakeStep<P: Program>: AsyncParsableCommand {
  public static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "step",
      abstract: words("Take a filing to its next stage; without a stage: where it stands and what may follow. 办理一步"))
  }
  @OptionGroup public var options: CommonOptions
  @OptionGroup public var row: RowArguments
  @Argument(help: ArgumentHelp(words("draft, county, city, notice, published or returned. 阶段"))) public var stage:
    String?
  @OptionGroup public var details: StepOptions
  @Option(help: ArgumentHelp(words("Refuse when the row is at another version than this. 所查看的版本"))) public var version:
    String?
  public init() {}

  public func run() async throws {
    try await options.run {
      let store = try options.open(P.self)
      let (record, key) = try row.find(in: store)
      guard let workflow = try Registry.workflow(of: record) else {
        throw Failure(
          .usage, zh: "\(record.label.zh)(\(record.name))不分阶段办理",
          en: "\(record.name) does not go by stages; edit changes it")
      }
      guard let stage else { return try showStanding(store, workflow, record, key) }
      let to = try named(stage, workflow)
      let wanted = try details.read(store)
      let taken = try store.edit(as: options.actor) { db in
        let filing = try Filing(db, store, workflow, record, key)
        if let version, version != filing.version { throw filing.otherVersion }
        return try filing.take(db, to: to, wanted)
      }
      taken.assessment.map(options.warn)
      show(taken, workflow, record, key)
    }
  }

  private func named(_ text: String, _ workflow: Workflow) throws -> Stage {
    if let stage = workflow.stage(named: text) { return stage }
    throw unknownName(Label(zh: "阶段", en: "stage"), text, known: Stage.allCases.map(\.rawValue))
  }

  private func show(_ taken: Filing<P.Store>.Taken, _ workflow: Workflow, _ record: RecordSchema, _ key: RowKey) {
    let (from, to) = (workflow.label(taken.from), workflow.label(taken.to))
    let next = workflow.following(taken.to)
    let json: [(String, JSON)] =
      [
        ("record", .string(record.name)), ("key", keyJSON(key)), ("from", .string(taken.from.rawValue)),
        ("to", .string(taken.to.rawValue)),
      ] + taken.details.map { ($0.key, JSON($0.value)) }
    let details = taken.details.filter { !$0.value.isNull }.map { "\($0.key)=\(ValueText.spell($0.value))" }
    let text = Label(
      zh: "\(from.zh) → \(to.zh)。\(next.zh)", en: "\(from.en) → \(to.en). \(next.en)"
    ).text(options.language)
    options.show(.object(json), ([text] + details).joined(separator: "\n"))
  }

  private func showStanding(_ store: P.Store, _ workflow: Workflow, _ record: RecordSchema, _ key: RowKey) throws {
    let filing = try store.read { try Filing($0, store, workflow, record, key) }
    let here = workflow.label(filing.stage)
    let next = workflow.steps(from: filing.stage).map { step in
      JSON.object([
        ("to", .string(step.to.rawValue)), ("by", .string("\(step.by)")), ("yours", .bool(step.by == store.side)),
        ("needs_reason", .bool(step.needsReason)),
      ])
    }
    let reason = record.text("reason", of: filing.row)
    let following = workflow.following(filing.stage)
    options.show(
      .object([
        ("record", .string(record.name)), ("key", keyJSON(key)), ("stage", .string(filing.stage.rawValue)),
        ("reason", reason.map(JSON.string) ?? .null), ("version", .string(filing.version)), ("next", .array(next)),
      ]),
      Label(
        zh: "「\(here.zh)」\(reason.map { ",意见:\(visibleText($0))" } ?? "")。\(following.zh)",
        en: "At “\(here.en)”\(reason.map { ", opinion: \(visibleText($0))" } ?? ""). \(following.en)"
      ).text(options.language))
  }
}

/// What a step may say besides its stage.
public struct StepOptions: ParsableArguments {
  @Option(help: ArgumentHelp(words("Why, or an opinion; a return needs it. 意见或退回理由"))) public var reason: String?
  @Option(help: ArgumentHelp(words("The day of the step; today without it. 办理日期"))) public var on: String?
  @Option(help: ArgumentHelp(words("Notice: its last day. 公示结束日期"))) public var until: String?
  @Option(help: ArgumentHelp(words("Publication: the number of the certificate. 证书编号"))) public var certNo: String?
  @Option(help: ArgumentHelp(words("Publication: until when the recognition is valid. 有效期至"))) public var validTo:
    String?
  public init() {}

  func read(_ store: some RecordStore) throws -> StepDetails {
    if let reason { try requireReason(reason) }
    return StepDetails(
      reason: reason, on: try store.pastDay(on, "--on"), until: try store.day(until, "--until"), certNo: certNo,
      validTo: try store.day(validTo, "--valid-to"))
  }
}

struct StepDetails {
  var reason: String?
  var on: CalendarDay
  var until: CalendarDay?
  var certNo: String?
  var validTo: CalendarDay?
}
