import Foundation
import GRDB
import SQLiteStore
import SyncCore
import SyncProtocol

// A later version of the schema comes with a sync, ahead of the pages that are written by it. The file's shape follows, and
// nothing else: what is pending, in flight, parked or pulled beneath an edit stays what it was, and so does the cursor.

extension Replica {
  /// Makes a later version of the schema the one of this file, for every process that has it open. One that is here already
  /// changes nothing.
  /// - Parameter text: the schema in its canonical form, as the city has signed it.
  ///
  /// Throws `Failure(.configuration)` when this program cannot follow it: then nothing is changed, and a newer program goes on
  /// from here.
  public func upgrade(to text: String) throws {
    let new = try followable(text)
    try write { db in
      let meta = try ReplicaMeta.read(db)
      if meta.schemaText == text { return }
      let old = schema
      do { _ = try new.additions(since: old) } catch let failure as Failure {
        // A stick, or an answer that was held up: nothing is wrong with the city.
        if (try? old.additions(since: new)) != nil { throw Self.outdated(new, old) }
        throw Failure(
          .protocolViolation, zh: "市里的模式不是本机模式的后续版本(\(failure.message.zh));未作任何更改,请与市里联系",
          en: "the city's schema does not follow from this replica's (\(failure.message.en)); "
            + "nothing was changed, ask the city")
      }
      try old.assertUnaltered(db, weakKeys: false)
      try new.upgradeTables(db, from: old, weakKeys: false)
      #if MUTANTS
        if Mutant.upgradeForgetsPending.isActive {
          for record in old.records { try db.execute(sql: "DELETE FROM \(record.baseTable)") }
        }
      #endif
      for record in new.records {
        guard let before = old.record(record.name) else {
          try db.execute(sql: record.upstreamTableSQL)
          continue
        }
        if record.fields.count > before.fields.count {
          try rebuildTable(db, "sync_upstream_\(record.name)", as: record.upstreamTableSQL)
        }
      }
      try SchemaTable.add(
        db, StoredSchema(version: new.version, hash: sha256(Array(text.utf8)), text: text),
        after: StoredSchema(version: old.version, hash: meta.schemaHash, text: meta.schemaText))
      try openSchema.upgraded(to: new, db)
    }
  }

  private static func outdated(_ new: Schema, _ old: Schema) -> Failure {
    Failure(
      .protocolViolation,
      zh: "收到的内容按模式第 \(new.version) 版写成,本机已是第 \(old.version) 版:它已过时;"
        + "未作任何更改,请重新同步,或重新写一个交换包交给市里",
      en: "what came is written by version \(new.version) of the schema, and this replica is at \(old.version): it is "
        + "outdated; nothing was changed, sync again, or write a new bundle for the city")
  }

  private func followable(_ text: String) throws -> Schema {
    do { return try openSchema.read(text) } catch let failure as Failure {
      struct Head: Decodable { var version: Int }
      let version = (try? JSONDecoder().decode(Head.self, from: Data(text.utf8))).map { "\($0.version)" } ?? "?"
      throw Failure(
        .configuration,
        zh: "市里的模式已是第 \(version) 版(本机第 \(schema.version) 版),本程序跟不上:\(failure.message.zh)。"
          + "本机数据均未丢失、仍可离线使用;请安装更新的程序后再同步",
        en: "the city is at version \(version) of the schema (this replica at \(schema.version)), "
          + "and this program cannot follow: \(failure.message.en). Nothing is lost and work goes on offline; "
          + "install a newer program and sync again")
    }
  }
}
