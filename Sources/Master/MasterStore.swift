import SyncCore
import SyncProtocol
import Synchronization

// What the merge policy needs of a database, as intentions and batches: a store answers for many rows at once and
// writes a whole settlement. SQLite is one store; another database is another file beside it.

/// Unique values that a row claims.
struct UniqueClaim: Hashable {
  var record: String
  /// Field names of the unique set.
  var fields: [String]
  var values: [Value]
}

/// A value that a reference points to.
struct ReferenceTarget: Hashable {
  var record: String
  var field: String
  var value: Value
}

/// One row of the master before and after a settlement. It is handed on from step to step, so it is shared.
final class RowWrite {
  let ref: RowRef
  let before: [Value]?
  let after: [Value]?
  /// Corrected stamps of `latest` cells that were taken.
  let stamps: [Int: Stamp]
  /// Whether it was entered, and does not come back as what it was.
  let isInsert: Bool
  /// The replica that has the row already and needs no echo.
  var skip: Identifier?
  /// A unit that must hear of the row although it did not move.
  var echo: String?
  /// The key under which the sender has the row, when that is not its key any more.
  let alias: RowRef?

  init(
    ref: RowRef, before: [Value]?, after: [Value]?, stamps: [Int: Stamp] = [:], isInsert: Bool = false,
    echo: String? = nil, alias: RowRef? = nil
  ) {
    self.ref = ref
    self.before = before
    self.after = after
    self.stamps = stamps
    self.isInsert = isInsert
    self.echo = echo
    self.alias = alias
  }
}

/// Why a change is parked. The raw values are the words of receipts and of lists.
enum Parking: String { case unique, reference, check, scope, owner, locked }

/// A change that cannot enter the master, kept whole as it was sent.
struct ParkedDraft {
  var change: Change
  var n: Int
  var why: Intake.Refused
}

/// A change that the master keeps parked.
struct ParkedChange {
  var id: Int64
  var arrival: Int64
  var sender: Identifier
  var batch: Int64
  var n: Int
  var change: Change
  var state: ParkedState

  var ref: ParkedRef { ParkedRef(replica: sender.description, batch: batch, n: Int64(n)) }
}

/// Everything that one batch does to the master.
struct Settlement {
  var writes: [RowWrite] = []
  var opened: [Conflict] = []
  /// Conflicts that gained contenders or were decided.
  var changed: [Conflict] = []
  var parked: [ParkedDraft] = []
  var receipts: [RowReceipt] = []
}

struct ReplicaRecord: Sendable {
  var id: Identifier
  var org: String
  var publicKey: [UInt8]
  /// The X25519 key to which the city encrypts for it.
  var agreementKey: [UInt8]
  var isWithdrawn: Bool
  /// The last batch that was taken.
  var highWater: Int64
  /// The last request number.
  var request: Int64
  /// The cursor that it has durably applied.
  var acknowledged: Int64
  /// City minus replica, milliseconds, at the last handshake.
  var offset: Int64
  var enrolledAt: Int64
  var lastSeen: Int64?
}

struct EnrolmentRecord: Sendable {
  var name: String
  var secret: [UInt8]
  var org: String
  var expiresAt: Int64
  var usedBy: Identifier?
}

struct LoggedBatch: Sendable {
  var arrival: Int64
  var replica: Identifier
  var number: Int64
  var hash: [UInt8]
  var chain: [UInt8]
  var receivedAt: Stamp
  var message: [UInt8]
  var receipt: [UInt8]
  /// City minus replica, milliseconds, by which its stamps were corrected; 0 for the city's own.
  var offset: Int64
}

/// The settings of a master.
struct MasterMeta: Sendable {
  var epoch: Identifier
  var schemaText: String
  /// Asked for several times a request, and the text is long.
  var schemaHash: [UInt8] {
    lastHash.withLock { last in
      if let last, last.text == schemaText { return last.hash }
      let hash = sha256(Array(schemaText.utf8))
      last = (schemaText, hash)
      return hash
    }
  }
}

