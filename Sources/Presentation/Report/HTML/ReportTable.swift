import SyncCore

/// A section's rows as a table.
struct ReportTable {
  private let section: Report.Section
  private let language: Language
  private let looks: [Look]

  /// What all cells of a column share.
  private struct Look {
    var isNumeric: Bool
    /// Names of such a length stay on one line.
    var isShort: Bool
    /// What a whole bar stands for: a share of 1, or the largest number of the column.
    var full: Double?
  }

  init(_ section: Report.Section, _ language: Language) {
    self.section = section
    self.language = language
    looks = section.columns.enumerated().map { index, column in
      let cells = section.rows.map { section.cell($0, index) }
      let most = column.unit == .percent ? 1 : cells.compactMap(\.number).max() ?? 0
      return Look(
        isNumeric: section.isNumeric(index),
        isShort: cells.allSatisfy { displayWidth($0.text(column.unit, language)) <= 24 },
        full: column.hasBar && most > 0 ? most : nil)
    }
  }

  var markup: Markup {
    // The heading above says the same to the eye; the caption says it to a reader of screens.
    let caption = Markup("caption", text: section.title.text(language))
    let head = Markup("thead", [], [Markup("tr", [], section.columns.indices.map(header))])
    return Markup("table", [], [caption, head, Markup("tbody", [], section.rows.map(row))])
  }

  private func header(_ index: Int) -> Markup {
    let side = looks[index].isNumeric ? [("class", "number")] : []
    let (name, unit) = section.columns[index].headerParts(language)
    // A line breaks in front of a unit, not within.
    let span = unit.isEmpty ? [] : [Markup("span", [("class", "unit")], text: unit)]
    return Markup("th", [("scope", "col")] + side, [Markup(text: name)] + span)
  }

  private func row(_ row: [Report.Cell]) -> Markup {
    Markup("tr", [], section.columns.indices.map { cell(section.cell(row, $0), $0) })
  }

  private func cell(_ cell: Report.Cell, _ index: Int) -> Markup {
    let text = cell.text(section.columns[index].unit, language)
    if case .verdict(let isGood, _) = cell { return Markup("td", [("class", Self.verdict(isGood))], text: text) }
    if looks[index].isNumeric { return Markup("td", number(cell, looks[index]), text: text) }
    let size = [("class", looks[index].isShort ? "short" : "long")]
    return index == 0 ? Markup("th", [("scope", "row")] + size, text: text) : Markup("td", size, text: text)
  }

  private static func verdict(_ isGood: Bool?) -> String {
    switch isGood {
    case true?: "good"
    case false?: "bad"
    case nil: "open"
    }
  }

  /// With a pale bar behind the number; a full one leaves a gap before the next column.
  private func number(_ cell: Report.Cell, _ look: Look) -> [(String, String)] {
    guard let full = look.full, let number = cell.number, number > 0 else { return [("class", "number")] }
    let width = coordinate(min(1, number / full) * 94)
    return [("class", "number bar"), ("style", "background-size:\(width)% 100%")]
  }
}
