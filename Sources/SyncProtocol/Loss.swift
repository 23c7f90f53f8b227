import SyncCore

/// A place in the log whose batch is lost: the city was restored from a backup, and nobody had the batch, or it no longer
/// stood on what was there. The batch that says so takes its place, so that every later one keeps its number.
public struct Loss: Hashable, Sendable {
  public var arrival: Int64
  public var reason: String
  public var edit: Edit

  public init(arrival: Int64, reason: String, edit: Edit) {
    self.arrival = arrival
    self.reason = reason
    self.edit = edit
  }
}

// Its row in a body.
extension Loss {
  public static let table = "sync_loss"
  public static let columns = ["arrival", "reason", "actor", "stamp"]

  public var row: [Value] { [.integer(arrival), .text(reason)] + edit.columns }

  /// nil when the row is not one that `row` makes.
  public init?(row: [Value]) {
    guard row.count == Self.columns.count, case .integer(let arrival) = row[0], arrival > 0,
      case .text(let reason) = row[1], let edit = Edit(columns: row[2...])
    else { return nil }
    self.init(arrival: arrival, reason: reason, edit: edit)
  }
}
