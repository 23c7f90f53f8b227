import SyncCore

/// A look at a CSV text before SwiftCSV reads it, for what that library lets pass: a quote that never closes, a row of
/// millions of cells, a mark that melts into a quote or a delimiter (it reads by grapheme cluster), a missing last cell,
/// the white space with which a text begins.
struct CSVScan {
  /// What a row of a spreadsheet can have.
  static let maxCells = 16384
  /// U+0000 keeps clusters apart; files that contain it were refused before.
  private static let marker: Unicode.Scalar = "\0"

  /// For SwiftCSV, ended by a line break. Its cells go through `unmarked`.
  private(set) var text = ""
  private let delimiter: Unicode.Scalar?
  private var row = 1
  private var openedInRow = 1
  private var cells = 1
  private var isQuoted = false

  init(_ source: String, delimiter: Character) throws(Failure) {
    self.delimiter = delimiter.unicodeScalars.first
    var last: Unicode.Scalar = "\n"
    let scalars = source.unicodeScalars
    for index in scalars.indices {
      let scalar = scalars[index]
      if melts(last, scalar) || isIndented(scalars, index, after: last) { text.unicodeScalars.append(Self.marker) }
      text.unicodeScalars.append(scalar)
      try note(scalar, after: last)
      last = scalar
    }
    guard !isQuoted else { throw Self.badQuotes(row: openedInRow) }
    if last != "\n", last != "\r" { text += "\n" }
  }

  static func unmarked(_ cell: String) -> String {
    guard cell.hasNUL else { return cell }
    return String(String.UnicodeScalarView(cell.unicodeScalars.filter { $0 != marker }))
  }

  static func badQuotes(row: Int) -> Failure {
    Failure(
      .data, zh: "第 \(row) 行的引号不成对：含引号的单元格应写成 \"…\"，其中的引号写两次",
      en: "row \(row): quotes do not pair; write a cell with quotes as \"…\" and each quote inside it twice")
  }

  private mutating func note(_ scalar: Unicode.Scalar, after last: Unicode.Scalar) throws(Failure) {
    switch scalar {
    case "\"":
      isQuoted.toggle()
      if isQuoted { openedInRow = row }
    case _ where isQuoted: break
    case "\n" where last == "\r": break
    case "\n", "\r":
      row += 1
      cells = 1
    case delimiter:
      cells += 1
      guard cells <= Self.maxCells else {
        throw Failure(
          .data, zh: "第 \(row) 行超过 \(Self.maxCells) 个单元格", en: "row \(row) has more than \(Self.maxCells) cells")
      }
    default: break
    }
  }

  /// Whether white space begins the text of a cell, such as the U+3000 of a paragraph. ASCII blanks do not: many write one
  /// after each comma. Before a quote it is no part of the cell, and a cell of nothing else is empty.
  private func isIndented(
    _ scalars: String.UnicodeScalarView, _ start: String.Index, after last: Unicode.Scalar
  ) -> Bool {
    guard !isQuoted, endsCell(last), !scalars[start].isASCII, isSpace(scalars[start]) else { return false }
    guard let next = scalars[start...].first(where: { !isSpace($0) }) else { return false }
    return next != "\"" && !endsCell(next)
  }

  private func endsCell(_ scalar: Unicode.Scalar) -> Bool {
    scalar == delimiter || scalar == "\n" || scalar == "\r"
  }

  private func isSpace(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.isWhitespace && !endsCell(scalar) }

  private func melts(_ a: Unicode.Scalar, _ b: Unicode.Scalar) -> Bool {
    guard a.isASCII != b.isASCII else { return false }
    let mark = a.isASCII ? a : b
    guard mark == "\"" || mark == delimiter else { return false }
    return String(String.UnicodeScalarView([a, b])).count == 1
  }
}
