import Foundation
import GRDB
import SQLiteStore
import SyncCore
import SyncProtocol

/// The city's master: merges signed batches, decides conflicts, answers pulls.
public final class Master: RecordStore, @unchecked Sendable {
  public let formats: Formats
  public let clock: @Sendable () -> Int64
  public let key: SigningKey
  /// How much one page may hold.
  public var pageLimit = PageLimit()
  /// Makes the salts of restricted values.
  public var random: any RandomNumberGenerator & Sendable = SystemRandomNumberGenerator()
  let store: SQLiteMaster

  /// As the last transaction found it: `upgrade` may come from another process.
  public var schema: Schema { store.schema }
  public var side: Side { .city }
  public var unit: String? { nil }
  public var path: String { store.path }

  /// Creates a master with its first rows, which are the city's first batch.
  /// - Parameter readSchema: as for `open`; needed by whoever goes on using the master when another process upgrades it.
  public static func create(
    path: String, key: SigningKey, schema: Schema, schemaText: String, seed: [(record: String, rows: [[Value]])] = [],
    actor: String, formats: Formats = [:], clock: @escaping @Sendable () -> Int64 = systemClock,
    random: any RandomNumberGenerator & Sendable = SystemRandomNumberGenerator(), readSchema: ReadSchema? = nil
  ) throws -> Master {
    let fresh = try FreshDatabase(path)
    let store = SQLiteMaster(fresh.database, schema: OpenSchema(schema, reader: readSchema), path: path)
    var random = random
    try fresh.database.durably(path) { db in
      try MasterTables.create(db, schema: schema, actor: actor)
      let meta: [(String, Value)] = [("epoch", .blob(random.identifier().bytes)), ("schema", .text(schemaText))]
      for (name, value) in meta { try db.run("INSERT INTO sync_meta VALUES (?, ?)", [.text(name), value]) }
    }
    let master = Master(store, key: key, formats: formats, clock: clock)
    master.random = random
    try master.edit(as: actor) { db in
      try db.execute(sql: "PRAGMA defer_foreign_keys = ON")
      for (name, rows) in seed {
        let record = try master.record(name)
        for row in rows { try db.run(record.statements.insert, row) }
      }
    }
    return master.opened(try fresh.finish())
  }

  /// Opens a master. `readSchema` turns the stored canonical schema back into one.
  public static func open(
    path: String, key: SigningKey, formats: Formats = [:], clock: @escaping @Sendable () -> Int64 = systemClock,
    readSchema: @escaping ReadSchema
  ) throws -> Master {
    let database = try Connection.open(path, create: false)
    let (schema, isErasing, isKeyOwn) = try Connection.translating(path) {
      try database.reading { db in
        try Connection.require(
          db, MasterTables.applicationID, with: "sync_batch", path,
          otherwise: Label(zh: "\(path) 不是市级主库文件;请核对 --home", en: "\(path) is not the file of a master; check --home"))
        // It would give places and numbers once more, which others have already.
        if try db.tableExists("sync_backup") { throw Self.backupInPlace(path) }
        return (try OpenSchema(db, reader: readSchema), try OldPages.noted(db) != nil, try hasSigned(db, key))
      }
    }
    guard isKeyOwn else {
      throw Failure(
        .configuration, zh: "密钥文件不是 \(path) 的;请恢复属于它的密钥文件(每份备份中都有)",
        en: "the key file is not that of \(path); restore the key file that belongs to it (every backup holds it)")
    }
    try Connection.restoreLog(database, path)
    let master = Master(
      SQLiteMaster(database, schema: schema, path: path), key: key, formats: formats, clock: clock)
    if isErasing {
      master.emptyKeptFolders()
      database.checkpoint(path)
    }
    return master
  }

  private static func backupInPlace(_ path: String) -> Failure {
    Failure(
      .data, zh: "\(path) 是备份,不是主库;请运行 city restore \(path) --home 新目录",
      en: "\(path) is a backup, not a master: run city restore \(path) --home NEW")
  }

  /// Whether the key is the one that signed the log: what the city said last, or first, should the last be damaged.
  private static func hasSigned(_ db: Database, _ key: SigningKey) throws -> Bool {
    var isEmpty = true
    for end in ["max", "min"] {
      let said = "iif(receipt = x'', message, receipt)"
      let sql = "SELECT \(said) FROM sync_batch WHERE arrival = (SELECT \(end)(arrival) FROM sync_batch)"
      guard case .blob(let message)? = try db.first(sql)?.first else { continue }
      isEmpty = false
      if (try? Envelope(message[...]) { _ in key.publicKey }) != nil { return true }
    }
    return isEmpty
  }

  init(_ store: SQLiteMaster, key: SigningKey, formats: Formats, clock: @escaping @Sendable () -> Int64) {
    self.store = store
    self.key = key
    self.formats = formats
    self.clock = clock
  }

  /// The same master on another connection.
  private func opened(_ database: DatabaseQueue) -> Master {
    let store = SQLiteMaster(database, schema: store.openSchema, path: path)
    let master = Master(store, key: key, formats: formats, clock: clock)
    master.random = random
    return master
  }

  public func read<T>(_ body: (Database) throws -> T) throws -> T { try store.read(body) }

  public func edit<T>(as actor: String?, _ body: (Database) throws -> T) throws -> T {
    try writeAsSeen { transaction in
      if try transaction.isRecovering() { throw Self.recovering }
      let result = try acting(transaction.db, as: actor) { try body(transaction.db) }
      try absorb(transaction)
      return result
    }
  }

  /// Writes to rows that stand as whoever writes has seen them: throws `changedMore` when what a tool entered, which is taken in
  /// now, has changed more than it says.
  func writeAsSeen<T>(_ body: (SQLiteMasterTransaction) throws -> T) throws -> T {
    let done = try store.write { db -> Result<T, Failure> in
      let transaction = SQLiteMasterTransaction(db: db, schema: schema)
      let hasChangedMore = try absorb(transaction)
      #if MUTANTS
        if Mutant.writesUnseen.isActive { return .success(try body(transaction)) }
      #endif
      if hasChangedMore { return .failure(Self.changedMore) }
      return .success(try body(transaction))
    }
    return try done.get()
  }

  package static let changedMore = Failure(
    .busy, zh: "另一程序刚录入的内容使其他行随之改变(并入其他行,或放行了搁置的修改);本次操作未执行,请查看后再做",
    en: "what another program has just entered has changed other rows, too (it joined them, or let parked changes in); "
      + "nothing was done: look at them, and do it again")
}
