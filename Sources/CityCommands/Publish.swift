import ArgumentParser
import Commands
import GRDB
import Master
import Presentation
import Registry
import Reports
import SQLiteStore
import SyncCore
import SyncProtocol

/// `city publish REPORT [SUBJECT] --no NO [--title T] [--note N]`
struct Publish: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "publish",
    abstract: words("Freeze a report as it follows from the master now, numbered and hashed, and make it public. 发布"))
  @OptionGroup var options: CommonOptions
  @OptionGroup var arguments: ReportArguments
  @Option(help: ArgumentHelp(words("The number of the publication; a second time makes the next version. 编号"))) var no:
    String
  @Option(help: ArgumentHelp(words("The title; that of the report unless named. 标题"))) var title: String?
  @Option(help: ArgumentHelp(words("notice, list, bulletin, release or cases; by the report unless named. 类别")))
  var kind: String?
  @Option(help: ArgumentHelp(words("What is different from the version before. 版次说明"))) var note: String?

  func run() async throws {
    try await options.run {
      try requireText(no, "--no")
      if let title { try requireText(title, "--title") }
      let master = try options.open(CityProgram.self)
      let (report, chosen) = try arguments.chosen(master)
      guard report.isPublic else { throw Reports.notPublic(report) }
      _ = try master.pastDay(chosen.day, "--on")
      let record = try master.record(Published.record)
      let row = try master.edit(as: options.actor) { db in
        let values = try freeze(chosen, db, master, record)
        return try record.row(db, key: try master.insert(db, record, values)) ?? []
      }
      guard let published = Published(record, row) else { return }
      options.show(
        rowJSON(record, row),
        Label(
          zh: "已发布 \(published.no) 第 \(published.version) 版,SHA-256 \(published.sha256)",
          en: "published \(published.no), version \(published.version), SHA-256 \(published.sha256)"
        ).text(options.language))
    }
  }

  /// The row of the publication. Inside the transaction that writes it, after everything before it is in the log.
  private func freeze(
    _ chosen: ReportArguments.Chosen, _ db: Database, _ master: Master, _ record: RecordSchema
  ) throws -> [Int: Value] {
    let (before, point) = (try latest(db, record), try master.logPoint(in: db))
    if let before { try assertSame(chosen, as: before) }
    let report = try Reports.draw(chosen, from: db, master.schema, isForPublication: true)
    let content = try Published.encode(report)
    if let before { try assertNew(content, after: before) }
    let texts: [String: String?] = [
      "no": no, "kind": kind ?? Self.kinds[chosen.report] ?? "list", "report": chosen.report,
      "arguments": try Published.encode(chosen), "title": title ?? report.title.zh, "chain": point.chain.hex,
      "published_on": CalendarDay(inChinaAt: master.clock()).description, "sha256": Published.hash(content),
      "content": content, "note": note,
    ]
    var values: [Int: Value] = [:]
    for (name, text) in texts { record.index(of: name).map { values[$0] = text.map(Value.text) ?? .null } }
    let numbers = ["version": (before?.version ?? 0) + 1, "as_of": point.arrival]
    for (name, number) in numbers { record.index(of: name).map { values[$0] = .integer(number) } }
    return values
  }

  private func latest(_ db: Database, _ record: RecordSchema) throws -> Published? {
    let sql =
      "SELECT \(record.columns.joined(separator: ", ")) FROM \(record.table) WHERE no = ? ORDER BY version DESC LIMIT 1"
    return try db.first(sql, [.text(no)]).flatMap { Published(record, $0) }
  }

  /// A new version is of the same thing. Its year is not that of the day on which it is published, unless that is said.
  private func assertSame(_ chosen: ReportArguments.Chosen, as before: Published) throws {
    guard let earlier = before.chosen else { return }
    let (report, subject) = (earlier.report, earlier.subject)
    guard report == chosen.report, subject == chosen.subject else {
      let name = [report, subject].compactMap(\.self).joined(separator: " ")
      throw Failure(
        .usage, zh: "\(no) 第 \(before.version) 版是 \(name);新版须是同一报表,否则请另用编号",
        en: "version \(before.version) of \(no) is of \(name), and so is the next one; take another number for this")
    }
    guard chosen.year == nil, Self.goByYear.contains(report), chosen.figuresYear != earlier.figuresYear else { return }
    throw Failure(
      .usage, zh: "\(no) 第 \(before.version) 版是 \(earlier.figuresYear) 年的;请用 --year 写明年度",
      en: "version \(before.version) of \(no) is of \(earlier.figuresYear); name the year with --year")
  }

  private func assertNew(_ content: String, after before: Published) throws {
    if before.content == content {
      throw Failure(
        .data, zh: "与 \(no) 第 \(before.version) 版内容相同,无须再发布",
        en: "nothing differs from version \(before.version) of \(no)")
    }
    guard let note, !note.allSatisfy(\.isWhitespace) else {
      throw Failure(
        .usage, zh: "\(no) 已有第 \(before.version) 版;新版须用 --note 说明有何不同",
        en: "\(no) has a version \(before.version); say what is different with --note")
    }
  }

  /// Reports of a year; the others are of a day or of the period that they name.
  private static let goByYear: Set = ["plan", "county", "recognised", "products", "cases", "releases"]

  private static let kinds = [
    "bulletin": "bulletin", "plan": "bulletin", "county": "bulletin", "releases": "release", "cases": "cases",
  ]
}

