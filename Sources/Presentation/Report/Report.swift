import SyncCore

/// What a report says, before anybody prints it: sections of a table each, some with a chart. Every renderer takes this.
public struct Report: Codable, Sendable {
  /// The word on the command line.
  public var name: String
  public var title: Label
  /// Under the title: the day it is drawn for, the rules it follows, how it counts.
  public var notes: [Label]
  public var sections: [Section]

  public init(name: String, title: Label, notes: [Label] = [], sections: [Section] = []) {
    self.name = name
    self.title = title
    self.notes = notes
    self.sections = sections
  }

  public struct Section: Codable, Sendable {
    /// The key in JSON, the name of the sheet in a workbook.
    public var name: String
    public var title: Label
    public var notes: [Label]
    public var columns: [Column]
    /// As many cells as columns.
    public var rows: [[Cell]]
    public var chart: Chart?

    public init(
      _ name: String, _ title: Label, notes: [Label] = [], columns: [Column], rows: [[Cell]], chart: Chart? = nil
    ) {
      self.name = name
      self.title = title
      self.notes = notes
      self.columns = columns
      self.rows = rows
      self.chart = chart
    }
  }

  public struct Column: Codable, Sendable {
    /// The key in JSON.
    public var name: String
    /// Without the unit, which the renderer adds.
    public var label: Label
    public var unit: Unit
    /// A terminal draws a bar of this column's share (0 is nothing, 1 is full) or of its largest value.
    public var hasBar: Bool

    public init(_ name: String, _ label: Label, unit: Unit = .none, hasBar: Bool = false) {
      self.name = name
      self.label = label
      self.unit = unit == .none && Self.namesTime(name) ? .year : unit
      self.hasBar = hasBar
    }

    private static func namesTime(_ name: String) -> Bool {
      ["year", "year_from", "year_to", "period"].contains(name) || name.hasSuffix("_year")
    }
  }

  /// How a number is shown. JSON holds it as it is stored, CSV in this unit with every digit.
  public enum Unit: String, Codable, Sendable {
    /// As it stands; integers without a fraction.
    case none
    /// Yuan, shown in units of 10,000 (万元) or of 100,000,000 (亿元) with two decimals.
    case wan, yi
    /// A share: 0.5 is shown as 50.0 %.
    case percent
    /// Whole days.
    case days
    /// A number that names a year or a month: without separators. A column of this unit unless told otherwise is one
    /// named `year`, `year_from`, `year_to`, `…_year` or `period`.
    case year
  }

  public enum Cell: Codable, Hashable, Sendable {
    case none
    case text(String)
    case label(Label)
    case integer(Int64)
    case real(Double)
    /// A good, a bad or an undecided answer, with its word.
    case verdict(Bool?, Label)
    /// A figure of fewer than three enterprises, left out of what is published.
    case suppressed
  }

  public struct Chart: Codable, Sendable {
    public enum Kind: String, Codable, Sendable { case bars, lines, stacked }
    public var kind: Kind
    public var title: Label
    /// The column whose cells name the bars or the points.
    public var x: String
    /// The columns that are drawn.
    public var y: [String]
    /// The column with a target, drawn as a mark across.
    public var target: String?

    public init(_ kind: Kind, _ title: Label, x: String, y: [String], target: String? = nil) {
      self.kind = kind
      self.title = title
      self.x = x
      self.y = y
      self.target = target
    }
  }
}
