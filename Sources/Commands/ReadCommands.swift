import ArgumentParser
import Presentation
import SQLiteStore
import SyncCore
import SyncProtocol

/// `list RECORD [--where field=value …] [--limit N]`
public struct List<P: Program>: AsyncParsableCommand {
  public static var configuration: CommandConfiguration {
    CommandConfiguration(commandName: "list", abstract: words("List rows. 列出记录"))
  }
  @OptionGroup public var options: CommonOptions
  @Argument(help: ArgumentHelp(words("A record. 记录名"))) public var record: String
  @Option(name: .customLong("where"), parsing: .upToNextOption, help: ArgumentHelp(words("field=value … 条件"))) public
    var conditions: [String] = []
  @Option(name: .long, help: ArgumentHelp(words("At most so many. 最多条数"))) public var limit: Int?
  public init() {}

  public func run() async throws {
    try await options.run {
      if let limit, limit < 0 { throw Failure(.usage, zh: "--limit 不能为负数", en: "--limit must not be negative") }
      let store = try options.open(P.self)
      let record = try store.namedRecord(self.record)
      let values = try Assignment.parse(conditions, record: record, language: options.language)
      let rows = try store.rows(
        record, where: values.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }, limit: limit)
      options.show(.array(rows.map { rowJSON(record, $0) }), rowTable(record, rows, options.language))
      let parked = options.json || !values.isEmpty ? [] : try store.parkedRows(record)
      if !parked.isEmpty {
        let note = Label(zh: "搁置,未入库(\(parked.count)):", en: "parked, not among the rows (\(parked.count)):")
        options.show(.null, note.text(options.language) + "\n" + rowTable(record, parked, options.language))
      }
    }
  }
}

/// `show RECORD KEY`
public struct Show<P: Program>: AsyncParsableCommand {
  public static var configuration: CommandConfiguration {
    CommandConfiguration(commandName: "show", abstract: words("Show one row. 查看一条记录"))
  }
  @OptionGroup public var options: CommonOptions
  @OptionGroup public var row: RowArguments
  public init() {}

  public func run() async throws {
    try await options.run {
      let store = try options.open(P.self)
      let (record, key) = try row.find(in: store)
      guard let row = try store.row(record, key: key) else { throw try absence(of: key, record, store) }
      let cells = Masking.mask(row, record)
      let lines = zip(record.fields, cells).map { field, value in
        [
          field.name, field.label.text(options.language),
          ValueText.show(value, field: field, language: options.language),
        ]
      }
      let headers = Label(zh: "字段 名称 值", en: "field label value").text(options.language).split(separator: " ").map(
        String.init)
      let approval = record.approval(of: row)
      var json: [(String, JSON)] = zip(record.fields, cells).map { ($0.name, JSON($1)) }
      if let approval { json.append(("approval", .string(approval.rawValue))) }
      let note = approval.map { "\n" + $0.label.text(options.language) } ?? ""
      options.show(.object(json), TextTable(headers: headers, rows: lines).render() + note)
    }
  }

  private func absence(of key: RowKey, _ record: RecordSchema, _ store: P.Store) throws -> Failure {
    guard let (id, detail) = try store.read({ try store.parkedRow($0, record, key: key) }) else {
      return store.missing(record, key)
    }
    let place = "\(record.name) \(KeyText.show(key))"
    return Failure(
      .notFound, zh: "\(place) 已搁置(编号 \(id)):\(detail.zh);请用 list \(record.name) 或 parked 查看",
      en: "\(place) is parked, as number \(id): \(detail.en); list \(record.name) and parked show it")
  }
}

/// `records`
public struct Records<P: Program>: AsyncParsableCommand {
  public static var configuration: CommandConfiguration {
    CommandConfiguration(commandName: "records", abstract: words("What the schema offers. 有哪些记录和字段"))
  }
  @OptionGroup public var options: CommonOptions
  @Argument(help: ArgumentHelp(words("Only this record. 只看此记录"))) public var record: String?
  public init() {}

  public func run() async throws {
    try await options.run {
      let store = try options.open(P.self)
      let records = try record.map { [try store.namedRecord($0)] } ?? store.schema.records
      options.show(.array(records.map(describe)), records.map { text($0, options.language) }.joined(separator: "\n\n"))
    }
  }

  private func text(_ record: RecordSchema, _ language: Language) -> String {
    func word(_ zh: String, _ en: String) -> String { Label(zh: zh, en: en).text(language) }
    let lines = record.fields.map { field in
      let notes: [String?] = [
        record.key.contains(field.name) ? word("主键", "key") : field.required ? word("必填", "required") : nil,
        field.reference.map { "→ \($0.record).\($0.field)" },
        record.unique.contains([field.name]) ? word("唯一", "unique") : nil,
        (field.owner ?? record.owner) == .city ? word("市里", "city") : nil,
        field.policy == .review ? nil : field.policy.label.text(language),
        field.check.values.map { $0.map(\.value).joined(separator: "|") },
      ]
      return [
        field.name, field.label.text(language), field.kind.rawValue, notes.compactMap { $0 }.joined(separator: ", "),
      ]
    }
    return "\(record.name)  \(record.label.text(language))\n"
      + TextTable(
        headers: language == .zh ? ["字段", "名称", "类型", "规则"] : ["field", "label", "type", "rules"], rows: lines
      ).render()
  }

