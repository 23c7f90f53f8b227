import SyncCore
import SyncProtocol

/// An answer of the city, as far as what becomes of one change depends on the rest of it. Many changes may ask: what it says is read once.
final class Answer {
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

  let receipts: [Envelope]
  /// What it says beside the rows.
  let items: () throws -> [PageItem]
  private let rows: (Set<RowRef>) throws -> [RowRef: [Value]]
  private var known: [RowRef: [Value]?] = [:]
  private var decoded: [Int64: [Int: RowReceipt]] = [:]

  /// - Parameter rows: those of them that the city has now, as far as the answer tells.
  init(
    receipts: [Envelope], items: @escaping () throws -> [PageItem],
    rows: @escaping (Set<RowRef>) throws -> [RowRef: [Value]]
  ) {
    (self.receipts, self.items, self.rows) = (receipts, items, rows)
  }

  /// Reads rows together of which each will be asked.
  func look(at refs: Set<RowRef>) throws {
    let unknown = refs.subtracting(known.keys)
    if unknown.isEmpty { return }
    let found = try rows(unknown)
    for ref in unknown { known.updateValue(found[ref], forKey: ref) }
  }

  /// A row as the city has it now; nil: there is none, or the answer says nothing of it.
  func row(_ record: RecordSchema, _ key: RowKey) throws -> [Value]? {
    let ref = RowRef(record.name, key)
    try look(at: [ref])
    return known[ref] ?? nil
  }

  /// - Returns: nil: the batch is not answered here.
  func outcome(of n: Int, in batch: Int64) throws -> Outcome? {
    guard let rows = try receipt(of: batch) else { return nil }
    guard let row = rows[n] else { return .asSent }
    switch row.outcome {
    case .parked: return .parked
    case .merged where row.reason != RowReceipt.erased: return .merged
    case .merged, .contested, .rejected: return .contested
    }
  }

  private func receipt(of batch: Int64) throws -> [Int: RowReceipt]? {
    if let rows = decoded[batch] { return rows }
    guard let receipt = receipts.first(where: { $0.header.number == batch }) else { return nil }
    let rows = Dictionary(uniqueKeysWithValues: try ReceiptBody.decode(receipt.body).map { ($0.n, $0) })
    decoded[batch] = rows
    return rows
  }
}
