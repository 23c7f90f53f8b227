import ArgumentParser
import Commands
import GRDB
import Presentation
import Registry
import Replica
import SQLiteStore
import SyncCore

/// `county submit PERIOD [--note TEXT]`
struct Submit: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "submit",
    abstract: words("Hand in a period: how many enterprises should report, how many did, who is missing. 上报"))
  @OptionGroup var options: CommonOptions
  @Argument(help: ArgumentHelp(words("2018 is a year, 201803 a month. 报告期"))) var period: Int64
  @Option(help: ArgumentHelp(words("A note for the city. 说明"))) var note: String?

  func run() async throws {
    try await options.run {
      let replica = try options.open(CountyProgram.self)
      let (coverage, day) = try replica.edit(as: options.actor) { try submit($0, replica) }
      let missing = coverage.missing.map(visibleText).joined(separator: ", ")
      options.show(
        .object([
          ("org", .string(replica.unit ?? "")), ("period", .integer(period)),
          ("submitted_on", .string(day.description)),
          ("expected", .integer(Int64(coverage.expected))), ("reported", .integer(Int64(coverage.reported))),
          ("missing", .array(coverage.missing.map(JSON.string))),
        ]),
        Label(
          zh: "\(period) 应报 \(coverage.expected) 家,实报 \(coverage.reported) 家"
            + (missing.isEmpty ? "" : ";未报:\(missing)"),
          en: "\(period): \(coverage.expected) enterprises expected, \(coverage.reported) reported"
            + (missing.isEmpty ? "" : "; missing: \(missing)")
        ).text(options.language))
    }
  }

  private func submit(_ db: Database, _ replica: Replica) throws -> (Coverage, CalendarDay) {
    let unit = Value(replica.unit)
    let submissions = try replica.record("submission")
    let key = RowKey([unit, .integer(period)])
    let isNew = try submissions.row(db, key: key) == nil
    if isNew { try assertNotTakenOver(db, replica) }
    let periods = try replica.record("period")
    guard let row = try periods.row(db, key: RowKey([.integer(period)])) else {
      throw Failure(
        .notFound, zh: "市里还没有开设报告期 \(period);list period 可查看",
        en: "the city has opened no period \(period); list period shows them")
    }
    let day = replica.today
    let exceptions = try replica.record("lock_exception")
    let exception = try exceptions.row(db, key: RowKey([.integer(period), unit]))
    let extended = exception.flatMap { exceptions.day("expires_on", of: $0) }
    if let due = periods.day("due_on", of: row), day > max(due, extended ?? due) {
      options.tell(Label(zh: "已过上报期限 \(due)", en: "the due day \(due) is over"))
    }
    let coverage = try Coverage(db, replica, period: period, on: periods.day("ends_on", of: row) ?? day)
    var cells = try submissions.cells([
      "submitted_on": Value(day), "expected": .integer(Int64(coverage.expected)),
      "reported": .integer(Int64(coverage.reported)),
    ])
    if let note { cells.merge(try submissions.cells(["note": Value(note)])) { $1 } }
    if isNew {
      _ = try replica.insert(
        db, submissions, cells.merging(try submissions.cells(["org": unit, "period": .integer(period)])) { $1 })
    } else {
      try replica.update(db, submissions, key: key, cells)
    }
    if let row = try submissions.row(db, key: key) { try replica.lockNote(db, submissions, row).map(options.tell) }
    return (coverage, day)
  }

  /// What a unit hands in after another took over from it would land as that one's own submission (M15); what it hands in
  /// again stays its own.
  private func assertNotTakenOver(_ db: Database, _ replica: Replica) throws {
    let units = try replica.record("org_unit")
    func text(_ field: String, of unit: String) throws -> String? {
      try units.row(db, key: RowKey([.text(unit)])).flatMap { units.text(field, of: $0) }
    }
    guard let unit = replica.unit,
      let heir = try replica.schema.lastSuccessor(of: unit, next: { try text("successor", of: $0) })
    else { return }
    let zh = try text("name_zh", of: heir) ?? heir
    let en = try text("name_en", of: heir) ?? zh
    throw Failure(
      .notAllowed, zh: "\(zh)(\(heir))已承接本单位,由其上报",
      en: "\(en) (\(heir)) has taken over from this unit and submits for it")
  }
}