  private func describe(_ record: RecordSchema) -> JSON {
    .object([
      ("name", .string(record.name)), ("zh", .string(record.label.zh)), ("en", .string(record.label.en)),
      ("key", .array(record.key.map(JSON.string))), ("owner", .string(record.owner.rawValue)),
      (
        "fields",
        .array(
          record.fields.map { field in
            .object([
              ("name", .string(field.name)), ("zh", .string(field.label.zh)), ("en", .string(field.label.en)),
              ("type", .string(field.kind.rawValue)), ("required", .bool(field.required)),
              ("policy", .string(field.policy.rawValue)),
            ])
          })
      ),
    ])
  }
}

/// `history RECORD KEY`
public struct HistoryCommand<P: Program>: AsyncParsableCommand {
  public static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "history", abstract: words("Every change of a row: who, when, from what to what. 修改历史"))
  }
  @OptionGroup public var options: CommonOptions
  @OptionGroup public var row: RowArguments
  public init() {}

  public func run() async throws {
    try await options.run {
      let store = try options.open(P.self)
      let (record, key) = try row.find(in: store)
      let history = try P.history(store, record, key)
      if history.lines.isEmpty, try store.row(record, key: key) == nil { throw store.missing(record, key) }
      if let note = history.note { options.tell(note) }
      let rows = history.lines.map { line in
        let cells = line.cells.map {
          "\($0.field): \(spell($0.old, $0.field, record)) → \(spell($0.new, $0.field, record))"
        }.joined(
          separator: "; ")
        let machine = line.replica == "city" ? Label(zh: "市里", en: "city").text(options.language) : line.replica
        return [
          line.at.map { isoTime(milliseconds: $0.milliseconds) } ?? "", line.actor, String(machine.prefix(8)),
          line.what.text(options.language), cells, line.outcome.text(options.language),
        ]
      }
      let headers =
        options.language == .zh
        ? ["修改时间", "何人", "机器", "操作", "内容", "结果"]
        : ["edited", "who", "replica", "what", "cells", "outcome"]
      options.show(.array(history.lines.map { json($0, record) }), TextTable(headers: headers, rows: rows).render())
    }
  }

  private func shown(_ value: Value, _ field: String, _ record: RecordSchema) -> Value {
    record.field(field).map { Masking.mask(value, $0) } ?? value
  }

  private func spell(_ value: Value, _ field: String, _ record: RecordSchema) -> String {
    ValueText.spellOrNull(shown(value, field, record))
  }

  private func json(_ line: History.Line, _ record: RecordSchema) -> JSON {
    func time(_ stamp: Stamp?) -> JSON { stamp.map { .string(isoTime(milliseconds: $0.milliseconds)) } ?? .null }
    let cells = line.cells.map {
      JSON.object([
        ("field", .string($0.field)), ("old", JSON(shown($0.old, $0.field, record))),
        ("new", JSON(shown($0.new, $0.field, record))),
      ])
    }
    return .object([
      ("edited_at", time(line.at)), ("received_at", time(line.received)), ("actor", .string(line.actor)),
      ("replica", .string(line.replica)), ("change", .string(line.what.en)), ("cells", .array(cells)),
      ("outcome", .string(line.outcome.en)),
    ])
  }
}

/// `conflicts [--state open|decided|all]`
public struct Conflicts<P: Program>: AsyncParsableCommand {
  public static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "conflicts",
      abstract: words("Contested cells with base, master and contenders, and what became of them. 冲突"))
  }
  @OptionGroup public var options: CommonOptions
  @Option(help: ArgumentHelp(words("open, decided or all. 状态:open、decided、all"))) public var state = "open"
  public init() {}

  public func run() async throws {
    try await options.run {
      let store = try options.open(P.self)
      let conflicts = try store.conflicts(try conflictStates(state))
      let pending = try P.pendingDecisions(store)
      let text = conflicts.map { conflictText($0, store.schema, options.language, pending: pending[$0.id]) }
      if state == "open", !options.json {
        let settled = try store.conflicts(try conflictStates("decided")).count
        if settled > 0 {
          options.tell(
            Label(
              zh: "另有 \(settled) 个已处理:\(P.name) conflicts --state decided",
              en: "\(settled) more are settled: \(P.name) conflicts --state decided"))
        }
      }
      options.show(
        .array(conflicts.map { conflictJSON($0, store.schema, pending: pending[$0.id]) }),
        text.joined(separator: "\n\n"))
    }
  }
}

/// `verify`
public struct Verify<P: Program>: AsyncParsableCommand {
  public static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "verify", abstract: words("Check the file, its constraints and its signatures. 校验"))
  }
  @OptionGroup public var options: CommonOptions
  public init() {}

  public func run() async throws {
    try await options.run {
      let store = try options.open(P.self)
      let problems = try P.verify(store)
      try P.notes(store).forEach(options.tell)
      VerifyReport(problems: problems, erased: try P.erased(store), unchecked: try P.unchecked(store)).show(options)
      if !problems.isEmpty { throw ExitCode(Failure.Kind.data.rawValue) }
    }
  }
}