private let lastHash = Mutex<(text: String, hash: [UInt8])?>(nil)

protocol MasterStore: AnyObject {
  /// One durable transaction that excludes other writers.
  func transaction<T>(_ body: (any MasterTransaction) throws -> T) throws -> T
  /// Answers a request by any number of transactions, which are durable when this returns.
  func answering<T>(_ body: () throws -> T) throws -> T
  /// Waits until everything that can be read of it is durable: the transaction of another request may not be yet.
  func flush() throws
  /// A consistent view that excludes nobody. Nothing is to be written in it.
  func reading<T>(_ body: (any MasterTransaction) throws -> T) throws -> T
}

protocol MasterTransaction {
  /// Does it, or nothing if the data does not let it be done.
  func isPossible(_ act: () throws -> Void) throws -> Bool
  func meta() throws -> MasterMeta
  /// The version of the schema that has this hash, present or earlier; nil: there was none, or no upgrade ever.
  func earlierSchema(_ hash: [UInt8]) throws -> Schema?
  /// A machine has a version of the schema that is not known, as one that was lost with a disk is not.
  func noteUnknownSchema(_ hash: [UInt8], of replica: Identifier) throws
  /// The epochs that this city had before it was restored from a backup.
  func formerEpochs() throws -> [Identifier]
  /// Whether it was restored and waits for what its replicas give back.
  func isRecovering() throws -> Bool
  /// Up to which place a machine had read this feed before the city was restored; 0: nobody knows.
  func placeRead(by replica: Identifier) throws -> Int64
  /// The newest place in the sequence.
  func head() throws -> Int64
  /// The place up to which was trimmed; 0: nothing was.
  func trimmedPlace() throws -> Int64
  /// The stamp that the master's clock shows.
  func stamp() throws -> Stamp
  /// The master's clock moved on.
  func tick(milliseconds: Int64) throws -> Stamp

  // For the merge.
  /// One for each ref; nil: there is no such row.
  func images(inOrderOf refs: [RowRef]) throws -> [[Value]?]
  func tombstones(of refs: [RowRef]) throws -> [RowRef: [Value]]
  func waitingConflicts(of refs: [RowRef]) throws -> [RowRef: [Conflict]]
  func waitingConflicts(in record: RecordSchema) throws -> [Conflict]
  func cellStamps(of refs: [RowRef]) throws -> [RowRef: [Int: Stamp]]
  func holders(of claims: Set<UniqueClaim>) throws -> [UniqueClaim: RowKey]
  func present(_ targets: Set<ReferenceTarget>) throws -> Set<ReferenceTarget>
  /// Rows that refer to these values, those of one record in the order of their keys: a receipt names the first (I7).
  func referrers(to targets: Set<ReferenceTarget>) throws -> [ReferenceTarget: [RowRef]]
  /// Rows that no replica sees, because they refer to what is not there, or to such rows; those of one record, if it is named.
  func orphans(in record: RecordSchema?) throws -> Set<RowRef>
  /// The newest place of each row as a unit sees it.
  /// - Parameter reader: rows that stand as it has sent them, in a batch that was taken as sent, are left out.
  func places(of refs: [RowRef], unit: String, unknownTo reader: Identifier?) throws -> [RowRef: Int64]
  /// Goes through the rows that a unit sees, in no order, without holding them.
  func eachRow(of record: RecordSchema, unit: String, _ body: ([Value]) throws -> Void) throws
  /// The unit that sees a row; "" is everybody; nil: its parent is not there.
  func unit(of record: RecordSchema, _ image: [Value]) throws -> String?
  func nextConflict() throws -> Int64
  /// The number of the newest conflict.
  func lastConflict() throws -> Int64
  func conflict(_ id: Int64) throws -> Conflict?
  /// Who gave the cell this value, from the log, the last one first, since it had another or the row was deleted. Empty: no batch did.
  /// - Parameter byAllNames: also by those of duplicates that were merged into the row, at any time.
  func authors(of ref: RowRef, column: Int, value: Value, byAllNames: Bool) throws -> [Identifier]
  /// Writes a conflict and lets every replica that sees the row hear of it.
  /// - Parameter isMoved: it came to this row from another one.
  func save(_ conflict: Conflict, isMoved: Bool) throws
  /// Writes rows, tombstones, stamps and conflicts, and gives every row its place in the feed.
  /// - Returns: the writes, and as rows that came those that were orphans and are none any more.
  func write(_ settlement: Settlement, arrival: Int64) throws -> [RowWrite]

