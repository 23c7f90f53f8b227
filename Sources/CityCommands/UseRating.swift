import ArgumentParser
import Commands
import GRDB
import Master
import Presentation
import Registry
import SQLiteStore
import SyncCore

/// `city use-rating ENTERPRISE --purpose P --for WHOM --matter TEXT [--on DATE]`
struct UseRating: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "use-rating",
    abstract: words("Give somebody the credit grade that is valid on a day, and record that it was used. 应用信用评级"))
  @OptionGroup var options: CommonOptions
  @Argument(help: ArgumentHelp(words("The key, uscc:CODE, or the credit code. 企业"))) var enterprise: String
  @Option(help: ArgumentHelp(words("procurement, bidding or funding. 用途"))) var purpose: String
  @Option(name: .customLong("for"), help: ArgumentHelp(words("Who asked. 使用单位"))) var requestedBy: String
  @Option(help: ArgumentHelp(words("What for. 事项"))) var matter: String
  @Option(help: ArgumentHelp(words("The day; today without it. 日期"))) var on: String?

  func run() async throws {
    try await options.run {
      let master = try options.open(CityProgram.self)
      let key = try master.enterprise(enterprise).key
      let day = try master.pastDay(on, "--on")
      let (record, row) = try master.edit(as: options.actor) { db in
        let enterprise = try master.enterprise(db, key)
        let ratings = try master.record("credit_rating")
        let rating = try valid(db, master, ratings, enterprise, day)
        let uses = try master.record("rating_use")
        let use = try master.add(
          db, "rating_use",
          [
            "enterprise_id": enterprise.id, "rating_id": ratings.value("id", of: rating), "purpose": .text(purpose),
            "used_on": Value(day), "grade": ratings.value("grade", of: rating), "requested_by": Value(requestedBy),
            "matter": Value(matter),
          ])
        return (uses, try uses.row(db, key: use) ?? [])
      }
      let grade = record.text("grade", of: row) ?? ""
      options.show(
        rowJSON(record, row),
        Label(zh: "\(day) 的有效等级:\(grade)", en: "the grade valid on \(day): \(grade)").text(options.language)
      )
    }
  }

  /// Whether the standard of a rating holds on the day.
  private func isInForce(_ db: Database, _ master: Master, _ standard: Value, _ day: CalendarDay) throws -> Bool {
    let standards = try master.record("credit_standard")
    guard let row = try standards.row(db, key: RowKey([standard])) else { return false }
    return (standards.day("valid_from", of: row).map { $0 <= day } ?? true)
      && (standards.day("valid_to", of: row).map { day <= $0 } ?? true)
  }

  /// The newest rating that holds on the day, by a standard in force.
  private func valid(
    _ db: Database, _ master: Master, _ ratings: RecordSchema, _ enterprise: Enterprise, _ day: CalendarDay
  ) throws -> [Value] {
    let all = try master.rows(db, ratings, ["enterprise_id": enterprise.id]).sorted {
      (ratings.text("valid_from", of: $0) ?? "") < (ratings.text("valid_from", of: $1) ?? "")
    }
    let held = try all.last { row in
      guard try isInForce(db, master, ratings.value("standard", of: row), day),
        let from = ratings.day("valid_from", of: row), let to = ratings.day("valid_to", of: row)
      else {
        return false
      }
      return (from...max(from, to)).contains(day) && ratings.day("revoked_on", of: row).map { day < $0 } ?? true
    }
    if let held { return held }
    let newest = try all.last.map { row in
      let standard = ratings.text("standard", of: row) ?? ""
      let isOutdated = try !isInForce(db, master, .text(standard), day)
      let (from, to) = (ratings.text("valid_from", of: row) ?? "", ratings.text("valid_to", of: row) ?? "")
      let revoked = ratings.text("revoked_on", of: row)
      return Label(
        zh: ";最近一次自 \(from) 至 \(to)\(revoked.map { ",\($0) 撤销" } ?? "")"
          + (isOutdated ? ",其标准 \(standard) 当日未启用或已停用" : ""),
        en: "; the newest holds from \(from) to \(to)\(revoked.map { ", revoked on \($0)" } ?? "")"
          + (isOutdated ? ", by standard \(standard), which is not in force on that day" : ""))
    }
    throw Failure(
      .notFound, zh: "\(enterprise.shown) 在 \(day) 没有有效的信用评级\(newest?.zh ?? "")",
      en: "\(enterprise.shown) has no credit rating that is valid on \(day)\(newest?.en ?? "")")
  }
}
