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
      let gone = Set(content?.commitments(of: erasure.ref, columns) ?? [])
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