  // Parked changes.
  /// Keeps the changes that a batch could not bring in.
  func park(_ drafts: [ParkedDraft], from replica: ReplicaRecord, batch: Int64, arrival: Int64, received: Stamp) throws
  /// A later change of a row by the same replica supersedes what it had parked of it, also under a former id.
  func supersede(_ rows: [RowRef], by replica: Identifier, arrival: Int64, received: Stamp) throws
  func parkedChange(_ id: Int64) throws -> ParkedChange?
  func parkedChange(_ ref: ParkedRef) throws -> ParkedChange?
  /// Whether any parked change waits for something.
  func isAnythingWaiting() throws -> Bool
  /// What waits for any of the causes, or is of any of the rows and waits for something, in arrival order.
  func waiting(for freed: Freed) throws -> [ParkedChange]
  /// What waits of a row, in arrival order.
  func waiting(of ref: RowRef) throws -> [ParkedChange]
  /// It still cannot enter, for this reason now.
  func save(_ why: Intake.Refused, of parked: ParkedChange) throws
  /// It waits no more; its sender's unit hears of it.
  func settle(_ parked: ParkedChange, as state: ParkedState, detail: Label, edit: Edit) throws

  // Rows that are one.
  func hasAliases() throws -> Bool
  /// The row that this one was merged into, whether or not one stands under its key again.
  func alias(of ref: RowRef) throws -> RowKey?
  /// Those of the keys by which something came in that stands by another one: none stands by this one, and it came since
  /// the last one that did was deleted.
  func landedNames(among refs: Set<RowRef>) throws -> Set<RowRef>
  /// Those of the keys of deletes, each with the row that it is now, whose row some batch has entered by another key, whatever
  /// became of it. A key by which a row stands is none of these, nor is one by which another of the deletes is; what was entered before
  /// a row by that key was deleted does not count.
  func sharedNames(among deletes: [RowRef: RowRef]) throws -> Set<RowRef>
  /// The rows that these are. One that another program entered again and that could not be merged is itself.
  func aliases(of refs: Set<RowRef>) throws -> [RowRef: RowKey]
  func save(_ alias: Alias) throws

  // Personal data.
  /// What was erased of these rows, in that order.
  func erasures(of refs: Set<RowRef>) throws -> [RowRef: [RecordedErasure]]
  /// Deletes every copy of what is erased, records it and lets the replicas that may hold one hear of it.
  /// - Parameters:
  ///   - arrival: the city's batch that says so.
  ///   - cursor: the newest place before it.
  func carryOut(_ erasure: Erasure, arrival: Int64, cursor: Int64) throws
  /// Keeps what the commitments of a batch stand for.
  func keep(_ secrets: [SecretCell], arrival: Int64) throws

