/// A workbook to write, apart from how it is written.
public struct Workbook: Sendable {
  public var sheets: [Sheet]

  public init(sheets: [Sheet]) { self.sheets = sheets }

  public struct Sheet: Sendable {
    /// Cleaned and made unique when it is written.
    public var name: String
    /// Above the notes; with neither the header is the first row, as an import wants it.
    public var title: String?
    public var notes: [String]
    public var columns: [Column]
    /// At most as many cells as columns.
    public var rows: [[Cell]]
    /// The header stays in sight.
    public var freezesHeader: Bool
    public var hasFilter: Bool
    public var isHidden: Bool

    public init(
      _ name: String, title: String? = nil, notes: [String] = [], columns: [Column], rows: [[Cell]],
      freezesHeader: Bool = true, hasFilter: Bool = false, isHidden: Bool = false
    ) {
      self.name = name
      self.title = title
      self.notes = notes
      self.columns = columns
      self.rows = rows
      self.freezesHeader = freezesHeader
      self.hasFilter = hasFilter
      self.isHidden = isHidden
    }
  }

  public struct Column: Sendable {
    public var header: String
    public var kind: Kind
    /// Long texts go on in the next line of their cell.
    public var wraps: Bool
    /// In characters; nil: as the header needs.
    public var width: Double?
    /// A drop-down in every row below the header; anything else is refused by the spreadsheet program.
    public var choices: [String]
    /// Shown beside the header.
    public var comment: String?
    public var isHidden = false

    public init(
      _ header: String, kind: Kind = .text, width: Double? = nil, choices: [String] = [], comment: String? = nil,
      wraps: Bool = false
    ) {
      self.header = header
      self.kind = kind
      self.width = width
      self.choices = choices
      self.comment = comment
      self.wraps = wraps
    }
  }

  /// How a column shows its cells.
  public enum Kind: Sendable, CaseIterable {
    case text
    case integer
    /// Whole numbers in groups of three digits.
    case amount
    /// Two decimals.
    case decimal
    /// As many decimals as it takes.
    case real
    /// 0.5 is shown as 50.0%.
    case percent
    case date
  }

  public enum Cell: Hashable, Sendable {
    case none
    /// Never a formula, whatever it begins with. An empty one leaves the cell empty.
    case text(String)
    /// Written as a text beyond 15 digits, where a spreadsheet would change some.
    case integer(Int64)
    /// Written as a text when it has more than 15 digits, of which a spreadsheet would change some.
    case real(Double)
    /// For people to look at: always a number.
    case figure(Double)
    /// `YYYY-MM-DD`. Written as a text when it is no date, or one before 1900-03-01.
    case date(String)
  }
}
