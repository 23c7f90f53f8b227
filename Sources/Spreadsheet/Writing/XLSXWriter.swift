import CXlsxWriter
import SyncCore

/// Writes workbooks. The same workbook gives the same bytes.
public enum XLSXWriter {
  /// From this many rows on each row is written out as it comes, which takes less memory and gives a larger file.
  static let streamedRows = 20_000
  /// 2000-01-01 in UTC, in place of the time of writing.
  private static let created: time_t = 946_684_800

  /// Throws `.data` for what no sheet can hold, naming the cell, and `.disk` when the temporary files have no room.
  public static func bytes(_ workbook: Workbook) throws(Failure) -> [UInt8] {
    try TemporaryFile.bytes { (path) throws(Failure) in try write(workbook, to: path) }
  }

  private static func write(_ workbook: Workbook, to path: String) throws(Failure) {
    var dropDowns = DropDowns(workbook.sheets)
    var sheets = workbook.sheets.isEmpty ? [Workbook.Sheet("Sheet1", columns: [], rows: [])] : workbook.sheets
    if let lists = dropDowns.sheet { sheets.append(lists) }
    let names = SheetName.cleaned(sheets.map(\.name))
    if dropDowns.sheet != nil { dropDowns.name(names.last ?? "") }
    let book = try open(path, isLarge: sheets.contains { $0.rows.count >= streamedRows })
    var result: Result<Void, Failure> = .success(())
    do { try fill(book, sheets, names, dropDowns) } catch { result = .failure(error) }
    // Closing also frees the book, so it happens whatever came before.
    let status = workbook_close(book)
    try result.get()
    try WriteFailure.check(status)
  }

  private static func open(_ path: String, isLarge: Bool) throws(Failure) -> UnsafeMutablePointer<lxw_workbook> {
    var options = lxw_workbook_options()
    options.constant_memory = isLarge ? 1 : 0
    guard let book = workbook_new_opt(path, &options) else { throw ReadFailure.memory }
    var properties = lxw_doc_properties()
    properties.created = created
    workbook_set_properties(book, &properties)
    return book
  }

  private static func fill(
    _ book: UnsafeMutablePointer<lxw_workbook>, _ sheets: [Workbook.Sheet], _ names: [String], _ dropDowns: DropDowns
  ) throws(Failure) {
    let formats = CellFormats(book)
    // Rules refer to sheets by name, so that all are there before any is filled.
    var targets: [UnsafeMutablePointer<lxw_worksheet>] = []
    for name in names {
      guard let target = workbook_add_worksheet(book, name) else {
        throw Failure(.defect, zh: "无法添加工作表 \(name)，请改为导出 CSV", en: "cannot add the sheet \(name); export CSV")
      }
      targets.append(target)
    }
    for (index, sheet) in sheets.enumerated() {
      try SheetWriter(sheet: sheet, name: names[index], target: targets[index], formats: formats).write(dropDowns)
    }
    if let first = sheets.firstIndex(where: { !$0.isHidden }) { worksheet_activate(targets[first]) }
  }
}
