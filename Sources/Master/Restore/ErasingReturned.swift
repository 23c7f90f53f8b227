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
      let gone = Set(content?.commitments(of: erasure.ref, columns) ?? batch.unread(erasure, columns))
      // What it decides cannot be told apart here.
      let decided = Set((content?.decisions ?? []).map(\.value))
      let secrets = try batch.knownSecrets() ?? []
      let left = secrets.filter { !gone.contains(.blob($0.commitment)) && !decided.contains(.blob($0.commitment)) }
      if left.count == secrets.count { continue }
      batch.secrets = SecretsBody.encode(left)
      try OldPages.inFile.note(db)
      try db.run(
        "UPDATE sync_returned SET secrets = ? WHERE arrival = ? AND replica = ? AND number = ?",
        [.blob(batch.secrets)] + batch.row.prefix(3))
    }
  }
}

extension Batch {
  /// What stands in a sealed batch for the values of these cells, old and new.
  fileprivate func commitments(of ref: RowRef, _ columns: [Int]) -> [Value] {
    changes.filter { $0.ref == ref }.flatMap { change in
      columns.filter(change.new.indices.contains).flatMap { [change.old[$0], change.new[$0]].compactMap { $0 } }
    }
  }
}

extension ReturnedBatch {
  /// The same, and what is decided about them, of a batch that a later version made, which is yet to come back, if ever: that
  /// has fields behind those that are known, and none between.
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
      } else if let decision = Decision(bodyRow: entry.new.compactMap { $0 }), let subject = decision.subject,
        subject.ref == erasure.ref, erasure.covers(subject.field)
      {
        found.append(decision.value)
      }
    }
    return found
  }
}
