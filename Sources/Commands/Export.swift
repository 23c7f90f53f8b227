import ArgumentParser
import Foundation
import Presentation
import SQLiteStore
import Spreadsheet
import SyncCore

/// `export RECORD FILE.csv|FILE.xlsx`
public struct Export<P: Program>: AsyncParsableCommand {
  public static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "export", abstract: words("Write all rows to a CSV file or a workbook. 导出 CSV 或 XLSX"))
  }
  @OptionGroup public var options: CommonOptions
  @Argument(help: ArgumentHelp(words("A record. 记录名"))) public var record: String
  @Argument(help: ArgumentHelp(words("The file to write; .xlsx is a workbook. 文件"))) public var file: String
  @Option(help: ArgumentHelp(words("Of a CSV file: utf-8, gb18030 or utf-16. CSV 的编码"))) public var encoding = "utf-8"
  @Flag(help: ArgumentHelp(words("With the credit codes of the enterprises that rows refer to. 附信用代码"))) public
    var codes = false
  @Flag(
    help: ArgumentHelp(
      words(
        "Without the column by which an import finds what has changed since, and without the mark of UTF-8; texts like "
          + "formulas stand as they are. 不附导出校验列和 UTF-8 标记,公式样的文字不加撇号"))) public var plain = false
  public init() {}

  public func run() async throws {
    try await options.run {
      let store = try options.open(P.self)
      let shape = ImportShape(try store.namedRecord(self.record), store.schema)
      var rows = try store.rows(shape.own)
      if codes { rows = try store.read { db in try rows.map { try shape.extended(db, $0) } } }
      let record = shape.exported(codes: codes, plain: plain)
      let isWorkbook = file.lowercased().hasSuffix(".xlsx")
      rows = rows.map { row in
        let shown = Masking.mask(row, record)
        return plain ? shown : shown + [.text(shape.seen(shown, isGuarded: !isWorkbook))]
      }
      let bytes =
        try isWorkbook
        ? RecordSheet.export(record, rows: rows, language: options.language, hiding: [SeenRow.field.name])
        : csv(record, rows)
      try writeFile(bytes, to: file)
      options.show(
        .object([("rows", .integer(Int64(rows.count))), ("file", .string(file))]),
        Label(zh: "已导出 \(rows.count) 行", en: "\(rows.count) rows written").text(options.language))
    }
  }

  private func csv(_ record: RecordSchema, _ rows: [[Value]]) throws -> [UInt8] {
    var text = CSVText.line(record.fields.map(\.name))
    for row in rows { text += CSVText.line(zip(record.fields, row).map { cell($0, $1) }) }
    let encoding = try textEncoding()
    let bytes: [UInt8]
    do { bytes = try TextEncoding.encode(text, encoding) } catch { throw placed(error, record, rows, encoding) }
    return encoding == .utf8 && !plain ? options.marked(bytes) : bytes
  }

  /// The failure, of the first cell that has a character for which the encoding has no bytes.
  private func placed(
    _ failure: Failure, _ record: RecordSchema, _ rows: [[Value]], _ encoding: TextEncoding
  ) -> Failure {
    for row in rows {
      for (field, value) in zip(record.fields, row)
      where (try? TextEncoding.encode(ValueText.spell(value), encoding)) == nil {
        let place = "\(record.name) \(KeyText.show(record.rowKey(of: row))).\(field.name)"
        let message = failure.message
        return Failure(failure.kind, zh: "\(place):\(message.zh)", en: "\(place): \(message.en)")
      }
    }
    return failure
  }

  /// Without the column that says so, an import could not take the apostrophe off again.
  private func cell(_ field: Field, _ value: Value) -> String {
    if value.isNull { return "" }
    let text = ValueText.spell(value)
    return plain || !SeenRow.guards(field) ? text : SpreadsheetFormula.guarded(text)
  }

  private func textEncoding() throws -> TextEncoding {
    switch encoding.lowercased() {
    case "utf-8", "utf8": return .utf8
    case "gb18030", "gbk", "gb2312": return .gb18030
    case "utf-16", "utf16": return .utf16
    default:
      throw Failure(
        .usage, zh: "--encoding 只能是 utf-8、gb18030 或 utf-16",
        en: "--encoding is utf-8, gb18030 or utf-16, not \(encoding)")
    }
  }
}

/// `template RECORD FILE.xlsx`
public struct Template<P: Program>: AsyncParsableCommand {
  public static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "template", abstract: words("Write an empty workbook to fill in, with drop-down lists. 导出填报模板"))
  }
  @OptionGroup public var options: CommonOptions
  @Argument(help: ArgumentHelp(words("A record. 记录名"))) public var record: String
  @Argument(help: ArgumentHelp(words("The workbook to write. 文件"))) public var file: String
  public init() {}

  public func run() async throws {
    try await options.run {
      let store = try options.open(P.self)
      let shape = ImportShape(try store.namedRecord(self.record), store.schema)
      var omitted = Set(fillsItself(shape.own, store) + [SeenRow.field.name])
      // Where a credit code can stand for the reference, nobody types the reference.
      for link in shape.borrowed { omitted.insert(shape.own.fields[link.column].name) }
      let bytes = try RecordSheet.template(
        shape.record, language: options.language, omitting: omitted, units: try units(store))
      try writeFile(bytes, to: file)
      options.show(
        .object([("record", .string(shape.own.name)), ("file", .string(file))]),
        Label(zh: "模板已写入 \(file)", en: "template written to \(file)").text(options.language))
    }
  }

  private func fillsItself(_ record: RecordSchema, _ store: P.Store) -> [String] {
    record.fields.indices.filter { index in
      let field = record.fields[index]
      if record.key == [field.name], field.kind == .uuid { return true }
      guard store.side == .county else { return false }
      if case .field(field.name) = record.scope { return true }
      return record.owner(of: index) == .city
    }.map { record.fields[$0].name }
  }

  private func units(_ store: P.Store) throws -> (reference: Reference, codes: [String])? {
    guard let reference = store.schema.units, let record = store.schema.record(reference.record),
      let column = record.index(of: reference.field)
    else { return nil }
    return (reference, try store.rows(record).map { ValueText.spell($0[column]) })
  }
}

extension CommonOptions {
  /// UTF-8 of a file for people. Without the mark, Excel on Chinese Windows takes it for GBK and saves other bytes than
  /// it has read.
  func marked(_ utf8: [UInt8]) -> [UInt8] { language == .zh ? TextEncoding.mark + utf8 : utf8 }
}

/// Whole or not at all. A database and a key are left alone: whoever names one of them meant another file.
func writeFile(_ bytes: [UInt8], to file: String) throws {
  if DurableFile.isDatabase(file) || file.hasSuffix(".key") && FileManager.default.fileExists(atPath: file) {
    throw Failure(
      .usage, zh: "\(file) 是数据库或密钥文件,未改动;请换一个文件名",
      en: "\(file) is a database or a key; it was left alone, use another name")
  }
  do { try Data(bytes).write(to: URL(fileURLWithPath: file), options: .atomic) } catch {
    throw Failure(.disk, zh: "无法写入 \(file);请检查目录和磁盘", en: "cannot write \(file): check the folder and the disk")
  }
}
