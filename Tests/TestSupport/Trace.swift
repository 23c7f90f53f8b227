import Foundation
import GRDB
import SQLiteStore

/// What the connection of a store runs from now on.
public final class Trace: @unchecked Sendable {
  private let lock = NSLock()
  private var list: [String] = []

  public init(of store: some RecordStore) throws {
    try store.read { db in
      db.trace { event in
        guard case .statement(let statement) = event else { return }
        self.lock.withLock { self.list.append(statement.sql) }
      }
    }
  }

  /// The statements with these words, as often as each was run.
  public func statements(with words: String) -> [String] { lock.withLock { list.filter { $0.contains(words) } } }
}

extension RecordStore {
  /// How SQLite carries out a statement ("EXPLAIN QUERY PLAN"), step by step.
  public func plan(_ sql: String) throws -> [String] {
    var steps: [String] = []
    try read { db in try db.each("EXPLAIN QUERY PLAN \(sql)") { steps.append($0[3]) } }
    return steps
  }
}
