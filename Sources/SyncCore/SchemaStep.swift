/// A later version of the schema, as the city's log records it: what came before was made by the version before.
public struct SchemaStep: Hashable, Sendable {
  public var version: Int64
  /// The schema in its canonical form.
  public var text: String
  /// Who brought it in, and when.
  public var edit: Edit

  public init(version: Int64, text: String, edit: Edit) {
    self.version = version
    self.text = text
    self.edit = edit
  }
}

// Its row in a body.
extension SchemaStep {
  public static let table = "sync_schema"
  public static let columns = ["version", "text", "actor", "stamp"]

  public var row: [Value] { [.integer(version), .text(text)] + edit.columns }

  /// nil when the row is not one that `row` makes.
  public init?(row: [Value]) {
    guard row.count == Self.columns.count, case .integer(let version) = row[0], case .text(let text) = row[1],
      let edit = Edit(columns: row[2...])
    else { return nil }
    self.init(version: version, text: text, edit: edit)
  }
}