  // The log of signed batches.
  /// The number of the city's next batch.
  func nextOwnBatch() throws -> Int64
  /// A batch of the city's own has this number: the next one has a larger one.
  func passOwnBatch(_ number: Int64) throws
  func nextArrival() throws -> Int64
  /// The arrival number that the next batch will get.
  func upcomingArrival() throws -> Int64
  func batch(_ replica: Identifier, _ number: Int64) throws -> LoggedBatch?
  /// The batches of a sender from a number on that came up to an arrival, by number.
  func batches(of replica: Identifier, from number: Int64, upTo arrival: Int64) throws -> [LoggedBatch]
  /// - Parameter offset: city minus sender, milliseconds, by which its stamps were corrected.
  func append(
    _ message: Envelope, receipt: [UInt8], arrival: Int64, received: Stamp, offset: Int64, touched: [RowRef]) throws
  /// The receipts of a batch that came under a former id of its sender already; nil: it is new.
  func repeated(_ message: Envelope) throws -> [RowReceipt]?
  func isTaken(_ message: Envelope) throws -> Bool
  /// The offset of the batch of this arrival, and when it came; nil: it is not in the log yet.
  func clock(of arrival: Int64) throws -> (offset: Int64, received: Stamp)?

  // Replicas.
  func replica(_ id: Identifier) throws -> ReplicaRecord?
  func save(_ replica: ReplicaRecord) throws
  /// Remembers that a machine goes on under another id.
  /// - Parameter kept: how many batches of the former one are its own.
  func succeed(_ former: Identifier, by id: Identifier, kept: Int64) throws
  /// Forgets that a machine goes on under this id, or this one under another's, where the two are of different units.
  func disown(_ id: Identifier) throws
  /// How many ids have followed upon this one, or upon one before it, whichever has more.
  func followers(of id: Identifier) throws -> Int64
  /// Whether a batch of a former id is this machine's too.
  func shares(_ replica: Identifier, with former: Identifier, batch: Int64) throws -> Bool
  func enrolment(_ name: String) throws -> EnrolmentRecord?
  /// All codes that a unit was given, by name.
  func enrolments(of org: String) throws -> [EnrolmentRecord]
  func save(_ enrolment: EnrolmentRecord) throws

  /// What changed for a unit after a place, newest images, in the order of places; and where the answer ends.
  /// - Parameters:
  ///   - key: seals the city's own batches.
  ///   - whole: rows that the replica has sent are not left out.
  func page(
    unit: String, after cursor: Int64, for replica: Identifier, limit: PageLimit, key: SigningKey
  ) throws -> Page

  /// The city's own captured edits that no batch holds yet.
  func ownChanges() throws -> [Change]
  /// Puts rows into their tables and nothing else. In what order they come does not matter.
  func assign(_ writes: [RowWrite]) throws
  /// Settles them: they stand in the tables already.
  /// - Parameter arrival: the batch that records them.
  /// - Returns: the writes, and as rows that came those that were orphans and are none any more.
  func absorb(_ changes: [Change], writes: [RowWrite], arrival: Int64) throws -> [RowWrite]
}

extension MasterTransaction {
  /// Whether a message was made before this city was restored, or under an epoch of which the backup does not know: of one
  /// between two restores.
  func isFormer(_ message: Header) throws -> Bool { try !formerEpochs().isEmpty && message.epoch != meta().epoch }

  func save(_ conflict: Conflict) throws { try save(conflict, isMoved: false) }

  /// Whether a machine sent what is parked, under whatever id.
  func owns(_ parked: ParkedChange, _ replica: Identifier) throws -> Bool {
    try parked.sender == replica || shares(replica, with: parked.sender, batch: parked.batch)
  }

  func images(of refs: [RowRef]) throws -> [RowRef: [Value]] {
    var found: [RowRef: [Value]] = [:]
    for (ref, image) in zip(refs, try images(inOrderOf: refs)) where image != nil { found[ref] = image }
    return found
  }
}

public struct PageLimit: Sendable {
  public var rows: Int
  /// Before compression; the row that reaches it is the last one.
  public var bytes: Int

  public init(rows: Int = 20_000, bytes: Int = 8 << 20) {
    self.rows = rows
    self.bytes = bytes
  }
}

struct Page {
  var body: [UInt8]
  var cursor: Int64
  var more: Bool
}
