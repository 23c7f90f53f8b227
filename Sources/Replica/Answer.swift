import SyncCore
import SyncProtocol

/// An answer of the city, as far as what becomes of one change depends on the rest of it.
struct Answer {
  /// What the city made of a change that was sent.
  enum Outcome {
    /// The row stands, or went, just as it was sent.
    case asSent
    /// It met what stood there.
    case merged
    /// Cells of it were kept apart: it may have met what stood there, or nothing.
    case contested
    case parked
  }

  var receipts: [Envelope]
  /// What it says beside the rows.
  var items: () throws -> [PageItem]
  /// A row as the city has it now; nil: there is none, or the answer says nothing of it.
  var row: (RecordSchema, RowKey) throws -> [Value]?

  /// - Returns: nil: the batch is not answered here.
  func outcome(of n: Int, in batch: Int64) throws -> Outcome? {
    guard let receipt = receipts.first(where: { $0.header.number == batch }) else { return nil }
    guard let row = try ReceiptBody.decode(receipt.body).first(where: { $0.n == n }) else { return .asSent }
    switch row.outcome {
    case .parked: return .parked
    case .merged where row.reason != RowReceipt.erased: return .merged
    case .merged, .contested, .rejected: return .contested
    }
  }
}
