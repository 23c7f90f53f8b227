import SyncCore

/// A section's rows as a table.
struct ReportTable {
  private let section: Report.Section
  private let language: Language

  init(_ section: Report.Section, _ language: Language) {
    self.section = section
    self.language = language
  }

  var markup: Markup {
    // The heading above says the same to the eye; the caption says it to a reader of screens.
    let caption = Markup("caption", text: section.title.text(language))
    let head = Markup("thead", [], [Markup("tr", [], section.columns.indices.map(header))])
    return Markup("table", [], [caption, head, Markup("tbody", [], section.rows.map(row))])
  }

  private func header(_ index: Int) -> Markup {
    let side = section.isNumeric(index) ? [("class", "number")] : []
    return Markup("th", [("scope", "col")] + side, text: section.columns[index].header(language))
  }

  private func row(_ row: [Report.Cell]) -> Markup {
    Markup("tr", [], section.columns.indices.map { cell(section.cell(row, $0), $0) })
  }

  private func cell(_ cell: Report.Cell, _ index: Int) -> Markup {
    let text = cell.text(section.columns[index].unit, language)
    if case .verdict(let isGood, _) = cell { return Markup("td", [("class", Self.verdict(isGood))], text: text) }
    if section.isNumeric(index) {
      return Markup("td", [("class", "number")] + bar(cell, index), text: text)
    }
    return index == 0 ? Markup("th", [("scope", "row")], text: text) : Markup("td", text: text)
  }

  private static func verdict(_ isGood: Bool?) -> String {
    switch isGood {
    case true?: "good"
    case false?: "bad"
    case nil: "open"
    }
  }

  /// A pale bar behind the number.
  private func bar(_ cell: Report.Cell, _ index: Int) -> [(String, String)] {
    guard section.columns[index].hasBar, let number = cell.number, let full = full(index), number > 0 else { return [] }
    let width = coordinate(min(1, number / full) * 100)
    return [("style", "background-image:linear-gradient(to right,#d5e3f2 \(width)%,transparent \(width)%)")]
  }

  /// What a whole bar stands for: a share of 1, or the largest number of the column.
  private func full(_ index: Int) -> Double? {
    if section.columns[index].unit == .percent { return 1 }
    let most = section.rows.compactMap { section.cell($0, index).number }.max() ?? 0
    return most > 0 ? most : nil
  }
}
