import ArgumentParser
import Foundation
import Presentation
import SQLiteStore
import Spreadsheet
import SyncCore

/// `import RECORD FILE.csv|FILE.xlsx [--dry-run]`
public struct Import<P: Program>: AsyncParsableCommand {
  public static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "import",
      abstract: words("Add or change rows from a CSV file or a workbook; all or nothing. 导入 CSV 或 XLSX")
    )
  }
  @OptionGroup public var options: CommonOptions
  @Argument(help: ArgumentHelp(words("A record. 记录名"))) public var record: String
  @Argument(help: ArgumentHelp(words("A file with the fields' names or labels in its first line. 文件"))) public var file:
    String
  @Option(help: ArgumentHelp(words("The sheet of a workbook; the first one unless named. 工作表"))) public var sheet:
    String?
  @Flag(name: .long, help: ArgumentHelp(words("Only say what would happen. 只检查不写入"))) public var dryRun = false
  public init() {}

  public func run() async throws {
    try await options.run {
      let store = try options.open(P.self)
      let shape = ImportShape(try store.namedRecord(self.record), store.schema)
      let rows = shape.unguarded(try ImportFile.read(try readFile(file), record: shape.record, sheet: sheet))
      var job = ImportJob(store: store, shape: shape)
      do {
        try store.edit(as: options.actor) { db in
          for row in rows { try job.take(db, row) }
          if dryRun || !job.problems.isEmpty { throw Undone() }
        }
      } catch is Undone {}
      report(job, rows: rows.count)
      if !job.problems.isEmpty {
        throw ExitCode((job.isRefused ? Failure.Kind.notAllowed : .data).rawValue)
      }
    }
  }

  private func report(_ job: ImportJob, rows: Int) {
    let notes = job.notes + job.closedNotes
    (notes + job.problems).map(sentence).forEach(options.tell)
    let done = job.problems.isEmpty && !dryRun
    options.show(
      .object([
        ("rows", .integer(Int64(rows))), ("added", .integer(Int64(done ? job.added : 0))),
        ("changed", .integer(Int64(done ? job.changed : 0))),
        ("deleted", .integer(Int64(job.deleted))), ("parked", .integer(Int64(job.parked))),
        ("problems", .array(job.problems.map(json))), ("notes", .array(notes.map(json))), ("dry_run", .bool(dryRun)),
      ]),
      summary(job, rows, done).text(options.language))
  }

  private func summary(_ job: ImportJob, _ rows: Int, _ done: Bool) -> Label {
    let (added, changed, problems) = (job.added, job.changed, job.problems.count)
    var passed = Label(zh: "", en: "")
    if job.deleted > 0 {
      passed.zh += ",导出后已被删除、不再恢复 \(job.deleted)"
      passed.en += ", \(job.deleted) deleted since and left so"
    }
    if job.parked > 0 {
      passed.zh += ",搁置、未作改动 \(job.parked)"
      passed.en += ", \(job.parked) parked and left so"
    }
    if done {
      return Label(
        zh: "共 \(rows) 行:新增 \(added),修改 \(changed)\(passed.zh)",
        en: "\(rows) rows: \(added) added, \(changed) changed\(passed.en)")
    }
    if problems == 0 {
      return Label(
        zh: "共 \(rows) 行,没有问题:将新增 \(added),修改 \(changed)\(passed.zh);未写入任何数据",
        en: "\(rows) rows, no problems: \(added) would be added, \(changed) changed\(passed.en); nothing was written")
    }
    return Label(
      zh: "共 \(rows) 行,\(problems) 个问题,未写入任何数据", en: "\(rows) rows, \(problems) problems; nothing was written")
  }

  private func sentence(_ problem: ImportProblem) -> Label {
    let (line, column, value) = (problem.line, problem.column, visibleText(problem.value))
    let isOfRow = column.isEmpty
    return Label(
      zh: "第 \(line) 行\(isOfRow ? "" : " \(column) “\(value)”"):\(problem.message.zh)",
      en: "row \(line)\(isOfRow ? "" : ", \(column) '\(value)'"): \(problem.message.en)")
  }

  private func json(_ problem: ImportProblem) -> JSON {
    .object([
      ("row", .integer(Int64(problem.line))), ("column", .string(problem.column)), ("value", .string(problem.value)),
      ("message", .string(problem.message.text(options.language))),
    ])
  }
}

/// Ends a transaction that is not to be kept.
private struct Undone: Error {}

/// The bytes of a file that is to be imported.
private func readFile(_ file: String) throws -> [UInt8] {
  let url = URL(fileURLWithPath: file)
  guard let size = try? url.resourceValues(forKeys: [.fileSizeKey]).fileSize else {
    throw Failure(.notFound, zh: "没有文件 \(file)", en: "there is no file \(file)")
  }
  guard size <= ImportFile.maxBytes else {
    throw Failure(.data, zh: "\(file) 超过 64 MiB;请拆分", en: "\(file) is larger than 64 MiB; split it")
  }
  do { return [UInt8](try Data(contentsOf: url)) } catch {
    throw Failure(.notFound, zh: "无法读取 \(file)", en: "cannot read \(file)")
  }
}
