import Foundation
import GRDB
import Master
import Replica
import SQLiteStore
import SchemaFile
import SyncClient
import SyncCore
import SyncProtocol

/// A city and its counties on this machine: real files, real messages, a clock that the test moves.
public final class World {
  public let folder: URL
  public let clock: TestClock
  public private(set) var master: Master
  public internal(set) var replicas: [Replica] = []
  /// The keys of the replicas, by the path of their file.
  public internal(set) var keys: [String: SigningKey] = [:]

  /// - Parameter seed: the city's first rows, by record.
  public init(schema yaml: String, seed: [(record: String, rows: [[Value]])] = []) throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("tributary-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let clock = TestClock()
    self.clock = clock
    let schema = try SchemaFile.read(yaml)
    master = try Master.create(
      path: folder.appendingPathComponent("master.sqlite").path, key: SigningKey(), schema: schema,
      schemaText: try SchemaFile.canonicalJSON(schema), seed: seed, actor: "official", clock: { clock.now },
      readSchema: readSchema)
  }

  /// A machine is gone: it syncs no more.
  public func forget(_ replica: Replica) { replicas.removeAll { $0 === replica } }

  /// The city goes on with another file.
  public func replaceMaster(_ other: Master) { master = other }

  deinit { try? FileManager.default.removeItem(at: folder) }

  /// Enrols one more machine of a unit and syncs it once.
  /// - Parameters:
  ///   - own: a clock of its own, that runs as the test moves it.
  ///   - read: the reader of its program.
  @discardableResult
  public func join(
    _ org: String, actor: String = "clerk", clock own: TestClock? = nil, reading read: @escaping ReadSchema = readSchema
  ) async throws -> Replica {
    let replica = try await enrol(org, actor: actor, clock: own, reading: read)
    try await sync(replica)
    return replica
  }

  /// Enrols one more machine of a unit, which has nothing of its city yet.
  public func enrol(
    _ org: String, actor: String = "clerk", as key: SigningKey = SigningKey(), clock own: TestClock? = nil,
    reading read: @escaping ReadSchema = readSchema
  ) async throws -> Replica {
    let code = try master.enrol(org: org).code
    let clock = own ?? clock
    let meta = try await Join.enrol(
      server: "loopback", code: code, key: key, transport: Loopback(master: master), clock: { clock.now })
    let replica = try Replica.create(
      path: folder.appendingPathComponent("replica\(keys.count).sqlite").path, key: key, meta: meta,
      schema: read(meta.schemaText), actor: actor, clock: { clock.now }, readSchema: read)
    add(replica, key: key)
    return replica
  }

  /// One more machine of this world.
  public func add(_ replica: Replica, key: SigningKey) {
    replicas.append(replica)
    keys[replica.path] = key
  }

  @discardableResult
  public func sync(_ replica: Replica) async throws -> SyncSummary {
    clock.now += 1000
    return try await SyncClient(replica, transport: Loopback(master: master)).sync()
  }

  /// Fetches what is new without sending what is pending, as an exchange does for edits made while it runs.
  @discardableResult
  public func pull(_ replica: Replica) async throws -> ReceiveSummary {
    clock.now += 1000
    let meta = try replica.meta()
    let city = try VerifyingKey(bytes: meta.cityKey)
    var session = SyncSession(
      city: city, replica: meta.replica, epoch: meta.epoch, schema: meta.schemaHash, cursor: meta.cursor)
    var request = try replica.hello().bytes
    while true {
      switch try session.receive(try master.exchange(request)) {
      case .continueFrom(let cursor): request = try replica.hello(tentative: cursor).bytes
      case .upgrade(let text):
        try replica.upgrade(to: text)
        session.upgraded(to: try replica.meta().schemaHash)
        request = try replica.hello().bytes
      case .finish(let receipts, let pages): return try replica.receive(receipts: receipts, pages: pages)
      case .snapshot(let receipts): return try takeSnapshot(replica, receipts)
      }
    }
  }

  /// Runs SQL as any foreign tool would, on a connection of its own with SQLite's defaults.
  public func shell(_ path: String, _ sql: String) throws {
    var configuration = Configuration()
    configuration.foreignKeysEnabled = false
    configuration.busyMode = .timeout(5)
    try DatabaseQueue(path: path, configuration: configuration).writeWithoutTransaction { try $0.execute(sql: sql) }
  }

  /// Runs SQL while the trigger is away that checks updates of a record: so a tool that rebuilds a table leaves values.
  public func unchecked(_ path: String, _ record: String, _ sql: String) throws {
    let name = "sync_check_update_\(record)"
    let trigger = try DatabaseQueue(path: path).read { db in
      try String.fetchOne(db, sql: "SELECT sql FROM sqlite_master WHERE name = ?", arguments: [name])
    }
    try shell(path, "DROP TRIGGER \(name); \(sql); \(trigger ?? "")")
  }

  public func shell(_ replica: Replica, _ sql: String) throws { try shell(replica.path, sql) }
  public func shell(_ sql: String) throws { try shell(master.path, sql) }

