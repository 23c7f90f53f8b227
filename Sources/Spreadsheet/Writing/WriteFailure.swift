import CXlsxWriter
import Glibc
import SyncCore

/// Why a workbook cannot be written.
enum WriteFailure {
  static func check(_ status: lxw_error) throws(Failure) {
    guard status != LXW_NO_ERROR else { return }
    let reason = lxw_strerror(status).map { String(cString: $0) } ?? "\(status.rawValue)"
    switch status {
    case LXW_ERROR_CREATING_XLSX_FILE, LXW_ERROR_CREATING_TMPFILE, LXW_ERROR_READING_TMPFILE,
      LXW_ERROR_ZIP_FILE_OPERATION, LXW_ERROR_ZIP_FILE_ADD, LXW_ERROR_ZIP_CLOSE:
      throw disk(reason)
    case LXW_ERROR_MEMORY_MALLOC_FAILED: throw ReadFailure.memory
    default:
      throw Failure(.defect, zh: "无法写工作簿：\(reason)，请改为导出 CSV", en: "cannot write the workbook: \(reason); export CSV")
    }
  }

  static func disk(_ reason: String) -> Failure {
    Failure(
      .disk, zh: "无法写临时文件：\(reason)，请检查磁盘空间和 TMPDIR",
      en: "cannot write a temporary file: \(reason); check the disk and TMPDIR")
  }

  static func tooMany(_ sheet: String, rows: Int) -> Failure {
    Failure(
      .data, zh: "工作表“\(sheet)”有 \(rows) 行，最多 \(SheetLimits.rows) 行；请改为导出 CSV",
      en: "sheet '\(sheet)' has \(rows) rows and can have \(SheetLimits.rows); export CSV")
  }

  static func tooWide(_ sheet: String, columns: Int) -> Failure {
    Failure(
      .data, zh: "工作表“\(sheet)”有 \(columns) 列，最多 \(SheetLimits.columns) 列；请改为导出 CSV",
      en: "sheet '\(sheet)' has \(columns) columns and can have \(SheetLimits.columns); export CSV")
  }

  static func tooLong(_ sheet: String, _ place: CellReference, _ header: String, units: Int) -> Failure {
    Failure(
      .data,
      zh: "工作表“\(sheet)”单元格 \(place.text)（\(header)）有 \(units) 个字符，最多 \(SheetLimits.cellText) 个；请改为导出 CSV",
      en: "sheet '\(sheet)', cell \(place.text) (\(header)): \(units) characters are more than "
        + "the \(SheetLimits.cellText) that a cell can have; export CSV")
  }
}

/// Swift texts as C wants them.
enum CStrings {
  /// An array that ends with nil, valid during the call.
  static func with<R>(
    _ texts: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) -> R
  ) -> R {
    var pointers = texts.map { strdup($0) } + [nil]
    defer { for pointer in pointers { free(pointer) } }
    return pointers.withUnsafeMutableBufferPointer { body($0.baseAddress) }
  }
}
