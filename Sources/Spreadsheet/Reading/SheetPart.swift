import SyncCore

/// Reads the rows of one worksheet.
final class SheetPart: XMLHandler {
  private let values: CellValues
  private(set) var rows: [SheetRow] = []
  private var merged = MergedRanges()

  private var cells = 0
  private var problems = 0

  private var isInData = false
  private var isInRow = false
  private var row = SheetRow(number: 0, cells: [])
  private var column = 0
  private var cell = StoredCell()
  private var isInCell = false
  private var isInText = false
  private var readings = 0

  init(_ values: CellValues) { self.values = values }

  /// Without what merged ranges hide.
  func table(_ name: String) throws(Failure) -> SheetTable {
    merged.sort()
    var shown: [SheetRow] = []
    shown.reserveCapacity(rows.count)
    for var row in rows {
      try merged.enter(row: row.number)
      row.cells.removeAll {
        let isHidden = merged.hides(CellReference(row: row.number, column: Int($0.column)))
        if isHidden { row.problems[Int($0.column)] = nil }
        return isHidden
      }
      if !row.cells.isEmpty { shown.append(row) }
    }
    return SheetTable(name: name, rows: shown)
  }

  func start(_ name: String, _ attributes: XMLAttributes) throws(Failure) {
    switch name {
    case "sheetData": isInData = true
    case "row" where isInData: try startRow(attributes["r"])
    case "c" where isInData: try startCell(attributes)
    case "f" where isInCell: cell.hasFormula = true
    case "v" where isInCell: isInText = true
    case "rPh" where isInCell: readings += 1
    case "t" where isInCell: isInText = readings == 0
    case "mergeCell":
      if let range = attributes["ref"] { try merged.add(range) }
    default: break
    }
  }

  func end(_ name: String) throws(Failure) {
    switch name {
    case "sheetData": isInData = false
    case "row" where isInData:
      isInRow = false
      if !row.cells.isEmpty { rows.append(row) }
    case "c" where isInCell: try endCell()
    case "v", "t": isInText = false
    case "rPh" where isInCell: readings -= 1
    default: break
    }
  }

  func text(_ bytes: UnsafeBufferPointer<UInt8>) throws(Failure) { if isInText { try cell.text.add(bytes) } }

  private func startRow(_ reference: String?) throws(Failure) {
    if isInRow { throw ReadFailure.damaged("第 \(row.number) 行内又有一行", "there is a row within row \(row.number)") }
    isInRow = true
    let number = reference.map { Int($0) ?? 0 } ?? row.number + 1
    guard number > row.number, number <= SheetLimits.rows else {
      throw ReadFailure.damaged("行号 \(reference ?? "") 有误", "the row number \(reference ?? "\(number)") is wrong")
    }
    row = SheetRow(number: number, cells: [])
    column = 0
  }

  private func startCell(_ attributes: XMLAttributes) throws(Failure) {
    guard isInRow, !isInCell else {
      throw ReadFailure.damaged("第 \(row.number) 行的单元格位置有误", "a cell of row \(row.number) is in the wrong place")
    }
    var next = column + 1
    if let reference = attributes["r"] {
      guard let place = CellReference(reference), place.row == row.number, place.column >= next else {
        throw ReadFailure.damaged("单元格位置 \(reference) 有误", "the place of cell \(reference) is wrong")
      }
      next = place.column
    }
    guard next <= SheetLimits.columns else {
      throw ReadFailure.damaged("第 \(row.number) 行单元格过多", "row \(row.number) has too many cells")
    }
    column = next
    cell.text.clear()
    cell.hasFormula = false
    cell.type = attributes["t"] ?? "n"
    cell.style = attributes["s"].flatMap { Int($0) } ?? 0
    isInCell = true
  }

  private func endCell() throws(Failure) {
    isInCell = false
    isInText = false
    readings = 0
    let value = try values.value(of: cell, at: CellReference(row: row.number, column: column))
    if value.text.isEmpty { return }
    row.cells.append(SheetCell(column: Int32(column), isNumber: value.isNumber, text: value.text))
    cells += 1
    try ReadFailure.limit(cells, SheetLimits.cells, "单元格", "cells")
    guard let problem = value.problem else { return }
    row.problems[column] = problem
    problems += 1
    try ReadFailure.limit(problems, SheetLimits.problems, "错误单元格", "cells with errors")
  }
}
