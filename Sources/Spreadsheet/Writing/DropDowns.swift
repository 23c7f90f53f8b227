import CXlsxWriter
import SyncCore

/// The choices of columns. Short lists stand in the cells' rule; those that do not fit there stand on a hidden sheet.
struct DropDowns {
  /// UTF-16 units of a list in a rule, with its commas.
  private static let maxInline = 255

  /// nil when every list fits.
  private(set) var sheet: Workbook.Sheet?
  /// The column on that sheet, by the choices.
  private var places: [[String]: Int] = [:]
  private var sheetName = ""

  init(_ sheets: [Workbook.Sheet]) {
    var lists: [[String]] = []
    for choices in sheets.flatMap(\.columns).map(\.choices) where !choices.isEmpty && !Self.fits(choices) {
      if places[choices] != nil { continue }
      lists.append(choices)
      places[choices] = lists.count
    }
    if lists.isEmpty { return }
    let rows = (0..<(lists.map(\.count).max() ?? 0)).map { row in
      lists.map { row < $0.count ? Workbook.Cell.text($0[row]) : .none }
    }
    let columns = lists.indices.map { Workbook.Column("\($0 + 1)") }
    sheet = Workbook.Sheet("choices", columns: columns, rows: rows, isHidden: true)
  }

  /// The list sheet got this name.
  mutating func name(_ name: String) { sheetName = name }

  private static func fits(_ choices: [String]) -> Bool {
    choices.joined(separator: ",").utf16.count <= maxInline
      && choices.allSatisfy { choice in
        !choice.contains { ",\"\n\r".contains($0) } && choice.first?.isWhitespace == false
          && choice.last?.isWhitespace == false && choice.first != "="
      }
  }

  /// Adds the rule to all rows of a column below its header.
  func add(
    _ choices: [String], to sheet: UnsafeMutablePointer<lxw_worksheet>, column: Int, headerRow: Int
  ) throws(Failure) {
    var rule = lxw_data_validation()
    rule.ignore_blank = UInt8(LXW_VALIDATION_ON.rawValue)
    rule.dropdown = UInt8(LXW_VALIDATION_ON.rawValue)
    rule.show_input = UInt8(LXW_VALIDATION_ON.rawValue)
    rule.show_error = UInt8(LXW_VALIDATION_ON.rawValue)
    let apply = {
      worksheet_data_validation_range(
        sheet, lxw_row_t(headerRow + 1), lxw_col_t(column), lxw_row_t(SheetLimits.rows - 1), lxw_col_t(column), &rule)
    }
    if let place = places[choices] {
      let letters = CellReference.letters(place)
      let quoted = sheetName.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''")
      // Below the header of the list sheet.
      let range = "='\(quoted)'!$\(letters)$2:$\(letters)$\(choices.count + 1)"
      rule.validate = UInt8(LXW_VALIDATION_TYPE_LIST_FORMULA.rawValue)
      try WriteFailure.check(
        CStrings.with([range]) {
          rule.value_formula = $0?.pointee
          return apply()
        })
    } else {
      rule.validate = UInt8(LXW_VALIDATION_TYPE_LIST.rawValue)
      try WriteFailure.check(
        CStrings.with(choices) {
          rule.value_list = $0
          return apply()
        })
    }
  }
}
