import SyncCore

/// The one quoting function: a name as an SQL identifier.
public func quoted(_ name: String) -> String {
  "\"" + name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
}

/// A text as an SQL literal. Only for DDL, which takes no parameters.
public func literal(_ text: String) -> String {
  "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''") + "'"
}

extension RecordSchema {
  public var table: String { quoted(name) }
  /// The table of base images: one row a changed row.
  public var baseTable: String { quoted("sync_base_\(name)") }
  /// The view that takes the images of rows that go.
  var imageView: String { quoted("sync_image_\(name)") }
  /// The table of upstream images: the master's row beneath a touched one.
  public var upstreamTable: String { quoted("sync_upstream_\(name)") }

  public var columns: [String] { fields.map { quoted($0.name) } }
  public var keyColumns: [String] { key.map(quoted) }
  /// The mask of every column but the key.
  public var fullMask: Int64 { otherIndices.reduce(0) { $0 | 1 << Int64($1) } }

  /// `a."k1" = b."k1" AND …`
  func keyJoin(_ a: String, _ b: String) -> String {
    keyColumns.map { "\(a).\($0) = \(b).\($0)" }.joined(separator: " AND ")
  }
  public var keyMatch: String { keyMatch() }
  /// The key by parameters; one that is not UTF-8 is found, too.
  func keyMatch(_ table: String = "") -> String {
    keyIndices.map { "\(table)\(columns[$0]) = \(placeholder(fields[$0]))" }.joined(separator: " AND ")
  }
}

/// Text that is not UTF-8 comes and goes as a blob: what a tool wrote is moved on as it is, for a check to find.
func placeholder(_ field: Field) -> String { field.kind.storage == "TEXT" ? "CAST(? AS TEXT)" : "?" }

public func placeholders(_ count: Int) -> String { Array(repeating: "?", count: count).joined(separator: ", ") }