/// Proves that what was published follows from the master of its day: from the log alone, drawn anew.
enum PublicationCheck {
  static func problems(_ master: Master) throws -> [Label] {
    let list = try Published.all(master)
    var found: [Label?] = []
    var drawable: [Int] = []
    for (index, item) in list.enumerated() {
      switch try standing(of: item, master) {
      case .wrong(let problem): found.append(problem)
      case .behindLoss: found.append(nil)
      case .drawable:
        found.append(nil)
        drawable.append(index)
      }
    }
    // In the order of their days, for one pass over the log.
    var rest = ArraySlice(drawable.sorted { list[$0].asOf < list[$1].asOf })
    do {
      try master.revisit(Set(rest.map { list[$0].asOf })) { arrival, db, schema in
        while let next = rest.first, list[next].asOf == arrival {
          found[next] = try problem(of: list[next], drawnFrom: db, schema)
          rest.removeFirst()
        }
      }
    } catch let failure as Failure {
      for index in rest { found[index] = notDrawn(failure) }
    }
    return try zip(list, found).compactMap { $1?.about($0.no, $0.version) } + deleted(master)
  }

  /// What came back to a restored city behind something that is lost: it is as it was signed, but does not follow from
  /// the log any more.
  static func unchecked(_ master: Master) throws -> [Label] {
    try Published.all(master).compactMap { item in
      try loss(beneath: item, master).map { loss in
        let (through, why) = (loss.arrival, "\(loss.edit.actor): \(loss.reason)")
        return Label(
          zh: "所依据的历史有丢失(到第 \(through) 批,\(why)),无法重新生成",
          en: "rests on what is lost (up to batch \(through), \(why)) and is not drawn anew"
        ).about(item.no, item.version)
      }
    }
  }

  private static func loss(beneath item: Published, _ master: Master) throws -> Loss? {
    guard let point = try? master.logPoint(upTo: item.asOf), point.chain.hex != item.chain,
      let made = try edits(of: item, master).first
    else { return nil }
    return try master.loss(upTo: item.asOf, before: made.number)
  }

  /// What made it, and what has changed it since: the city's own changes, for no county's takes effect.
  private static func edits(of item: Published, _ master: Master) throws -> [HistoryEntry] {
    try master.history(master.record(Published.record), key: item.key).filter { entry in
      if case .change = entry.what { entry.replica == .city } else { false }
    }
  }

  /// What another program has deleted: nobody sees it any more, and its number would begin again.
  private static func deleted(_ master: Master) throws -> [Label] {
    guard master.schema.name == Registry.schemaName, let record = master.schema.record(Published.record)
    else { return [] }
    return try master.deletedKeys(record).compactMap { key in
      guard key.values.count == 2, case .text(let no) = key.values[0], case .integer(let version) = key.values[1]
      else { return nil }
      return Label(
        zh: "发布后被删除;请用 history 查看", en: "it was deleted after it was published; history tells by whom"
      ).about(no, version)
    }
  }

  /// How a publication stands before it is drawn anew.
  private enum Standing {
    case wrong(Label)
    case behindLoss
    case drawable
  }

  private static func standing(of item: Published, _ master: Master) throws -> Standing {
    guard Published.hash(item.content) == item.sha256 else {
      return .wrong(Label(zh: "内容与校验和不符", en: "the content is not what its hash says"))
    }
    if try edits(of: item, master).count > 1 {
      return .wrong(
        Label(zh: "发布后被改动过;请用 history 查看", en: "it was changed after it was published; history tells by whom"))
    }
    if item.chosen == nil { return .wrong(Label(zh: "未写明按何参数生成", en: "it does not say what it was drawn for")) }
    do {
      if try master.logPoint(upTo: item.asOf).chain.hex == item.chain { return .drawable }
      if try loss(beneath: item, master) != nil { return .behindLoss }
      return .wrong(
        Label(zh: "主库历史在第 \(item.asOf) 批处的链值不同", en: "the log has another chain at batch \(item.asOf)"))
    } catch let failure as Failure { return .wrong(notDrawn(failure)) }
  }

  private static func problem(of item: Published, drawnFrom db: Database, _ schema: Schema) throws -> Label? {
    guard let chosen = item.chosen else { return nil }
    do {
      let report = try Connection.translating(Master.temporary) {
        try Reports.draw(chosen, from: db, schema, isForPublication: true)
      }
      if try Published.encode(report) == item.content { return nil }
      return Label(
        zh: "按当日主库重新生成的内容不同(也可能是程序版本不同)",
        en: "drawn anew from the master of that day it differs (or this version of the program draws it otherwise)")
    } catch let failure as Failure { return notDrawn(failure) }
  }

  private static func notDrawn(_ failure: Failure) -> Label {
    Label(zh: "无法重现:\(failure.message.zh)", en: "cannot be drawn anew: \(failure.message.en)")
  }
}

extension Label {
  /// Said of a publication.
  fileprivate func about(_ no: String, _ version: Int64) -> Label {
    Label(zh: "发布 \(no) 第 \(version) 版:\(zh)", en: "publication \(no), version \(version): \(en)")
  }
}

extension ReportArguments.Chosen {
  /// That of the day unless it is named.
  var figuresYear: String { year.map(String.init) ?? String(day.prefix(4)) }
}

extension Published {
  fileprivate var key: RowKey { RowKey([.text(no), .integer(version)]) }
}
