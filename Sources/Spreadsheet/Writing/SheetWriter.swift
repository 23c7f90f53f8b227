import CXlsxWriter
import Presentation
import SyncCore

/// Writes one sheet, from top to bottom.
struct SheetWriter {
  let sheet: Workbook.Sheet
  /// As cleaned.
  let name: String
  let target: UnsafeMutablePointer<lxw_worksheet>
  let formats: CellFormats

  private var linesAbove: [(String, CellFormats.Format?)] {
    (sheet.title.map { [($0, formats.title)] } ?? []) + sheet.notes.map { ($0, formats.note) }
  }

  func write(_ dropDowns: DropDowns) throws(Failure) {
    let headerRow = linesAbove.isEmpty ? 0 : linesAbove.count + 1
    try checkSize(headerRow)
    try setUp(headerRow, dropDowns)
    for (row, line) in linesAbove.enumerated() { try put(line.0, row, 0, line.1, of: "") }
    for (column, heading) in sheet.columns.enumerated() {
      try put(heading.header, headerRow, column, formats.header, of: heading.header)
    }
    for (index, cells) in sheet.rows.enumerated() {
      for (column, cell) in cells.enumerated() { try put(cell, headerRow + 1 + index, column) }
    }
  }

  private func checkSize(_ headerRow: Int) throws(Failure) {
    let rows = headerRow + 1 + sheet.rows.count
    guard rows <= SheetLimits.rows else { throw WriteFailure.tooMany(name, rows: rows) }
    let columns = max(sheet.columns.count, sheet.rows.map(\.count).max() ?? 0)
    guard columns <= SheetLimits.columns else { throw WriteFailure.tooWide(name, columns: columns) }
  }

  private func setUp(_ headerRow: Int, _ dropDowns: DropDowns) throws(Failure) {
    for (index, column) in sheet.columns.enumerated() {
      let width = column.width ?? Double(min(max(displayWidth(column.header) + 3, 10), 40))
      let place = lxw_col_t(index)
      var options = lxw_row_col_options(hidden: column.isHidden ? 1 : 0, level: 0, collapsed: 0)
      try WriteFailure.check(worksheet_set_column_opt(target, place, place, width, formats.of(column), &options))
      if let comment = column.comment { try put(comment: comment, headerRow, index) }
      if !column.choices.isEmpty {
        try dropDowns.add(column.choices, to: target, column: index, headerRow: headerRow)
      }
    }
    if sheet.freezesHeader, !sheet.columns.isEmpty { worksheet_freeze_panes(target, lxw_row_t(headerRow + 1), 0) }
    if sheet.hasFilter, !sheet.columns.isEmpty {
      let last = lxw_row_t(headerRow + max(sheet.rows.count, 1))
      try WriteFailure.check(
        worksheet_autofilter(target, lxw_row_t(headerRow), 0, last, lxw_col_t(sheet.columns.count - 1)))
    }
    if sheet.isHidden { worksheet_hide(target) }
  }

  private func put(comment: String, _ row: Int, _ column: Int) throws(Failure) {
    var options = lxw_comment_options()
    let lines = comment.split(separator: "\n").map { max(displayWidth(String($0)) / 36, 0) + 1 }.reduce(0, +)
    options.width = 280
    options.height = UInt16(min(20 + lines * 18, 600))
    let text = CellEscapes.encode(comment)
    try WriteFailure.check(
      worksheet_write_comment_opt(target, lxw_row_t(row), lxw_col_t(column), text, &options))
  }

  private func put(_ cell: Workbook.Cell, _ row: Int, _ column: Int) throws(Failure) {
    let heading = sheet.columns.indices.contains(column) ? sheet.columns[column] : Workbook.Column("")
    let format = formats.of(heading)
    switch cell {
    case .none: return
    case .text(let text): try put(text, row, column, format, of: heading.header)
    case .integer(let number):
      if StoredNumber.isExact(number) { return try put(Double(number), row, column, format) }
      try put(String(number), row, column, formats.of(.text), of: heading.header)
    case .real(let number):
      if StoredNumber.isExact(number) { return try put(number, row, column, format) }
      try put(number.description, row, column, formats.of(.text), of: heading.header)
    case .figure(let number):
      if number.isFinite { return try put(number, row, column, format) }
      try put(number.description, row, column, formats.of(.text), of: heading.header)
    case .date(let text):
      if let serial = DateSerial.serial(text) { return try put(Double(serial), row, column, formats.of(.date)) }
      try put(text, row, column, formats.of(.text), of: heading.header)
    }
  }

  private func put(_ number: Double, _ row: Int, _ column: Int, _ format: CellFormats.Format?) throws(Failure) {
    try WriteFailure.check(worksheet_write_number(target, lxw_row_t(row), lxw_col_t(column), number, format))
  }

  private func put(
    _ text: String, _ row: Int, _ column: Int, _ format: CellFormats.Format?, of header: String
  ) throws(Failure) {
    if text.isEmpty { return }
    let encoded = CellEscapes.encode(text)
    guard encoded.utf16.count <= SheetLimits.cellText else {
      let place = CellReference(row: row + 1, column: column + 1)
      throw WriteFailure.tooLong(name, place, header, units: encoded.utf16.count)
    }
    try WriteFailure.check(worksheet_write_string(target, lxw_row_t(row), lxw_col_t(column), encoded, format))
  }
}
