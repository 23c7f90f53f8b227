import GRDB
import SQLiteStore
import SyncCore

/// A point of the log. Its chain pins every batch up to it, with when it came and by which clock it was corrected, and so
/// the master as it was then: whoever publishes something of the master names both.
public struct LogPoint: Hashable, Sendable {
  /// The number of the last batch; 0: none has come.
  public var arrival: Int64
  /// The chain up to that batch: 32 bytes.
  public var chain: [UInt8]
  /// When it came.
  public var receivedAt: Stamp
}

extension Master {
  /// A point of the log, with edits that a tool made on the file put into the log first.
  /// - Parameter arrival: the number of a batch; nil: the last one.
  public func logPoint(upTo arrival: Int64? = nil) throws -> LogPoint {
    try absorbNow()
    let condition = arrival.map { "arrival = \($0)" } ?? Self.isLast
    if let point = try logPoint(where: condition) { return point }
    guard let arrival, arrival != 0 else { return .start }
    let last = try logPoint().arrival
    throw Failure(
      .notFound, zh: "历史中没有第 \(arrival) 批;最后一批是第 \(last) 批",
      en: "there is no batch \(arrival) in the log; the last one is \(last)")
  }

  /// The point of the log at a moment, milliseconds since 1970: what had come by then.
  public func logPoint(at milliseconds: Int64) throws -> LogPoint {
    try absorbNow()
    let end = Stamp(milliseconds: milliseconds).raw | 0xffff
    return try logPoint(where: "received_at <= \(end) ORDER BY arrival DESC LIMIT 1") ?? .start
  }

  /// The last point, inside `edit`: what stood before the edit.
  public func logPoint(in db: Database) throws -> LogPoint {
    try logPoint(db, where: Self.isLast) ?? .start
  }

  private static let isLast = "arrival = (SELECT max(arrival) FROM sync_batch)"

  private func logPoint(where condition: String) throws -> LogPoint? { try read { try logPoint($0, where: condition) } }

  private func logPoint(_ db: Database, where condition: String) throws -> LogPoint? {
    guard let row = try db.first("SELECT arrival, chain, received_at FROM sync_batch WHERE \(condition)"),
      case .integer(let arrival) = row[0], case .blob(let chain) = row[1], case .integer(let received) = row[2]
    else { return nil }
    return LogPoint(arrival: arrival, chain: chain, receivedAt: Stamp(raw: received))
  }
}

extension LogPoint {
  /// Before the first batch.
  static let start = LogPoint(arrival: 0, chain: LoggedBatch.firstLink, receivedAt: Stamp(raw: 0))
}
