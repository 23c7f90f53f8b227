import SwiftCSV
import SyncCore

/// Files that people bring from spreadsheets.
public struct ImportFile {
  /// Bytes of a file.
  public static let maxBytes = 64 << 20

  /// The rows below the header, in order. In any encoding that `TextEncoding` knows; comma, tab or semicolon, as the
  /// header has it. Throws `.data` when the file as a whole cannot be read; what is wrong with one row stands in it.
  /// Spaces around quotes are no part of a cell, those before a text without quotes are.
  public static func readCSV(_ bytes: [UInt8], record: RecordSchema) throws(Failure) -> [ImportRow] {
    let text = try decode(bytes)
    let delimiter = CSVDelimiter.guessed(string: String(text.prefix { !$0.isNewline }))
    let scan = try CSVScan(text, delimiter: delimiter.rawValue)
    return try rows(of: scan.text, delimiter, record)
  }

  private static func decode(_ bytes: [UInt8]) throws(Failure) -> String {
    guard bytes.count <= maxBytes else {
      throw Failure(
        .data, zh: "文件超过 \(maxBytes >> 20) MiB，请拆成几个文件", en: "the file has more than \(maxBytes >> 20) MiB; split it")
    }
    let text = try TextEncoding.decode(bytes)
    // U+0000 is no text; UTF-16 without its mark has it at every second byte.
    guard !text.hasNUL else {
      throw Failure(
        .data, zh: "文件不是 CSV 文本（含 U+0000），请在表格软件中另存为“CSV UTF-8”",
        en: "the file is not CSV text (it has U+0000); save it as \"CSV UTF-8\" in the spreadsheet program")
    }
    return text
  }

  private static func rows(
    of text: String, _ delimiter: CSVDelimiter, _ record: RecordSchema
  ) throws(Failure) -> [ImportRow] {
    var line = 0
    var header: Result<ImportHeader, Failure>?
    var rows: [ImportRow] = []
    let take = { (cells: [String]) in
      line += 1
      let cells = cells.map(CSVScan.unmarked)
      switch header {
      case nil: header = Result { () throws(Failure) in try ImportHeader(cells, record: record) }
      case .success(let header): if let row = header.row(cells, line: line) { rows.append(row) }
      case .failure: break
      }
    }
    do {
      // No rows of its own: it would fill the short ones up and hide that cells are missing.
      let csv = try EnumeratedCSV(string: text, delimiter: delimiter, loadColumns: false, rowLimit: 0)
      try csv.enumerateAsArray(startAt: 0, rowLimit: nil, take)
    } catch {
      throw CSVScan.badQuotes(row: line + 1)
    }
    guard let header else {
      throw Failure(.data, zh: "文件是空的，第一行应为表头", en: "the file is empty; its first row should name the fields")
    }
    _ = try header.get()
    return rows
  }
}
