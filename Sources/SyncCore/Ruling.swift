/// A change that the city parked, named by the batch that brought it.
public struct ParkedRef: Hashable, Sendable {
  /// The sender's id in hex.
  public var replica: String
  public var batch: Int64
  /// Which change of the batch, from 1.
  public var n: Int64

  public init(replica: String, batch: Int64, n: Int64) {
    self.replica = replica
    self.batch = batch
    self.n = n
  }
}

/// What somebody with authority decides about a parked change.
public struct Ruling: Hashable, Sendable {
  public enum Verdict: String, Sendable, CaseIterable {
    /// The city takes it in, though it is out of scope or what it belongs to is closed.
    case admit
    /// The city does not take it in.
    case dismiss
    /// Its sender takes it back.
    case withdraw
  }

  public var parked: ParkedRef
  public var verdict: Verdict
  public var reason: String
  public var edit: Edit

  public init(parked: ParkedRef, verdict: Verdict, reason: String, edit: Edit) {
    self.parked = parked
    self.verdict = verdict
    self.reason = reason
    self.edit = edit
  }
}

/// What became of a parked change. Kept for ever.
public enum ParkedState: String, Sendable, CaseIterable {
  case waiting
  /// Its cause went away, and it merged by itself.
  case entered
  case admitted, dismissed, withdrawn
  /// Its sender changed the row again.
  case superseded
  /// Its row is a duplicate that was merged into another.
  case merged

  /// Of what was parked and came in: by itself, by a ruling, or with a duplicate.
  public static let cameIn: Set<ParkedState> = [.entered, .admitted, .merged]
}

/// What the city tells the unit of the sender about a parked change.
public struct ParkedNotice: Hashable, Sendable {
  /// The city's number.
  public var id: Int64
  public var parked: ParkedRef
  public var state: ParkedState
  /// Why it waits, or what was decided and why.
  public var detail: Label
  /// Who decided; empty when nobody had to.
  public var edit: Edit

  public init(id: Int64, parked: ParkedRef, state: ParkedState, detail: Label, edit: Edit) {
    self.id = id
    self.parked = parked
    self.state = state
    self.detail = detail
    self.edit = edit
  }
}

/// Two rows that are one: edits of the first key go to the second from now on.
public struct Alias: Hashable, Sendable {
  public var record: String
  public var key: RowKey
  public var target: RowKey
  public var reason: String
  public var edit: Edit

  public init(record: String, key: RowKey, target: RowKey, reason: String, edit: Edit) {
    self.record = record
    self.key = key
    self.target = target
    self.reason = reason
    self.edit = edit
  }
}

// Their rows, in a store and in a body alike.

extension ParkedRef {
  var columns: [Value] { [.text(replica), .integer(batch), .integer(n)] }

  init?(columns: ArraySlice<Value>) {
    let row = Array(columns)
    guard row.count == 3, case .text(let replica) = row[0], case .integer(let batch) = row[1],
      case .integer(let n) = row[2]
    else { return nil }
    self.init(replica: replica, batch: batch, n: n)
  }
}

extension Edit {
  public var columns: [Value] { [.text(actor), .integer(stamp.raw)] }

  public init?(columns: ArraySlice<Value>) {
    let row = Array(columns)
    guard row.count == 2, case .text(let actor) = row[0], case .integer(let stamp) = row[1] else { return nil }
    self.init(stamp: Stamp(raw: stamp), actor: actor)
  }
}

extension Ruling {
  public static let table = "sync_ruling"
  public static let columns = ["replica", "batch", "n", "verdict", "reason", "actor", "stamp"]

  public var row: [Value] { parked.columns + [.text(verdict.rawValue), .text(reason)] + edit.columns }

  public init?(row: [Value]) {
    guard row.count == Self.columns.count, let parked = ParkedRef(columns: row[0..<3]), case .text(let name) = row[3],
      let verdict = Verdict(rawValue: name), case .text(let reason) = row[4], let edit = Edit(columns: row[5...])
    else { return nil }
    self.init(parked: parked, verdict: verdict, reason: reason, edit: edit)
  }
}

extension ParkedNotice {
  public static let table = "sync_parked"
  public static let columns = ["id", "replica", "batch", "n", "state", "zh", "en", "actor", "stamp"]

  public var row: [Value] {
    [.integer(id)] + parked.columns + [.text(state.rawValue), .text(detail.zh), .text(detail.en)] + edit.columns
  }

  public init?(row: [Value]) {
    guard row.count == Self.columns.count, case .integer(let id) = row[0], let parked = ParkedRef(columns: row[1..<4]),
      case .text(let name) = row[4], let state = ParkedState(rawValue: name), case .text(let zh) = row[5],
      case .text(let en) = row[6], let edit = Edit(columns: row[7...])
    else { return nil }
    self.init(id: id, parked: parked, state: state, detail: Label(zh: zh, en: en), edit: edit)
  }
}

extension Alias {
  public static let table = "sync_alias"
  public static let columns = ["record", "key", "target", "reason", "actor", "stamp"]

  public var row: [Value] {
    [.text(record), .blob(key.encoded), .blob(target.encoded), .text(reason)] + edit.columns
  }

  public init?(row: [Value]) {
    guard row.count == Self.columns.count, case .text(let record) = row[0], case .blob(let keyBytes) = row[1],
      let key = try? RowKey(encoded: keyBytes), case .blob(let targetBytes) = row[2],
      let target = try? RowKey(encoded: targetBytes), case .text(let reason) = row[3],
      let edit = Edit(columns: row[4...])
    else { return nil }
    self.init(record: record, key: key, target: target, reason: reason, edit: edit)
  }
}
