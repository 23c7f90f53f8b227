import ArgumentParser
import Commands
import Master
import Presentation
import Registry
import SQLiteStore
import SyncCore

/// `city period list`
struct ListPeriods: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: words("Periods with their state, who has submitted, and who has more time. 报告期一览"))
  @OptionGroup var options: CommonOptions

  func run() async throws {
    try await options.run {
      let master = try options.open(CityProgram.self)
      let record = try master.record("period")
      let periods = try master.rows(record).map { row in
        (row: row, submitted: try units("submission", row, master), extended: try units("lock_exception", row, master))
      }
      let lines = periods.map { period in
        ["code", "state", "due_on", "locked_on"].map { shown(record, $0, period.row) } + [
          period.submitted.joined(separator: " "), period.extended.joined(separator: " "),
        ]
      }
      let headers = Label(zh: "报告期 状态 期限 锁定 已上报 例外", en: "period state due locked submitted extended")
      let json = periods.map { period in
        JSON.object(
          zip(record.fields, period.row).map { ($0.name, JSON($1)) } + [
            ("submitted", .array(period.submitted.map(JSON.string))),
            ("extended", .array(period.extended.map(JSON.string))),
          ])
      }
      options.show(
        .array(json),
        TextTable(headers: headers.text(options.language).split(separator: " ").map(String.init), rows: lines).render())
    }
  }

  private func shown(_ record: RecordSchema, _ name: String, _ row: [Value]) -> String {
    guard let field = record.field(name) else { return "" }
    return ValueText.show(record.value(name, of: row), field: field, language: options.language, labels: true)
  }

  /// The units that have a row of this record for the period; an exception only while it lasts, and no submission that
  /// was returned and not accepted since, which reports count as missing.
  private func units(_ name: String, _ period: [Value], _ master: Master) throws -> [String] {
    let record = try master.record(name)
    guard let column = record.index(of: "period"), let code = period.first else { return [] }
    let today = try master.day()
    return try master.rows(record, where: [(column, code)]).filter { row in
      let isReturned = record.text("returned_reason", of: row) != nil && record.text("accepted_on", of: row) == nil
      return !isReturned && record.day("expires_on", of: row).map { $0 >= today } ?? true
    }.compactMap { record.text("org", of: $0) }
  }
}