  /// What differs between a replica and the master in the replica's scope, as text; empty when they are equal (I2).
  public func differences(_ replica: Replica) throws -> [String] {
    try master.absorbNow()
    var found: [String] = []
    for record in master.schema.records {
      let theirs = try Dictionary(uniqueKeysWithValues: replica.rows(record).map { (record.rowKey(of: $0), $0) })
      let ours = try master.rows(record).filter { try isInScope(record, $0, replica.identity.org) }
      let wanted = Dictionary(uniqueKeysWithValues: ours.map { (record.rowKey(of: $0), $0) })
      for key in Set(theirs.keys).union(wanted.keys).sorted() where theirs[key] != wanted[key] {
        found.append("\(record.name) \(key.values): replica \(theirs[key] ?? []) master \(wanted[key] ?? [])")
      }
    }
    return found
  }

  private func isInScope(_ record: RecordSchema, _ row: [Value], _ org: String) throws -> Bool {
    switch record.scope {
    case .all: return true
    case .field(let name): return record.index(of: name).map { row[$0] == .text(org) } ?? false
    case .via(let name):
      guard let index = record.index(of: name), let reference = record.fields[index].reference,
        let parent = master.schema.record(reference.record),
        let image = try master.row(parent, key: RowKey([row[index]]))
      else { return false }
      return try isInScope(parent, image, org)
    }
  }
}

/// Reads a schema as files hold it.
public let readSchema: ReadSchema = { try SchemaFile.parse(canonicalJSON: $0) }

/// A clock that stands still until a test moves it. Milliseconds since 1970.
public final class TestClock: @unchecked Sendable {
  private let lock = NSLock()
  private var milliseconds: Int64 = 1_800_000_000_000

  public init() {}

  public var now: Int64 {
    get { lock.withLock { milliseconds } }
    set { lock.withLock { milliseconds = newValue } }
  }
}

/// Messages that reach the city without a network.
public protocol LoopbackTransport: Transport {
  var master: Master { get }
}

/// Nothing happens to them on the way.
public struct Loopback: LoopbackTransport {
  public let master: Master

  public init(master: Master) { self.master = master }
}

extension LoopbackTransport {
  public func welcome(_ message: [UInt8]) async throws -> [UInt8] { try master.welcome(message) }
  public func exchange(_ message: [UInt8]) async throws -> [UInt8] { try master.exchange(message) }
  public func snapshot(_ hello: [UInt8]) async throws -> [UInt8] { try master.snapshot(hello) }

  public func download(_ manifest: SnapshotManifest, to file: String) async throws {
    guard let source = master.snapshotFile(manifest.id) else { throw SnapshotGone() }
    try? FileManager.default.removeItem(atPath: file)
    try FileManager.default.copyItem(atPath: source, toPath: file)
  }
  public func probe(_ message: [UInt8]) async throws -> [UInt8] { try master.answer(message) }
}

/// Something else happens before each exchange reaches the city.
public final class Preceded: LoopbackTransport, @unchecked Sendable {
  public let master: Master
  private let before: (Int) async throws -> Void
  private var count = 0

  /// - Parameter before: is told which exchange it is; the first one is 1.
  public init(_ master: Master, before: @escaping (Int) async throws -> Void) {
    (self.master, self.before) = (master, before)
  }

  public func exchange(_ message: [UInt8]) async throws -> [UInt8] {
    count += 1
    try await before(count)
    return try master.exchange(message)
  }
}

/// Something else happens once the city has answered the first request of a pull, before its replica asks for more.
public final class Overtaken: LoopbackTransport, @unchecked Sendable {
  public let master: Master
  private let after: (Int) async throws -> Void
  private var count = 0

  /// - Parameter after: is told which pull it is; the first one is 1.
  public init(_ master: Master, after: @escaping (Int) async throws -> Void) {
    (self.master, self.after) = (master, after)
  }

  public func exchange(_ message: [UInt8]) async throws -> [UInt8] {
    let reply = try master.exchange(message)
    if try SealedEnvelope.split(message).contains(where: { $0.header.tentative }) { return reply }
    count += 1
    try await after(count)
    return reply
  }
}

/// A small application: offices, companies that belong to one, figures that belong to a company.
public let smallSchemaYAML = """
  schema: small
  version: 1
  title: Small
  units: office.code
  records:
    office:
      key: code
      owner: city
      fields:
        code: {type: text}
        name: {type: text}
    company:
      key: id
      scope: {field: office}
      edits: propose
      fields:
        id: {type: text}
        office: {type: text, required: true, references: office.code}
        code: {type: text, unique: true}
        name: {type: text}
        phone: {type: text, policy: latest}
        address: {type: text, policy: county}
        industry: {type: text, policy: city}
        first: {type: integer, policy: min}
        peak: {type: integer, policy: max}
        staff: {type: integer, min: 0}
        grade: {type: text, owner: city}
    figure:
      key: [company, year]
      scope: {via: company}
      fields:
        company: {type: text, references: company.id}
        year: {type: integer}
        sales: {type: integer}
        note: {type: text}
  """
