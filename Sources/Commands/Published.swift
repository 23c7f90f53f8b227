import ArgumentParser
import Foundation
import Presentation
import Registry
import Reports
import SQLiteStore
import SyncCore
import SyncProtocol

/// A row of `publication`: a report as it was made public, with what it was drawn from.
public struct Published {
  public static let record = "publication"

  public var no: String
  public var version: Int64
  public var title: String
  /// The last batch of the master's log that it rests on, and the chain of the log there.
  public var asOf: Int64
  public var chain: String
  public var publishedOn: String
  public var sha256: String
  /// The report in JSON, in both languages.
  public var content: String
  /// What it was drawn for, in JSON.
  public var arguments: String
  public var note: String?

  public init?(_ record: RecordSchema, _ row: [Value]) {
    func text(_ field: String) -> String? {
      guard let index = record.index(of: field), case .text(let text) = row[index] else { return nil }
      return text
    }
    func number(_ field: String) -> Int64? {
      guard let index = record.index(of: field), case .integer(let number) = row[index] else { return nil }
      return number
    }
    guard let no = text("no"), let version = number("version"), let title = text("title"), let asOf = number("as_of"),
      let chain = text("chain"), let publishedOn = text("published_on"), let sha256 = text("sha256"),
      let content = text("content")
    else { return nil }
    self.no = no
    self.version = version
    self.title = title
    self.asOf = asOf
    self.chain = chain
    self.publishedOn = publishedOn
    self.sha256 = sha256
    self.content = content
    arguments = text("arguments") ?? ""
    note = text("note")
  }

  public static func encode(_ report: Report) throws -> String { try canonicalText(report) }
  public static func encode(_ chosen: ReportArguments.Chosen) throws -> String { try canonicalText(chosen) }
  public static func hash(_ content: String) -> String { SyncProtocol.sha256(Array(content.utf8)).hex }

  private static func canonicalText(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }

  /// What it was drawn for; nil: the row does not say it.
  public var chosen: ReportArguments.Chosen? {
    try? JSONDecoder().decode(ReportArguments.Chosen.self, from: Data(arguments.utf8))
  }

  /// The report under the head of the publication.
  public func report() throws -> Report {
    guard var report = try? JSONDecoder().decode(Report.self, from: Data(content.utf8)) else {
      throw Failure(
        .data, zh: "发布 \(no) 第 \(version) 版的内容无法读取;请运行 verify",
        en: "the content of publication \(no), version \(version), cannot be read; run verify")
    }
    report.title = Label(zh: title, en: title == report.title.zh ? report.title.en : title)
    report.notes.insert(
      Label(
        zh: "编号 \(no),第 \(version) 版,\(publishedOn) 发布;截至主库第 \(asOf) 批;SHA-256 \(sha256)",
        en:
          "number \(no), version \(version), published \(publishedOn); as of batch \(asOf) of the master; SHA-256 \(sha256)"
      ),
      at: 0)
    if let note { report.notes.insert(Label(zh: "本版说明:\(note)", en: "what is different: \(note)"), at: 1) }
    return report
  }

  /// All versions that a store holds, by number and version.
  public static func all(_ store: any RecordStore, no: String? = nil) throws -> [Published] {
    guard let record = store.schema.record(Self.record), let column = record.index(of: "no") else { return [] }
    let rows = try store.rows(record, where: no.map { [(column, .text($0))] } ?? [])
    return rows.compactMap { Published(record, $0) }
  }
}

extension RecordStore {
  /// What the city has made public stays as it was: `verify` proves it from the log, and counties have it.
  public func refusePublished(_ record: RecordSchema) throws {
    guard side == .city, schema.name == Registry.schemaName, record.name == Published.record else { return }
    throw Failure(
      .notAllowed, zh: "已发布的内容不能修改、删除或合并;请用 publish 发布新版,并以 --note 说明有何不同",
      en: "what was published is not edited, deleted or merged; publish a new version, with what differs as its --note")
  }
}

/// `publication [NO] [--version V]`
public struct PublicationCommand<P: Program>: AsyncParsableCommand {
  public static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "publication", abstract: words("What was made public, as it was made public. 查看发布"))
  }
  @OptionGroup public var options: CommonOptions
  @Argument(help: ArgumentHelp(words("Its number; all are listed without one. 编号"))) public var no: String?
  @Option(help: ArgumentHelp(words("The version; the newest unless named. 版次"))) public var version: Int64?
  @OptionGroup public var output: ReportOutput
  public init() {}

  public func run() async throws {
    try await options.run {
      let store = try options.open(P.self)
      let list = try Published.all(store, no: no)
      guard let no else { return show(list) }
      guard let found = version == nil ? list.last : list.first(where: { $0.version == version }) else {
        throw Failure(
          .notFound, zh: "没有发布 \(no)\(version.map { " 第 \($0) 版" } ?? "");publication 列出已发布的",
          en: "there is no publication \(no)\(version.map { ", version \($0)" } ?? ""); publication lists them")
      }
      try output.write(try found.report(), options)
    }
  }

  private func show(_ list: [Published]) {
    let json = list.map { item in
      JSON.object([
        ("no", .string(item.no)), ("version", .integer(item.version)), ("title", .string(item.title)),
        ("published_on", .string(item.publishedOn)), ("as_of", .integer(item.asOf)), ("sha256", .string(item.sha256)),
        ("note", item.note.map(JSON.string) ?? .null),
      ])
    }
    let headers =
      options.language == .zh
      ? ["编号", "版次", "标题", "发布日期", "说明"] : ["number", "version", "title", "published", "what is different"]
    let rows = list.map { [$0.no, String($0.version), $0.title, $0.publishedOn, $0.note ?? ""] }
    options.show(.array(json), TextTable(headers: headers, rows: rows).render())
  }
}
