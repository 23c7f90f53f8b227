import SQLiteStore
import SyncCore
import SyncProtocol

// The city's side of a deep verification: which ranges of a replica's rows are not as here, and how single rows stand here.
// Only rows that the replica's unit sees are counted, hashed or sent (I4).

extension Master {
  /// A range with no more rows than this is listed instead of parted.
  static let fewRows = 8

  /// Answers a `probe` message. Throws `Refusal` for what a replica must be told.
  public func answer(_ bytes: [UInt8]) throws -> [UInt8] {
    let messages = try refusing { try SealedEnvelope.split(bytes) }
    guard let message = messages.first, messages.count == 1, message.header.kind == .probe else {
      throw Refusal.notAMessage
    }
    let replica = try greet(message)
    let probe = try refusing { try Probe(message.unverifiedBody(), schema: schema) }
    var writer = AnswerWriter(schema)
    for item in try ranges(probe.ranges, unit: replica.org) { writer.append(item) }
    let meta = try store.transaction { transaction in
      // What a tool wrote has no place yet, and would look like a difference.
      try absorb(transaction)
      try tell(probe.rows, to: replica, after: message.header.cursor, in: &writer, transaction)
      return try transaction.meta()
    }
    let header = Header(
      kind: .answer, replica: replica.id, epoch: meta.epoch, number: message.header.number,
      cursor: message.header.cursor, stamp: Stamp(milliseconds: clock()), schema: meta.schemaHash)
    return try Envelope(header, body: writer.bytes, key: key).bytes
  }

  /// The ranges that differ. What changes while it counts makes a row suspect and no more: each is looked at by itself later.
  private func ranges(_ probed: [ProbedRange], unit: String) throws -> [AnswerItem] {
    if probed.isEmpty { return [] }
    let records = Set(probed.map(\.range.record))
    return try store.reading { transaction in
      var tallies: [String: RangeTally] = [:]
      for record in schema.records where records.contains(record.name) {
        let asked = probed.map(\.range).filter { $0.record == record.name }
        var tally = RangeTally(
          record.name,
          Dictionary(uniqueKeysWithValues: asked.map { ($0, $0.children.isEmpty ? .max : Self.fewRows) }))
        let key = record.keyIndices
        try transaction.eachRow(of: record, unit: unit) { tally.add(HashedRow($0, keyIndices: key)) }
        tallies[record.name] = tally
      }
      return probed.compactMap { probed in
        guard let node = tallies[probed.range.record]?[probed.range], node.digest != probed.digest else { return nil }
        return node.answer(for: probed.range)
      }
    }
  }

  /// How rows stand, as the unit sees them, up to the size of a page: what is left out is asked for again.
  private func tell(
    _ refs: [RowRef], to reader: ReplicaRecord, after cursor: Int64, in writer: inout AnswerWriter,
    _ transaction: any MasterTransaction
  ) throws {
    if refs.isEmpty { return }
    // What stands as it has sent it comes in no page. Who has read nothing of this city knows nothing of it.
    let places = try transaction.places(of: refs, unit: reader.org, unknownTo: cursor > 0 ? reader.id : nil)
    // Before a restore it may have read what the backup holds.
    let known = try cursor > 0 ? cursor : transaction.placeRead(by: reader.id)
    let images = try transaction.images(of: refs)
    let orphans = try transaction.orphans(in: nil)
    for ref in refs {
      guard writer.bytes.count < pageLimit.bytes, let record = schema.record(ref.record) else { return }
      var image = images[ref]
      if let row = image, !orphans.contains(ref), let seer = try transaction.unit(of: record, row),
        seer == "" || seer == reader.org
      {
        image = row
      } else {
        image = nil
      }
      writer.append(.row(ref, image, isNewer: (places[ref] ?? 0) > known))
    }
  }
}

extension SQLiteMaster {
  /// A consistent view on a connection of its own: other requests go on meanwhile.
  func reading<T>(_ body: (any MasterTransaction) throws -> T) throws -> T {
    try Connection.translating(path) {
      try Connection.open(path, create: false).reading { db in
        let result = try body(SQLiteMasterTransaction(db: db, schema: schema))
        // What another request has committed may not be on the disk yet, and leaves with this.
        try db.flushLog()
        return result
      }
    }
  }
}

extension SQLiteMasterTransaction {
  func eachRow(of record: RecordSchema, unit: String, _ body: ([Value]) throws -> Void) throws {
    let columns = record.columns.joined(separator: ", ")
    let arguments: [Value] = record.scope == .all ? [] : [.text(unit)]
    let orphans = try Set(orphans(in: record).map(\.key))
    try db.each("SELECT \(columns) FROM \(record.table) WHERE \(sees(record))", arguments) { row in
      let image = row.cells(0..<record.fields.count)
      if !orphans.isEmpty, orphans.contains(record.rowKey(of: image)) { return }
      try body(image)
    }
  }

  /// The condition that the unit ?1 sees a row.
  private func sees(_ record: RecordSchema) -> String {
    switch record.scope {
    case .all: return "true"
    case .field(let name): return "\(quoted(name)) = ?1"
    case .via(let name):
      guard let reference = record.field(name)?.reference, let parent = schema.record(reference.record) else {
        return "false"
      }
      return "\(quoted(name)) IN (SELECT \(quoted(reference.field)) FROM \(parent.table) WHERE \(sees(parent)))"
    }
  }
}
