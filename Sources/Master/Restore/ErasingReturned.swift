import SQLiteStore
import SyncCore
import SyncProtocol

// Batches that came back and are in no log have their secrets beside them too.

extension SQLiteMasterTransaction {
  /// Takes away what an erasure takes of the secrets of batches that came back and wait, or were set aside.
  func eraseReturned(_ erasure: Erasure) throws {
    guard let record = schema.record(erasure.record) else { return }
    let columns = record.restrictedColumns(erasure.fields)
    for var batch in try returned("length(secrets) > 0") {
      let content = try batch.content(schema, db)
      let gone = Set(content?.commitments(of: erasure, columns) ?? batch.unread(erasure, columns))
      let secrets = try batch.knownSecrets() ?? []
      let left = secrets.filter { !gone.contains(.blob($0.commitment)) }
      if left.count == secrets.count { continue }
      batch.secrets = SecretsBody.encode(left)
      try OldPages.inFile.note(db)
      try db.run(
        "UPDATE sync_returned SET secrets = ? WHERE arrival = ? AND replica = ? AND number = ?",
        [.blob(batch.secrets)] + batch.row.prefix(3))
    }
  }
}

// A row that such a batch enters may be in no log at all.

extension SQLiteMasterTransaction {
  /// The rows that these batches enter, with what later ones of them edit. What was erased of them is NULL.
  func returnedRows(_ record: RecordSchema) throws -> [RowKey: [Value]] {
    var rows: [RowKey: [Value]] = [:]
    for batch in try returned() {
      let secrets = Dictionary(try (batch.knownSecrets() ?? []).map { ($0.commitment, $0.value) }) { first, _ in first }
      for entry in batch.entries(of: record.name) {
        let isEntered = entry.operation == .insert
        let key = RowKey(record.keyIndices.compactMap { (isEntered ? entry.new : entry.old)[$0] })
        guard var row = isEntered ? record.fields.map({ _ in Value.null }) : rows[key] else { continue }
        for (column, value) in zip(record.fields.indices, entry.new) {
          guard let value else { continue }
          row[column] = value
          guard record.fields[column].restricted, case .blob(let commitment) = value else { continue }
          row[column] = secrets[commitment] ?? .null
        }
        rows[key] = row
      }
    }
    return rows
  }
}

extension ReturnedBatch {
  /// What it says of rows of a table. A later version that made it has fields behind those that are known, and none between.
  func entries(of name: String) -> [ChangesetEntry] {
    guard let sealed = try? SealedEnvelope(message[...]), let body = try? sealed.unverifiedBody() else { return [] }
    var reader = ChangesetReader(body[...], .changeset)
    var entries: [ChangesetEntry] = []
    while let (_, entry) = try? reader.next(where: { table, _ in table.name == name }) { entries.append(entry) }
    return entries
  }
}

extension Batch {
  /// What stands in a sealed batch for the values of these cells, old and new, and for what is decided about them.
  fileprivate func commitments(of erasure: Erasure, _ columns: [Int]) -> [Value] {
    let changed = changes.filter { $0.ref == erasure.ref }.flatMap { change in
      columns.filter(change.new.indices.contains).flatMap { [change.old[$0], change.new[$0]].compactMap { $0 } }
    }
    return changed + decisions.filter { $0.isTaken(by: erasure) }.map(\.value)
  }
}

extension Decision {
  /// Whether its value goes with an erasure. What an earlier version decided does not say what it is about.
  fileprivate func isTaken(by erasure: Erasure) -> Bool {
    guard let subject else { return true }
    return subject.ref == erasure.ref && erasure.covers(subject.field)
  }
}

extension ReturnedBatch {
  /// The same of a batch that a later version made, which is yet to come back, if ever: that has fields behind those
  /// that are known, and none between.
  fileprivate func unread(_ erasure: Erasure, _ columns: [Int]) -> [Value] {
    guard let sealed = try? SealedEnvelope(message[...]), let body = try? sealed.unverifiedBody() else { return [] }
    var reader = ChangesetReader(body[...], .changeset)
    var found: [Value] = []
    while let (table, entry) = try? reader.next(where: { table, key in
      table.name == Decision.table || RowRef(table.name, RowKey(key)) == erasure.ref
    }) {
      if table.name == erasure.record {
        for values in [entry.old, entry.new] {
          found += columns.filter(values.indices.contains).compactMap { values[$0] }
        }
      } else if let decision = Decision(bodyRow: entry.new.compactMap { $0 }), decision.isTaken(by: erasure) {
        found.append(decision.value)
      }
    }
    return found
  }
}
