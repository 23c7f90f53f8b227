import SyncCore

/// One row of a file that somebody imports.
public struct ImportRow: Sendable {
  /// The row of the spreadsheet, the header is 1.
  public var line: Int
  /// The columns of the record that the file has.
  public var columns: [Int]
  /// By column of the record; an empty cell is absent.
  public var values: [Int: Value]
  public var problems: [ImportProblem]

  public init(line: Int, columns: [Int] = [], values: [Int: Value] = [:], problems: [ImportProblem] = []) {
    self.line = line
    self.columns = columns
    self.values = values
    self.problems = problems
  }
}

/// What is wrong with a cell, or with a row when `column` is empty.
public struct ImportProblem: Hashable, Sendable {
  public var line: Int
  /// As the file's header says.
  public var column: String
  public var value: String
  public var message: Label

  public init(line: Int, column: String, value: String, message: Label) {
    self.line = line
    self.column = column
    self.value = value
    self.message = message
  }
}
