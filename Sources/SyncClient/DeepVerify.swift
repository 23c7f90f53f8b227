import Replica
import SyncCore
import SyncProtocol

extension SyncClient {
  /// Compares every row with the city's, at the place that this replica has read up to, in traffic that grows with the rows
  /// that differ. Nothing is sent or pulled first: a pull would overwrite what is looked for.
  ///
  /// Throws `Failure` when tables or triggers are not as they should be (`Replica.repair` makes them so), or the city cannot
  /// be reached.
  public func deepVerify() async throws -> Comparison {
    try replica.refuseAlteredObjects()
    return try await translating { try await transport.keepingOpen { try await compareAnyhow() } }
  }

  private func compareAnyhow() async throws -> Comparison {
    try await enrol()
    do { return try await compare() } catch is SchemaMoved {
      try await followSchema()
      return try await compare()
    } catch let refusal as Refusal where refusal.code == .epoch {
      return try await compareAcrossRestore(refusal)
    }
  }

  private func compare(in epoch: Identifier? = nil) async throws -> Comparison {
    var found = RangeComparison(try widest())
    while true {
      let asked = found.next()
      if asked.isEmpty { break }
      let answer = try await ask(Probe(ranges: asked), in: epoch).items
      let tallies = try replica.tally(try RangeComparison.wanted(answer, asked: asked))
      found.take(answer) { tallies[$0.record]?[$0] }
    }
    return try await examine(found.rows, in: epoch)
  }

  /// A file that is to be compared before it syncs may have an enrolment that no sync has brought to the city yet.
  private func enrol() async throws {
    let enrolment = try replica.enrolment()
    if enrolment.isEmpty { return }
    // A city that was restored refuses the hello, and has taken what goes ahead of it.
    do { _ = try await greet(after: enrolment) } catch let refusal as Refusal where refusal.code == .epoch {}
  }

  /// The city is at a later version of the schema: the tables of this file follow first, and nothing else.
  private func followSchema(in epoch: Identifier? = nil) async throws {
    if case .upgrade(let text) = try await greet(in: epoch) { try replica.upgrade(to: text) }
  }

  /// Says hello without pulling anything.
  private func greet(after enrolment: [UInt8] = [], in epoch: Identifier? = nil) async throws -> SyncSession.Action {
    let meta = try replica.meta()
    var session = SyncSession(
      city: try VerifyingKey(bytes: meta.cityKey), replica: meta.replica, epoch: epoch ?? meta.epoch,
      schema: meta.schemaHash, cursor: meta.cursor)
    let hello = try replica.hello(stale: true, epoch: epoch)
    return try session.receive(try await transport.exchange(enrolment + hello.bytes))
  }

  /// The city was restored. A file that may hold edits which nobody has seen cannot take its snapshot yet: it gives back, and is
  /// compared with what the city has now, of which none was read here.
  private func compareAcrossRestore(_ refusal: Refusal) async throws -> Comparison {
    guard try replica.isUnverified() else { throw refusal == .epoch ? Self.restored : refusal.failure }
    let restart = try await giveBack()
    do { return try await compare(in: restart.epoch) } catch is SchemaMoved {
      try await followSchema(in: restart.epoch)
      return try await compare(in: restart.epoch)
    }
  }

  /// The digest of every record here.
  private func widest() throws -> [ProbedRange] {
    let ranges = replica.schema.records.map { RowRange($0.name) }
    let tallies = try replica.tally(Dictionary(uniqueKeysWithValues: ranges.map { ($0, 0) }))
    return ranges.map { ProbedRange($0, tallies[$0.record]?[$0]?.digest ?? RangeDigest()) }
  }

  /// Looks at single rows: the city says how each stands, and whether it changed since.
  private func examine(_ rows: Set<RowRef>, in epoch: Identifier?) async throws -> Comparison {
    let order = Dictionary(uniqueKeysWithValues: zip(replica.schema.records.map(\.name), 0...))
    func precedes(_ a: RowRef, _ b: RowRef) -> Bool {
      a.record == b.record ? a.key < b.key : (order[a.record] ?? 0) < (order[b.record] ?? 0)
    }
    let cursor = try replica.meta().cursor
    // A key that no city can have is not asked for.
    let strange = rows.filter { !$0.key.isSendable }
    var left = rows.subtracting(strange).sorted(by: precedes)
    var comparison = Comparison(
      cursor: cursor,
      differences: try replica.differences(strange.map { .row($0, nil, isNewer: false) }, at: cursor))
    while !left.isEmpty {
      let asked = Array(left.prefix(Probe.mostRows))
      let (items, answered) = try await ask(Probe(rows: asked), in: epoch)
      let told = items.compactMap { if case .row(let ref, _, _) = $0 { ref } else { nil as RowRef? } }
      // A prefix: the city ends an answer that grows too long.
      guard !told.isEmpty, told.count == items.count, told == Array(asked.prefix(told.count)) else {
        throw BodyError.badShape("sync_row")
      }
      guard answered == cursor || epoch != nil else { throw Self.moved }
      comparison.differences += try replica.differences(items, at: cursor)
      left.removeFirst(told.count)
    }
    comparison.differences.sort { precedes($0.ref, $1.ref) }
    if comparison.differences.isEmpty { try replica.noteVerified(at: cursor) }
    return comparison
  }

  /// - Returns: what the city says, and the cursor for which it says it.
  private func ask(_ probe: Probe, in epoch: Identifier?) async throws -> (items: [AnswerItem], cursor: Int64) {
    let question = try replica.probe(probe, in: epoch)
    let reply = try await transport.probe(question.bytes)
    let answer = try Envelope(reply[...]) { _ in try VerifyingKey(bytes: replica.identity.cityKey) }
    var expected = question.header
    expected.kind = .answer
    expected.stamp = answer.header.stamp
    if answer.header.kind == .answer, answer.header.schema != expected.schema { throw SchemaMoved() }
    guard answer.header == expected else { throw EnvelopeError.notAMessage }
    return (try AnswerBody.decode(answer.body, schema: replica.schema), answer.header.cursor)
  }

  /// The city writes by another version of the schema.
  private struct SchemaMoved: Error {}

  private static let restored = Failure(
    .busy, zh: "市主库曾从备份恢复;请先运行 county sync,再运行 county verify --deep",
    en: "the city was restored from a backup; run county sync first, then county verify --deep")

  private static let moved = Failure(
    .busy, zh: "比对期间本机已同步;请重新运行 county verify --deep",
    en: "this replica was synced while it was compared; run county verify --deep again")
}

extension RowKey {
  /// Whether a message may name the row.
  fileprivate var isSendable: Bool {
    let bytes = encoded
    return bytes.count <= RowKey.mostBytes && (try? RowKey(encoded: bytes)) == self
  }
}
