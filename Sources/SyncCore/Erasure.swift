/// Personal data of one row that the city erased: every value that these restricted cells ever had until then, wherever a
/// copy was kept. Recorded for ever; what is left out is only the values.
public struct Erasure: Hashable, Sendable {
  public var record: String
  public var key: RowKey
  public var fields: [String]
  public var reason: String
  public var edit: Edit

  public init(record: String, key: RowKey, fields: [String], reason: String, edit: Edit) {
    self.record = record
    self.key = key
    self.fields = fields
    self.reason = reason
    self.edit = edit
  }

  public var ref: RowRef { RowRef(record, key) }

  /// Whether it is about the cell; nil: about the row as a whole.
  public func covers(_ field: String?) -> Bool { field.map(fields.contains) ?? true }

  /// Whether a value was edited after it (E5). What a slow clock lags is not added: every page has pushed its stamps to
  /// the city's time, and never beyond it.
  /// - Parameters:
  ///   - offset: by which the city's clock was ahead of the sender's, in milliseconds.
  ///   - arrival: that of the batch.
  public func isBefore(_ edited: Stamp, offset: Int64, arrival: Stamp) -> Bool {
    edited.corrected(offset: min(offset, 0), arrival: arrival) > edit.stamp
  }
}

// Its row, in a store and in a body alike.
extension Erasure {
  public static let table = "sync_erasure"
  public static let columns = ["record", "key", "fields", "reason", "actor", "stamp"]

  public var row: [Value] {
    [.text(record), .blob(key.encoded), .blob(RowKey(fields.map(Value.text)).encoded), .text(reason)] + edit.columns
  }

  /// nil when the row is not one that `row` makes.
  public init?(row: [Value]) {
    guard row.count == Self.columns.count, case .text(let record) = row[0], case .blob(let keyBytes) = row[1],
      let key = try? RowKey(encoded: keyBytes), case .blob(let list) = row[2],
      let names = try? RowKey(encoded: list).values, case .text(let reason) = row[3],
      let edit = Edit(columns: row[4...])
    else { return nil }
    let fields = names.compactMap { if case .text(let name) = $0 { name } else { nil as String? } }
    guard fields.count == names.count, !fields.isEmpty else { return nil }
    self.init(record: record, key: key, fields: fields, reason: reason, edit: edit)
  }
}
