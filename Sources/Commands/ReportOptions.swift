import ArgumentParser
import Foundation
import GRDB
import Presentation
import Registry
import Reports
import SQLiteStore
import Spreadsheet
import SyncCore
import SyncProtocol

/// How a report leaves the program.
public struct ReportOutput: ParsableArguments {
  @Option(help: ArgumentHelp(words("table, json, csv, xlsx or html; by the file's name unless named. 格式"))) public
    var format: String?
  @Option(name: .shortAndLong, help: ArgumentHelp(words("The file to write. 输出文件"))) public var output: String?

  public init() {}

  enum Format: String, CaseIterable { case table, json, csv, xlsx, html }

  func chosen(_ options: CommonOptions) throws -> Format {
    let named =
      format ?? output.flatMap { $0.split(separator: ".").last.map(String.init) } ?? (options.json ? "json" : "table")
    let name = named.lowercased()
    if let known = Format(rawValue: name == "txt" ? "table" : name) { return known }
    let list = Format.allCases.map(\.rawValue).joined(separator: ", ")
    throw Failure(
      .usage, zh: "格式只能是 \(list),不是 \(named)", en: "the format is one of \(list), not \(named); give --format")
  }

  /// To the file, or to stdout.
  public func write(_ report: Report, _ options: CommonOptions) throws {
    let format = try chosen(options)
    let bytes = try bytes(of: report, format, options.language)
    guard let output else { return Output.put(bytes) }
    try writeFile(format == .csv ? options.marked(bytes) : bytes, to: output)
    options.tell(Label(zh: "已写入 \(output)", en: "written to \(output)"))
    options.show(.object([("file", .string(output))]), "")
  }

  private func bytes(of report: Report, _ format: Format, _ language: Language) throws -> [UInt8] {
    switch format {
    case .table: [UInt8]((ReportText.render(report, language, width: Self.width) + "\n").utf8)
    case .json: [UInt8]((ReportJSON.json(report, language).text() + "\n").utf8)
    case .csv: [UInt8](ReportCSV.text(report, language).utf8)
    case .xlsx: try ReportSheet.workbook(report, language: language)
    case .html: [UInt8](ReportHTML.page(report, language).utf8)
    }
  }

  /// The terminal's columns; nil: not a terminal.
  private static var width: Int? {
    var size = winsize()
    guard isatty(STDOUT_FILENO) == 1, ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
      return nil
    }
    return Int(size.ws_col)
  }
}

/// What a report is drawn for.
public struct ReportArguments: ParsableArguments {
  @Argument(help: ArgumentHelp(words("A report; `report` lists them. 报表"))) public var name: String?
  @Argument(help: ArgumentHelp(words("What it is about: an enterprise, a period, a scheme. 对象"))) public var subject:
    String?
  @Option(help: ArgumentHelp(words("The year of the figures; that of the day unless named. 年度"))) public var year:
    Int64?
  @Option(
    name: .customLong("on"), help: ArgumentHelp(words("The day, YYYY-MM-DD: what is valid, due or late on it. 统计日")))
  public var day: String?

  public init() {}

  /// Everything that decides the figures, beside the records.
  public struct Chosen: Codable, Sendable {
    public var report: String
    public var subject: String?
    public var year: Int64?
    public var day: String
  }

  public func chosen(_ store: any RecordStore) throws -> (kind: any ReportKind.Type, chosen: Chosen) {
    guard store.schema.name == Registry.schemaName else {
      throw Failure(.usage, zh: "报表只用于科技型中小企业登记", en: "reports are for the registry of tech SMEs only")
    }
    let kind = try Reports.named(name ?? "")
    let day = self.day ?? CalendarDay(inChinaAt: store.clock()).description
    guard CalendarDay(day) != nil else {
      throw Failure(.usage, zh: "--on 应为日期 YYYY-MM-DD,不是 \(day)", en: "--on takes a date YYYY-MM-DD, not \(day)")
    }
    try store.checkYear(year, "--year")
    if subject == nil, let subject = kind.subject, !kind.subjectIsOptional {
      throw Failure(
        .usage, zh: "report \(kind.name) 后请写明:\(subject.zh)", en: "report \(kind.name) needs to be told: \(subject.en)")
    }
    return (kind, Chosen(report: kind.name, subject: subject, year: year, day: day))
  }
}

extension Reports {
  static func named(_ name: String) throws -> any ReportKind.Type {
    if let kind = all.first(where: { $0.name == name }) { return kind }
    throw unknownName(Label(zh: "报表", en: "report"), name, known: all.map { $0.name })
  }

  /// Why a report is not published.
  public static func notPublic(_ kind: any ReportKind.Type) -> Failure {
    Failure(
      .notAllowed, zh: "报表 \(kind.name) 含企业数据,不能发布",
      en: "report \(kind.name) holds data of single enterprises and is not published")
  }

  /// - Parameter isForPublication: cells of fewer than three enterprises are left out.
  public static func draw(
    _ chosen: ReportArguments.Chosen, from store: any RecordStore, isForPublication: Bool = false
  ) throws -> Report {
    try store.read { try draw(chosen, from: $0, store.schema, unit: store.unit, isForPublication: isForPublication) }
  }

  public static func draw(
    _ chosen: ReportArguments.Chosen, from db: Database, _ schema: Schema, unit: String? = nil, isForPublication: Bool
  ) throws -> Report {
    var source = ReportSource(
      db: db, schema: schema, rules: try Registry.rules(), day: chosen.day, year: chosen.year, unit: unit,
      subject: chosen.subject, isForPublication: isForPublication)
    source.version = { $0.version(of: $1) }
    return try named(chosen.report).draw(source)
  }
}
