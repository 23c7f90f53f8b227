import ArgumentParser
import Commands
import Master
import Presentation
import Registry
import SQLiteStore
import SyncCore

/// `city period open|lock|extend|list`
struct Periods: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "period",
    abstract: words("Open and lock reporting periods, and make exceptions for single units. 报告期"),
    subcommands: [OpenPeriod.self, LockPeriod.self, ExtendPeriod.self, ListPeriods.self])
}

/// A period by its code: 2018 is a year, 201803 its third month.
struct PeriodCode: ExpressibleByArgument {
  let code: Int64
  let first, last: CalendarDay
  var isYear: Bool { code <= 9999 }
  var key: RowKey { RowKey([.integer(code)]) }

  init?(argument: String) {
    guard argument.utf8.allSatisfy({ (48...57).contains($0) }), let code = Int64(argument) else { return nil }
    let year = argument.utf8.count == 4 ? code : code / 100
    let month = argument.utf8.count == 4 ? nil : code % 100
    guard [4, 6].contains(argument.utf8.count), (1949...2100).contains(year), (1...12).contains(month ?? 1) else {
      return nil
    }
    self.code = code
    first = CalendarDay(year: year, month: month ?? 1, day: 1)
    let next = month == nil || month == 12 ? (year + 1, 1) : (year, (month ?? 0) + 1)
    last = CalendarDay(year: next.0, month: next.1, day: 1).adding(-1)
  }
}

/// `city period open CODE --due DATE`
struct OpenPeriod: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "open", abstract: words("Open a period, or open it again with another due day. 开设报告期"))
  @OptionGroup var options: CommonOptions
  @Argument(help: ArgumentHelp(words("2018 is a year, 201803 a month. 报告期"))) var code: PeriodCode
  @Option(help: ArgumentHelp(words("The last day to submit, that day included. 上报期限"))) var due: String

  func run() async throws {
    try await options.run {
      let master = try options.open(CityProgram.self)
      let record = try master.record("period")
      guard let due = try master.day(due, "--due") else { return }
      if due < code.first {
        throw Failure(
          .data, zh: "--due:\(due) 早于报告期的第一天 \(code.first)",
          en: "--due: \(due) is before the period begins on \(code.first)")
      }
      let row = try master.edit(as: options.actor) { db in
        let cells = try record.cells(["due_on": Value(due), "state": .text("open"), "locked_on": .null])
        if try record.row(db, key: code.key) == nil {
          let rest = try record.cells([
            "code": .integer(code.code), "kind": .text(code.isYear ? "year" : "month"),
            "starts_on": Value(code.first), "ends_on": Value(code.last),
          ])
          _ = try master.insert(db, record, cells.merging(rest) { $1 })
        } else {
          try master.update(db, record, key: code.key, cells)
        }
        return try record.row(db, key: code.key) ?? []
      }
      options.show(
        rowJSON(record, row),
        Label(zh: "\(code.code) 填报中,期限 \(due)", en: "\(code.code) is open, due on \(due)").text(options.language))
    }
  }
}

/// `city period lock CODE`
struct LockPeriod: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lock", abstract: words("Lock a period: later changes by counties become revision requests. 锁定报告期"))
  @OptionGroup var options: CommonOptions
  @Argument(help: ArgumentHelp(words("2018 is a year, 201803 a month. 报告期"))) var code: PeriodCode

  func run() async throws {
    try await options.run {
      let master = try options.open(CityProgram.self)
      let record = try master.record("period")
      let row = try master.edit(as: options.actor) { db in
        guard let row = try record.row(db, key: code.key) else { throw master.missing(record, code.key) }
        if let due = record.day("due_on", of: row), master.today <= due {
          options.tell(Label(zh: "上报期限 \(due) 尚未过完", en: "the due day \(due) is not over yet"))
        }
        if record.text("state", of: row) == "locked" { return row }
        try master.update(
          db, record, key: code.key, try record.cells(["state": .text("locked"), "locked_on": Value(master.today)]))
        return try record.row(db, key: code.key) ?? []
      }
      options.show(
        rowJSON(record, row), Label(zh: "\(code.code) 已锁定", en: "\(code.code) is locked").text(options.language))
    }
  }
}

/// `city period extend CODE --org ORG --until DATE --reason TEXT`
struct ExtendPeriod: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "extend", abstract: words("Let one unit report for a period until a day, that day included. 锁定例外"))
  @OptionGroup var options: CommonOptions
  @Argument(help: ArgumentHelp(words("2018 is a year, 201803 a month. 报告期"))) var code: PeriodCode
  @Option(help: ArgumentHelp(words("The org unit's code. 单位编码"))) var org: String
  @Option(help: ArgumentHelp(words("The last day. 有效至"))) var until: String
  @Option(help: ArgumentHelp(words("Why. 理由"))) var reason: String

  func run() async throws {
    try await options.run {
      try requireReason(reason)
      let master = try options.open(CityProgram.self)
      let record = try master.record("lock_exception")
      guard let until = try master.day(until, "--until") else { return }
      if until < master.today {
        throw Failure(.data, zh: "--until:\(until) 已过", en: "--until: \(until) is over already")
      }
      let day = try master.day()
      if until < day {
        throw Failure(
          .data,
          zh: "--until:市里的时间已是 \(day),超前于本机时钟:"
            + "本机时钟若现在走慢,请先校准;若曾经走快,例外不能早于该日到期",
          en: "--until: the city's time is \(day), ahead of this machine's clock: set that right if it is behind now; "
            + "if it stood ahead once, an exception ends no earlier")
      }
      let key = RowKey([.integer(code.code), .text(org)])
      let row = try master.edit(as: options.actor) { db in
        let cells = try record.cells(["expires_on": Value(until), "reason": .text(reason)])
        if try record.row(db, key: key) == nil {
          let rest = try record.cells(["period": .integer(code.code), "org": .text(org)])
          _ = try master.insert(db, record, cells.merging(rest) { $1 })
        } else {
          try master.update(db, record, key: key, cells)
        }
        return try record.row(db, key: key) ?? []
      }
      options.show(
        rowJSON(record, row),
        Label(zh: "\(org) 可填报 \(code.code) 至 \(until)", en: "\(org) may report for \(code.code) until \(until)").text(
          options.language))
    }
  }
}
