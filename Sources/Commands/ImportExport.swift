import ArgumentParser
import Foundation
import GRDB
import Presentation
import SQLiteStore
import SyncCore

/// `import RECORD FILE.csv [--dry-run]`
public struct Import<P: Program>: AsyncParsableCommand {
  public static var configuration: CommandConfiguration {
    CommandConfiguration(commandName: "import", abstract: "Add or change rows from a CSV file; all or nothing. 导入 CSV")
  }
  @OptionGroup public var options: CommonOptions
  @Argument(help: "A record. 记录名") public var record: String
  @Argument(help: "A CSV file with the fields' names in its first line. 文件") public var file: String
  @Flag(name: .long, help: "Only say what would happen. 只检查不写入") public var dryRun = false
  public init() {}

  public func run() async throws {
    try await options.run {
      let store = try options.open(P.self)
      let record = try store.namedRecord(self.record)
      let rows = try ImportFile.readCSV([UInt8](try readFile(file)), record: record)
      var job = ImportJob(store: store, record: record)
      do {
        try store.edit(as: options.actor) { db in
          for row in rows { try job.take(db, row) }
          if dryRun || !job.problems.isEmpty { throw Undone() }
        }
      } catch is Undone {}
      report(job, rows: rows.count)
      if !job.problems.isEmpty { throw ExitCode(Failure.Kind.data.rawValue) }
    }
  }

  private func report(_ job: ImportJob, rows: Int) {
    let problems = job.problems.map { problem in
      JSON.object([
        ("row", .integer(Int64(problem.line))), ("column", .string(problem.column)), ("value", .string(problem.value)),
        ("message", .string(problem.message.text(options.language))),
      ])
    }
    for problem in job.problems {
      let (line, column, value) = (problem.line, problem.column, visibleText(problem.value))
      options.tell(
        Label(
          zh: "第 \(line) 行 \(column) “\(value)”:\(problem.message.zh)",
          en: "row \(line), \(column) '\(value)': \(problem.message.en)"))
    }
    let done = job.problems.isEmpty && !dryRun
    options.show(
      .object([
        ("rows", .integer(Int64(rows))), ("added", .integer(Int64(done ? job.added : 0))),
        ("changed", .integer(Int64(done ? job.changed : 0))), ("problems", .array(problems)),
        ("dry_run", .bool(dryRun)),
      ]),
      Label(
        zh: done ? "共 \(rows) 行:新增 \(job.added),修改 \(job.changed)" : "共 \(rows) 行,\(job.problems.count) 个问题,未写入任何数据",
        en: done
          ? "\(rows) rows: \(job.added) added, \(job.changed) changed"
          : "\(rows) rows, \(job.problems.count) problems; nothing was written"
      ).text(options.language))
  }
}

/// Ends a transaction that is not to be kept.
private struct Undone: Error {}

private struct ImportJob {
  let store: any RecordStore
  let record: RecordSchema
  let reviewer: Reviewer
  var added = 0
  var changed = 0
  var problems: [ImportProblem] = []

  init(store: any RecordStore, record: RecordSchema) {
    self.store = store
    self.record = record
    reviewer = Reviewer(store)
  }

  mutating func take(_ db: Database, _ row: ImportRow) throws {
    guard row.problems.isEmpty else {
      problems += row.problems
      return
    }
    do {
      if let key = try existing(db, row) {
        let cells = row.values.filter { !record.isKey($0.key) }
        let before = try record.row(db, key: key)
        try store.update(db, record, key: key, cells)
        let after = try record.row(db, key: key)
        if after != before { changed += 1 }
        _ = try reviewer.check(db, record, after ?? [], before: before)
      } else {
        let key = try store.insert(db, record, row.values)
        _ = try reviewer.check(db, record, record.row(db, key: key) ?? [])
        added += 1
      }
    } catch let failure as Failure where failure.kind == .data || failure.kind == .notAllowed {
      add(row, failure.message)
    } catch let error as DatabaseError where error.resultCode == .SQLITE_CONSTRAINT {
      add(row, Connection.failure(error, path: store.schema.name).message)
    }
  }

  private mutating func add(_ row: ImportRow, _ message: Label) {
    // The message names the field as record.field.
    let column = record.fields.indices.first {
      message.en.hasPrefix("\(record.name).\(record.fields[$0].name)")
        || message.en.contains(".\(record.fields[$0].name):")
    }
    let value = column.flatMap { row.values[$0] }.map(ValueText.spell) ?? ""
    problems.append(
      ImportProblem(line: row.line, column: column.map { record.fields[$0].name } ?? "", value: value, message: message)
    )
  }

  /// The row that a line means: by its key, else by a unique field.
  private func existing(_ db: Database, _ row: ImportRow) throws -> RowKey? {
    let keyValues = record.keyIndices.compactMap { row.values[$0] }
    if keyValues.count == record.key.count {
      let key = RowKey(keyValues)
      return try record.row(db, key: key) == nil ? nil : key
    }
    for set in record.unique where set.count == 1 {
      guard let column = record.index(of: set[0]), let value = row.values[column] else { continue }
      let sql = "SELECT \(record.keyColumns.joined(separator: ", ")) FROM \(record.table) WHERE \(quoted(set[0])) = ?"
      if let key = try db.first(sql, [value]).map(RowKey.init) { return key }
    }
    return nil
  }
}

/// `export RECORD FILE.csv`
public struct Export<P: Program>: AsyncParsableCommand {
  public static var configuration: CommandConfiguration {
    CommandConfiguration(commandName: "export", abstract: "Write all rows to a CSV file. 导出 CSV")
  }
  @OptionGroup public var options: CommonOptions
  @Argument(help: "A record. 记录名") public var record: String
  @Argument(help: "The file to write. 文件") public var file: String
  public init() {}

  public func run() async throws {
    try await options.run {
      try refuseSpreadsheet(file)
      let store = try options.open(P.self)
      let record = try store.namedRecord(self.record)
      let rows = try store.rows(record)
      var text = CSVText.line(record.fields.map(\.name))
      for row in rows { text += CSVText.line(row.map { $0.isNull ? "" : ValueText.spell($0) }) }
      do { try Data(text.utf8).write(to: URL(fileURLWithPath: file), options: .atomic) } catch {
        throw Failure(.disk, zh: "无法写入 \(file)", en: "cannot write \(file): check the folder and the disk")
      }
      options.show(
        .object([("rows", .integer(Int64(rows.count))), ("file", .string(file))]),
        Label(zh: "已导出 \(rows.count) 行", en: "\(rows.count) rows written").text(options.language))
    }
  }
}

private func refuseSpreadsheet(_ file: String) throws {
  if file.lowercased().hasSuffix(".xlsx") {
    throw Failure(
      .usage, zh: "目前只支持 CSV;请另存为 UTF-8 的 CSV",
      en: "only CSV is read and written so far; save the sheet as CSV in UTF-8")
  }
}

private func readFile(_ file: String) throws -> Data {
  try refuseSpreadsheet(file)
  let url = URL(fileURLWithPath: file)
  guard let size = try? url.resourceValues(forKeys: [.fileSizeKey]).fileSize else {
    throw Failure(.notFound, zh: "没有文件 \(file)", en: "there is no file \(file)")
  }
  guard size <= ImportFile.maxBytes else {
    throw Failure(.data, zh: "\(file) 超过 64 MiB;请拆分", en: "\(file) is larger than 64 MiB; split it")
  }
  do { return try Data(contentsOf: url) } catch {
    throw Failure(.notFound, zh: "无法读取 \(file)", en: "cannot read \(file)")
  }
}
