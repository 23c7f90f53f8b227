import SyncCore

/// What one batch holds: pending changes, decisions of conflicts, rulings about parked changes, and, from the city itself,
/// the duplicates that it merged, the personal data that it erased, the versions of the schema that it brought in, the machines
/// that it enrolled or withdrew, and what a restore from a backup lost.
public struct Batch: Hashable, Sendable {
  /// The most changes of one batch. More pending rows make more batches.
  public static let mostChanges = 200_000

  /// More bytes than this make more batches: one that a city makes is to ride along with pages, and every line to bring one over.
  @TaskLocal public static var mostBytes = 24 << 20

  public var changes: [Change]
  public var decisions: [Decision]
  public var rulings: [Ruling]
  public var aliases: [Alias]
  public var erasures: [Erasure]
  public var schemas: [SchemaStep]
  public var members: [Member]
  public var losses: [Loss]

  public init(
    changes: [Change] = [], decisions: [Decision] = [], rulings: [Ruling] = [], aliases: [Alias] = [],
    erasures: [Erasure] = [], schemas: [SchemaStep] = [], members: [Member] = [], losses: [Loss] = []
  ) {
    self.changes = changes
    self.decisions = decisions
    self.rulings = rulings
    self.aliases = aliases
    self.erasures = erasures
    self.schemas = schemas
    self.members = members
    self.losses = losses
  }

  public var isEmpty: Bool {
    changes.isEmpty && decisions.isEmpty && rulings.isEmpty && aliases.isEmpty && erasures.isEmpty && schemas.isEmpty
      && members.isEmpty && losses.isEmpty
  }
}

// A batch is a changeset. Besides the records' tables it holds, in this order at its end:
//
//   sync_edit(n, stamp, actor)                  the last edit of the n-th change of the body, n = 1, 2, …
//   sync_edit_cell(n, field, stamp, actor)      the last edit of a cell whose policy is `latest`
//   sync_decision(conflict, choice, contender, value, reason, actor, stamp, version, record, key, field, opened_at)
//   sync_ruling(replica, batch, n, verdict, reason, actor, stamp)
//   sync_alias(record, key, target, reason, actor, stamp)
//   sync_erasure(record, key, fields, reason, actor, stamp)
//   sync_schema(version, text, actor, stamp)
//   sync_member(replica, org, public_key, agreement_key, withdrawn, former, kept, actor, stamp)
//   sync_loss(arrival, reason, actor, stamp)

private let editTable = ChangesetTable(name: "sync_edit", columns: 3, key: [0])
private let cellTable = ChangesetTable(name: "sync_edit_cell", columns: 4, key: [0, 1])
private let decisionTable = ChangesetTable(name: Decision.table, columns: Decision.bodyColumns.count, key: [0])
private let rulingTable = ChangesetTable(name: Ruling.table, columns: Ruling.columns.count, key: [0, 1, 2])
private let aliasTable = ChangesetTable(name: Alias.table, columns: Alias.columns.count, key: [0, 1])
private let schemaTable = ChangesetTable(name: SchemaStep.table, columns: SchemaStep.columns.count, key: [0])
/// Of a batch and of a page alike.
let erasureTable = ChangesetTable(name: Erasure.table, columns: Erasure.columns.count, key: [0, 1, 5])
private let memberTable = ChangesetTable(name: Member.table, columns: Member.columns.count, key: [0])
private let lossTable = ChangesetTable(name: Loss.table, columns: Loss.columns.count, key: [0])

extension ChangesetTable {
  /// Whether its rows begin with the number of the change that they are about.
  var isOfChanges: Bool { self == editTable || self == cellTable }
}

