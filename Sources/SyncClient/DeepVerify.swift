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
    return try await translating {
      var found = RangeComparison(try widest())
      while true {
        let asked = found.next()
        if asked.isEmpty { break }
        let answer = try await ask(Probe(ranges: asked)).items
        let tallies = try replica.tally(try RangeComparison.wanted(answer, asked: asked))
        found.take(answer) { tallies[$0.record]?[$0] }
      }
      return try await examine(found.rows)
    }
  }

  /// The digest of every record here.
  private func widest() throws -> [ProbedRange] {
    let ranges = replica.schema.records.map { RowRange($0.name) }
    let tallies = try replica.tally(Dictionary(uniqueKeysWithValues: ranges.map { ($0, 0) }))
    return ranges.map { ProbedRange($0, tallies[$0.record]?[$0]?.digest ?? RangeDigest()) }
  }

  /// Looks at single rows: the city says how each stands, and whether it changed since.
  private func examine(_ rows: Set<RowRef>) async throws -> Comparison {
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
      let (items, answered) = try await ask(Probe(rows: asked))
      let told = items.compactMap { if case .row(let ref, _, _) = $0 { ref } else { nil as RowRef? } }
      // A prefix: the city ends an answer that grows too long.
      guard !told.isEmpty, told.count == items.count, told == Array(asked.prefix(told.count)) else {
        throw BodyError.badShape("sync_row")
      }
      guard answered == cursor else { throw Self.moved }
      comparison.differences += try replica.differences(items, at: cursor)
      left.removeFirst(told.count)
    }
    comparison.differences.sort { precedes($0.ref, $1.ref) }
    if comparison.differences.isEmpty { try replica.noteVerified(at: cursor) }
    return comparison
  }

  /// - Returns: what the city says, and the cursor for which it says it.
  private func ask(_ probe: Probe) async throws -> (items: [AnswerItem], cursor: Int64) {
    let question = try replica.probe(probe)
    let reply = try await transport.probe(question.bytes)
    let answer = try Envelope(reply[...]) { _ in try VerifyingKey(bytes: replica.identity.cityKey) }
    var expected = question.header
    expected.kind = .answer
    expected.stamp = answer.header.stamp
    guard answer.header == expected else { throw EnvelopeError.notAMessage }
    return (try AnswerBody.decode(answer.body, schema: replica.schema), answer.header.cursor)
  }

  private static let moved = Failure(
    .busy, zh: "比对期间本机已同步;请重新运行 county verify --deep",
    en: "this replica was synced while it was compared; run county verify --deep again")
}

extension RowKey {
  /// Whether a message may name the row.
  fileprivate var isSendable: Bool {
    let bytes = encoded
    return bytes.count <= Probe.mostKey && (try? RowKey(encoded: bytes)) == self
  }
}
