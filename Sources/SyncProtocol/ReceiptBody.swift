import SyncCore

/// What became of one change of a batch. Changes taken exactly as sent are not listed.
public struct RowReceipt: Hashable, Sendable {
  /// The reason when a value that was sent went with an erasure, whatever became of the rest of the row.
  public static let erased = "erased"

  /// The reason of a change that is parked because its row is, or would be, another unit's.
  public static let outOfScope = "scope"

  public enum Outcome: String, Sendable, CaseIterable {
    /// Merged; the master's row differs from what was sent by rule and needs nobody.
    case merged
    /// At least one cell, or the row, has a conflict.
    case contested
    /// At least one cell is not the sender's to change, and was kept apart.
    case rejected
    /// The row cannot stand in the master; it is kept whole.
    case parked
  }
  /// Counts the changes of the batch from 1.
  public var n: Int
  public var outcome: Outcome
  /// A machine word, such as `unique`, `reference`, `check`, `scope`, `owner`, `erased`.
  public var reason: String
  /// What a clerk needs to know, as a sentence.
  public var detail: Label

  public init(n: Int, outcome: Outcome, reason: String = "", detail: Label = Label(zh: "", en: "")) {
    self.n = n
    self.outcome = outcome
    self.reason = reason
    self.detail = detail
  }
}

/// Which batch a receipt is of, and by which clock it was corrected: what a city that was restored must know of it again.
public struct Taken: Hashable, Sendable {
  /// The hash of the batch's message.
  public var hash: [UInt8]
  /// City minus replica, milliseconds.
  public var offset: Int64

  public init(hash: [UInt8], offset: Int64) {
    self.hash = hash
    self.offset = offset
  }
}

// A receipt is a patchset of two tables: sync_receipt(n, outcome, reason, zh, en), sync_taken(hash, clock_offset).
private let receiptTable = ChangesetTable(name: "sync_receipt", columns: 5, key: [0])
private let takenTable = ChangesetTable(name: "sync_taken", columns: 2, key: [0])

public enum ReceiptBody {
  public static func encode(_ rows: [RowReceipt], taken: Taken? = nil) -> [UInt8] {
    var writer = ChangesetWriter(.patchset)
    for row in rows {
      let values: [Value] = [
        .integer(Int64(row.n)), .text(row.outcome.rawValue), .text(row.reason), .text(row.detail.zh),
        .text(row.detail.en),
      ]
      writer.append(.insert, new: values, to: receiptTable)
    }
    if let taken {
      writer.append(.insert, new: [.blob(taken.hash), .integer(taken.offset)], to: takenTable)
    }
    return writer.bytes
  }

  public static func decode(_ bytes: [UInt8]) throws -> [RowReceipt] { try read(bytes).rows }

  public static func taken(_ bytes: [UInt8]) throws -> Taken? { try read(bytes).taken }

  private static func read(_ bytes: [UInt8]) throws -> (rows: [RowReceipt], taken: Taken?) {
    var reader = ChangesetReader(bytes[...], .patchset)
    var rows: [RowReceipt] = []
    var taken: Taken?
    while let (table, entry) = try reader.next() {
      if table == takenTable, taken == nil, case .blob(let hash) = entry.new.first, hash.count == 32,
        case .integer(let offset) = entry.new[1]
      {
        taken = Taken(hash: hash, offset: offset)
        continue
      }
      guard table == receiptTable, case .integer(let n) = entry.new.first, case .text(let name) = entry.new[1],
        let outcome = RowReceipt.Outcome(rawValue: name), case .text(let reason) = entry.new[2],
        case .text(let zh) = entry.new[3], case .text(let en) = entry.new[4], n > (rows.last?.n ?? 0), n <= Int32.max
      else { throw BodyError.badShape(table.name) }
      rows.append(RowReceipt(n: Int(n), outcome: outcome, reason: reason, detail: Label(zh: zh, en: en)))
    }
    return (rows, taken)
  }
}