extension Batch {
  /// - Precondition: every change is of a record of the schema.
  public func encoded(_ schema: Schema) -> [UInt8] {
    var writer = ChangesetWriter(.changeset)
    let tables = Dictionary(uniqueKeysWithValues: schema.records.map { ($0.name, ChangesetTable($0)) })
    for change in changes {
      guard let table = tables[change.record] else { continue }
      switch change.kind {
      case .insert: writer.append(.insert, new: change.new, to: table)
      case .update: writer.append(.update, old: change.old, new: change.new, to: table)
      case .delete: writer.append(.delete, old: change.old, to: table)
      }
    }
    for (index, change) in changes.enumerated() {
      let row: [Value?] = [.integer(Int64(index + 1)), .integer(change.edit.stamp.raw), .text(change.edit.actor)]
      writer.append(.insert, new: row, to: editTable)
    }
    for (index, change) in changes.enumerated() {
      guard let fields = schema.record(change.record)?.fields, !change.cellEdits.isEmpty else { continue }
      for (column, edit) in change.cellEdits.sorted(by: { $0.key < $1.key }) {
        let row: [Value?] = [
          .integer(Int64(index + 1)), .text(fields[column].name), .integer(edit.stamp.raw), .text(edit.actor),
        ]
        writer.append(.insert, new: row, to: cellTable)
      }
    }
    for decision in decisions { writer.append(.insert, new: decision.bodyRow, to: decisionTable) }
    for ruling in rulings { writer.append(.insert, new: ruling.row, to: rulingTable) }
    for alias in aliases { writer.append(.insert, new: alias.row, to: aliasTable) }
    for erasure in erasures { writer.append(.insert, new: erasure.row, to: erasureTable) }
    for schema in schemas { writer.append(.insert, new: schema.row, to: schemaTable) }
    for member in members { writer.append(.insert, new: member.row, to: memberTable) }
    for loss in losses { writer.append(.insert, new: loss.row, to: lossTable) }
    return writer.bytes
  }

  /// Reads a body by the shapes of the sender's schema. Throws `CodecError` or `BodyError`.
  /// - Parameters:
  ///   - mostChanges: what a sender may put into one batch; a tool may edit more of the master's rows at once.
  ///   - isOwn: the reader signed it. An earlier version signed deletes that are not whole: what they lack is NULL.
  public init(
    _ bytes: [UInt8], schema: Schema, mostChanges: Int = Batch.mostChanges, isOwn: Bool = false
  ) throws {
    var reader = ChangesetReader(bytes[...], .changeset)
    var decoder = BatchDecoder(schema, mostChanges: mostChanges, isOwn: isOwn)
    while let (table, entry) = try reader.next() { try decoder.take(table, entry) }
    self = try decoder.finish()
  }
}

extension Batch {
  /// A batch that was made by an earlier version of this schema, as this version has it.
  public func widened(to schema: Schema) -> Batch {
    let records = Dictionary(uniqueKeysWithValues: schema.records.map { ($0.name, $0) })
    var wide = self
    for index in changes.indices {
      if let record = records[changes[index].record] { wide.changes[index] = record.widened(changes[index]) }
    }
    return wide
  }
}

/// A body that is a changeset, but not one that the protocol allows.
public enum BodyError: Error, Hashable, Sendable {
  case unknownTable(String)
  /// The columns or the key are not those of the schema.
  case badShape(String)
  case badChange(record: String, n: Int)
  case twice(record: String, n: Int)
  case missingEdit(n: Int)
  case tooMany
  /// A restricted value without its secret or that is no commitment, or a secret of nothing.
  case missingSecret
  /// A secret that is not what was committed to.
  case falseSecret
}

private struct BatchDecoder {
  let records: [String: RecordSchema]
  let mostChanges: Int
  let isOwn: Bool
  var batch = Batch()
  var rows = DistinctRows()
  var edits = 0
  /// The table of which the last entry was, and what its entries are: mostly the next one is of it too.
  var current: (table: ChangesetTable, holds: Content)?

  enum Content {
    case changes(RecordSchema)
    case edits, cellEdits, decisions, rulings, aliases, erasures, schemas, members, losses
  }

  init(_ schema: Schema, mostChanges: Int, isOwn: Bool) {
    self.mostChanges = mostChanges
    self.isOwn = isOwn
    records = Dictionary(uniqueKeysWithValues: schema.records.map { ($0.name, $0) })
  }

  mutating func take(_ table: ChangesetTable, _ entry: ChangesetEntry) throws {
    if current?.table != table { current = (table, try content(of: table)) }
    switch current?.holds {
    case .changes(let record): try change(record, entry)
    case .edits: try edit(inserted(entry, into: table))
    case .cellEdits: try cellEdit(inserted(entry, into: table))
    case .decisions: try append(Decision(bodyRow: values(entry, into: table)), to: \.decisions, table)
    case .rulings: try append(Ruling(row: values(entry, into: table)), to: \.rulings, table)
    case .aliases: try append(Alias(row: values(entry, into: table)), to: \.aliases, table)
    case .erasures: try append(Erasure(row: values(entry, into: table)), to: \.erasures, table)
    case .schemas: try append(SchemaStep(row: values(entry, into: table)), to: \.schemas, table)
    case .members: try append(Member(row: values(entry, into: table)), to: \.members, table)
    case .losses: try append(Loss(row: values(entry, into: table)), to: \.losses, table)
    case nil: throw BodyError.unknownTable(table.name)
    }
  }

