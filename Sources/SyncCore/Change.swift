/// What one sender did to one row between its base and now: one change of a changeset with its edit stamps.
public struct Change: Hashable, Sendable {
  public enum Kind: Sendable { case insert, update, delete }

  public var record: String
  public var key: RowKey
  public var kind: Kind
  /// The base, a value a column. insert: all nil. update: the key and the changed columns. delete: the whole row.
  public var old: [Value?]
  /// The current values. insert: the whole row. update: the changed columns. delete: all nil.
  public var new: [Value?]
  public var edit: Edit
  /// The edits of single cells, by column, where the policy is `latest`.
  public var cellEdits: [Int: Edit]

  public init(
    record: String, key: RowKey, kind: Kind, old: [Value?], new: [Value?], edit: Edit, cellEdits: [Int: Edit] = [:]
  ) {
    self.record = record
    self.key = key
    self.kind = kind
    self.old = old
    self.new = new
    self.edit = edit
    self.cellEdits = cellEdits
  }

  /// A whole row as an insert.
  public init(_ record: RecordSchema, _ image: [Value], edit: Edit) {
    self.init(
      record: record.name, key: record.rowKey(of: image), kind: .insert, old: image.map { _ in nil },
      new: image.map { $0 }, edit: edit)
  }

  public var ref: RowRef { RowRef(record, key) }

  public func edit(of column: Int) -> Edit { cellEdits[column] ?? edit }

  /// At least as many bytes as it takes in a batch, with its edits and its secrets.
  public func mostBytes(_ schema: RecordSchema) -> Int {
    func size(_ values: [Value?]) -> Int { values.reduce(0) { $0 + ($1.map(ByteWriter.size) ?? 1) } }
    let actors = cellEdits.values.reduce(edit.actor.utf8.count) { $0 + $1.actor.utf8.count }
    let beside = 1 + cellEdits.count + 2 * schema.restrictedIndices.count
    return size(old) + size(new) + actors + 128 * beside
  }

  /// The columns that the sender set, without the key.
  public func touchedColumns(_ schema: RecordSchema) -> [Int] {
    switch kind {
    case .update: new.indices.filter { new[$0] != nil }
    case .insert, .delete: schema.otherIndices
    }
  }
}
