import CXlsxWriter

/// The formats of one workbook.
struct CellFormats {
  typealias Format = UnsafeMutablePointer<lxw_format>
  let title: Format?
  let note: Format?
  let header: Format?
  private let wrapped: Format?
  private let kinds: [Workbook.Kind: Format]

  init(_ book: UnsafeMutablePointer<lxw_workbook>) {
    title = workbook_add_format(book)
    format_set_bold(title)
    format_set_font_size(title, 14)
    note = workbook_add_format(book)
    format_set_font_color(note, lxw_color_t(0x595959))
    header = workbook_add_format(book)
    format_set_bold(header)
    format_set_bg_color(header, lxw_color_t(0xdde7f3))
    format_set_border(header, UInt8(LXW_BORDER_THIN.rawValue))
    format_set_align(header, UInt8(LXW_ALIGN_VERTICAL_CENTER.rawValue))
    wrapped = workbook_add_format(book)
    format_set_num_format(wrapped, Self.code(.text))
    format_set_text_wrap(wrapped)
    format_set_align(wrapped, UInt8(LXW_ALIGN_VERTICAL_TOP.rawValue))
    var kinds: [Workbook.Kind: Format] = [:]
    for kind in Workbook.Kind.allCases {
      let format = workbook_add_format(book)
      format_set_num_format(format, Self.code(kind))
      kinds[kind] = format
    }
    self.kinds = kinds
  }

  func of(_ kind: Workbook.Kind) -> Format? { kinds[kind] }
  func of(_ column: Workbook.Column) -> Format? { column.wraps ? wrapped : kinds[column.kind] }

  private static func code(_ kind: Workbook.Kind) -> String {
    switch kind {
    // A code that is typed into such a cell keeps its zeros.
    case .text: "@"
    case .integer: "0"
    case .amount: "#,##0"
    case .decimal: "#,##0.00"
    case .real: "General"
    case .percent: "0.0%"
    case .date: "yyyy-mm-dd"
    }
  }
}