  private func content(of table: ChangesetTable) throws -> Content {
    switch table {
    case editTable: return .edits
    case cellTable: return .cellEdits
    case decisionTable: return .decisions
    case rulingTable: return .rulings
    case aliasTable: return .aliases
    case erasureTable: return .erasures
    case schemaTable: return .schemas
    case memberTable: return .members
    case lossTable: return .losses
    default:
      guard let record = records[table.name] else { throw BodyError.unknownTable(table.name) }
      guard table == ChangesetTable(record) else { throw BodyError.badShape(table.name) }
      return .changes(record)
    }
  }

  private func inserted(_ entry: ChangesetEntry, into table: ChangesetTable) throws -> [Value?] {
    guard entry.operation == .insert else { throw BodyError.badShape(table.name) }
    return entry.new
  }

  private mutating func change(_ record: RecordSchema, _ entry: ChangesetEntry) throws {
    let n = batch.changes.count + 1
    let keySource = entry.operation == .insert ? entry.new : entry.old
    let key = RowKey(record.keyIndices.compactMap { keySource[$0] })
    guard edits == 0, key.values.count == record.key.count, !key.values.contains(.null) else {
      throw BodyError.badChange(record: record.name, n: n)
    }
    guard key.encodedSize <= RowKey.mostBytes else { throw BodyError.badChange(record: record.name, n: n) }
    let change: Change
    switch entry.operation {
    case .insert:
      guard !entry.new.contains(nil) else { throw BodyError.badChange(record: record.name, n: n) }
      change = Change(record: record.name, key: key, kind: .insert, old: record.undefined, new: entry.new, edit: noEdit)
    case .delete:
      guard isOwn || !entry.old.contains(nil) else { throw BodyError.badChange(record: record.name, n: n) }
      let old: [Value?] = entry.old.map { $0 ?? Value.null }
      change = Change(record: record.name, key: key, kind: .delete, old: old, new: record.undefined, edit: noEdit)
    case .update:
      let isWhole = record.fields.indices.allSatisfy {
        record.isKey($0) ? entry.new[$0] == nil : (entry.old[$0] == nil) == (entry.new[$0] == nil)
      }
      guard isWhole, entry.new.contains(where: { $0 != nil }) else {
        throw BodyError.badChange(record: record.name, n: n)
      }
      change = Change(record: record.name, key: key, kind: .update, old: entry.old, new: entry.new, edit: noEdit)
    }
    guard n <= mostChanges else { throw BodyError.tooMany }
    guard rows.isNew(change.ref, after: batch.changes) else { throw BodyError.twice(record: record.name, n: n) }
    batch.changes.append(change)
  }

  private mutating func edit(_ row: [Value?]) throws {
    guard row.count == 3, case .integer(let n) = row[0], case .integer(let stamp) = row[1],
      case .text(let actor) = row[2],
      n == edits + 1, edits < batch.changes.count
    else { throw BodyError.missingEdit(n: edits + 1) }
    batch.changes[edits].edit = Edit(stamp: Stamp(raw: stamp), actor: actor)
    edits += 1
  }

  private mutating func cellEdit(_ row: [Value?]) throws {
    guard row.count == 4, case .integer(let n) = row[0], case .text(let field) = row[1],
      case .integer(let stamp) = row[2],
      case .text(let actor) = row[3], n >= 1, n <= batch.changes.count,
      let column = records[batch.changes[Int(n) - 1].record]?.index(of: field),
      batch.changes[Int(n) - 1].cellEdits[column] == nil
    else { throw BodyError.badShape(cellTable.name) }
    batch.changes[Int(n) - 1].cellEdits[column] = Edit(stamp: Stamp(raw: stamp), actor: actor)
  }

  private func values(_ entry: ChangesetEntry, into table: ChangesetTable) throws -> [Value] {
    try inserted(entry, into: table).compactMap { $0 }
  }

  private mutating func append<T>(_ item: T?, to list: WritableKeyPath<Batch, [T]>, _ table: ChangesetTable) throws {
    guard let item else { throw BodyError.badShape(table.name) }
    guard batch[keyPath: list].count < Batch.mostChanges else { throw BodyError.tooMany }
    batch[keyPath: list].append(item)
  }

  func finish() throws -> Batch {
    guard edits == batch.changes.count else { throw BodyError.missingEdit(n: edits + 1) }
    return batch
  }
}

private let noEdit = Edit(stamp: Stamp(raw: 0), actor: "")
