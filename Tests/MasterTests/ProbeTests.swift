import Foundation
import Master
import Replica
import SQLiteStore
import SyncClient
import SyncCore
import SyncProtocol
import TestSupport
import Testing

// What a probe costs, whom it tells what, and what is refused.

/// A company's text appears in what the city answered only when it is the asker's.
@Test func noHashOfAnothersRowIsTold() async throws {
  let (world, one, _) = try await World.compared()
  let record = try world.master.record("company")
  try world.behind(one, "DELETE FROM company; DELETE FROM figure; DELETE FROM office")
  try world.behind(one, "INSERT INTO company (id, office, name) VALUES ('d1', 'B', 'guess')")
  let way = Interrupted(world.master)
  let comparison = try await world.deepVerify(one, through: way)
  #expect(
    comparison.differences.filter { $0.ref.record == "company" }.map(\.ref.key.description) == ["c1", "c2", "c3", "d1"])
  #expect(comparison.differences.last { $0.ref.record == "company" }?.city == nil)
  let told = Data(way.answers.flatMap { $0 })
  func tells(_ bytes: [UInt8]) -> Bool { told.range(of: Data(bytes)) != nil }
  let mine = try #require(try world.master.row(record, key: RowKey([.text("c1")])))
  let theirs = try #require(try world.master.row(record, key: RowKey([.text("d1")])))
  #expect(tells(sha256(RowKey(mine).encoded)) && tells(Array("甲".utf8)))
  #expect(!tells(sha256(RowKey(theirs).encoded)) && !tells(Array("丁".utf8)))
  // Asked for outright, or with what it holds known: there is no such row.
  let asked = Probe(
    ranges: [ProbedRange(RowRange("company"), RangeDigest())], rows: [RowRef("company", RowKey([.text("d1")]))])
  let answer = try Envelope(try world.master.answer(try one.probe(asked).bytes)[...]) { _ in world.master.key.publicKey
  }
  let items = try AnswerBody.decode(answer.body, schema: world.master.schema)
  guard case .leaf(_, let rows)? = items.first else { throw Failure(.defect, zh: "", en: "no leaf") }
  #expect(rows.map(\.key.description).sorted() == ["c1", "c2", "c3"])
  #expect(items.last == .row(RowRef("company", RowKey([.text("d1")])), nil, isNewer: false))
}

@Test func aRowThatLeftItsUnitIsNoMoreTold() async throws {
  let (world, one, _) = try await World.compared()
  try world.shell("UPDATE company SET office = 'B' WHERE id = 'c1'")
  // It changed after the cursor: nothing is said of it but that.
  #expect(try await world.found(one) == [])
  try await world.sync(one)
  let way = Interrupted(world.master)
  try world.behind(one, "DELETE FROM company WHERE id = 'c2'; DELETE FROM figure WHERE company = 'c2'")
  #expect(try await world.deepVerify(one, through: way).lines(one.schema) == ["- company c2", "- figure c2,2025"])
  #expect(Data(way.answers.flatMap { $0 }).range(of: Data("甲".utf8)) == nil)
}

@Test func whatAToolWroteIntoTheMasterIsNews() async throws {
  let (world, one, _) = try await World.compared()
  try world.shell("UPDATE company SET grade = 'AA'; DELETE FROM figure")
  #expect(try await world.found(one) == [])
  try await world.settle()
}

private func refusal(_ body: () throws -> Void) -> Refusal.Code? {
  do { try body() } catch { return (error as? Refusal)?.code }
  return nil
}

@Test func aProbeIsASignedRequestLikeAnother() async throws {
  let (world, one, two) = try await World.compared()
  let master = world.master
  let probe = try one.probe(Probe())
  #expect(refusal { _ = try master.answer(probe.bytes) } == nil)
  #expect(refusal { _ = try master.answer(probe.bytes) } == .replayed)
  #expect(refusal { _ = try master.answer(one.hello().bytes) } == .tampered)
  #expect(refusal { _ = try master.answer([]) } == .tampered)
  #expect(refusal { _ = try master.answer(one.probe(Probe()).bytes + two.probe(Probe()).bytes) } == .tampered)
  #expect(refusal { _ = try master.exchange(one.probe(Probe()).bytes) } == .tampered)
  var flipped = try one.probe(Probe()).bytes
  flipped[60] ^= 1
  #expect(refusal { _ = try master.answer(flipped) } == .tampered)
  var header = try one.probe(Probe()).header
  func signed(_ change: (inout Header) -> Void, by key: SigningKey) throws -> [UInt8] {
    header.number += 1
    var other = header
    change(&other)
    return try Envelope(other, body: [], key: key).bytes
  }
  let key = try #require(world.keys[one.path])
  #expect(refusal { _ = try master.answer(signed({ $0.replica = .city }, by: key)) } == .unknownReplica)
  #expect(refusal { _ = try master.answer(signed({ _ in }, by: SigningKey())) } == .tampered)
  #expect(refusal { _ = try master.answer(signed({ $0.epoch = .city }, by: key)) } == .epoch)
  #expect(refusal { _ = try master.answer(signed({ $0.cursor = 1 << 40 }, by: key)) } == .epoch)
  #expect(refusal { _ = try master.answer(signed({ $0.schema[0] ^= 1 }, by: key)) } == .schema)
  #expect(refusal { _ = try master.answer(signed({ _ in }, by: key)) } == nil)
  try master.withdraw(one.identity.replica)
  #expect(refusal { _ = try master.answer(one.probe(Probe()).bytes) } == .withdrawn)
}

@Test func aHostileProbeIsRefused() async throws {
  let (world, one, _) = try await World.compared()
  let everywhere = RowRange("company").children.flatMap(\.children).flatMap(\.children)
  let hostile = [
    Probe(ranges: everywhere.map { ProbedRange($0, RangeDigest()) }),
    Probe(rows: (0...Probe.mostRows).map { RowRef("company", RowKey([.text("\($0)")])) }),
    Probe(ranges: [ProbedRange(RowRange("sync_batch"), RangeDigest())]),
    Probe(rows: [RowRef("sync_enrolment", RowKey([.text("x")]))]),
    Probe(rows: [RowRef("company", RowKey([.text("a"), .text("b")]))]),
  ]
  for probe in hostile { #expect(refusal { _ = try world.master.answer(one.probe(probe).bytes) } == .tampered) }
  #expect(throws: EnvelopeError.tooLarge) {
    try one.probe(
      Probe(rows: (0..<5000).map { RowRef("company", RowKey([.text(String(repeating: "\($0)", count: 300))])) }))
  }
  // What can be asked at most is answered.
  let most = Probe(ranges: everywhere.prefix(Probe.mostRanges).map { ProbedRange($0, RangeDigest()) })
  #expect(refusal { _ = try world.master.answer(one.probe(most).bytes) } == nil)
}

@Test func anAnswerToAnotherQuestionIsRefused() async throws {
  let (world, one, two) = try await World.compared()
  try world.behind(one, "UPDATE company SET name = 'x' WHERE id = 'c1'")
  let master = world.master
  let old = try master.answer(one.probe(Probe()).bytes)
  let foreign = try master.answer(two.probe(Probe()).bytes)
  let changed: [@Sendable ([UInt8]) throws -> [UInt8]] = [
    { _ in old }, { _ in foreign }, { _ in [] }, { Array($0.dropLast()) },
    { question in
      var bytes = try master.answer(question)
      bytes[bytes.count - 1] ^= 1
      return bytes
    },
  ]
  for change in changed {
    await #expect { try await world.deepVerify(one, through: Forged(master: world.master, change: change)) } throws: {
      ($0 as? Failure)?.kind == .protocolViolation
    }
  }
  #expect(try await world.found(one) == ["~ company c1 name"])
}

private struct Forged: LoopbackTransport {
  let master: Master
  var change: @Sendable ([UInt8]) throws -> [UInt8]
  func probe(_ message: [UInt8]) async throws -> [UInt8] { try change(message) }
}

/// An answer with rows ends after a page's worth; what it leaves out is asked for again.
@Test func manyRowsAreAskedForInPieces() async throws {
  let (world, one, _) = try await World.compared()
  world.master.pageLimit = PageLimit(bytes: 50)
  try world.behind(one, "UPDATE company SET name = 'x'; DELETE FROM figure")
  let way = Interrupted(world.master)
  #expect(try await world.deepVerify(one, through: way).differences.count == 6)
  #expect(way.trips > 3)
}

/// The bytes that a comparison costs, with so many rows on both sides and so many that differ.
private func cost(rows: Int, differing: [Int]) async throws -> [(bytes: Int, trips: Int)] {
  let world = try World.small()
  let one = try await world.join("A")
  let sql = """
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < \(rows))
    INSERT INTO company (id, office, code, name, phone, address, staff)
      SELECT 'c' || i, 'A', i, '连云港市第' || i || '公司', 13900000000 + i, '某路' || i || '号', i FROM n;
    """
  try world.behind(world.master.path, sql)
  try world.behind(one, sql)
  var costs: [(Int, Int)] = []
  for count in differing {
    // Spread over all of them.
    try world.behind(
      one, "UPDATE company SET staff = staff + 1 WHERE staff % \(rows / max(count, 1)) = 0 AND \(count) > 0")
    let way = Interrupted(world.master)
    let comparison = try await world.deepVerify(one, through: way)
    #expect(comparison.differences.count == count)
    try one.setBack(comparison)
    costs.append((way.bytes, way.trips))
  }
  return costs
}

/// 1,000 and 20,000 rows with 0, 1, 10 and 100 that differ.
@Test func trafficGrowsWithTheDifferencesAndNotWithTheRows() async throws {
  let differing = [0, 1, 10, 100]
  let few = try await cost(rows: 1000, differing: differing)
  let many = try await cost(rows: 20_000, differing: differing)
  print("deep verify, bytes and round trips for \(differing) of 1,000: \(few), of 20,000: \(many)")
  for costs in [few, many] {
    #expect(costs[0].bytes < 1000 && costs[0].trips == 1)
    #expect(costs[1].bytes < 10_000 && costs[2].bytes < 50_000 && costs[3].bytes < 300_000)
    #expect(costs.allSatisfy { $0.trips <= 7 })
  }
  for (small, large) in zip(few, many) { #expect(large.bytes < 5 * small.bytes) }
}

/// Seeded: whatever is edited by the triggers, at the city and behind them, exactly the last is found, and mended either way.
@Test(arguments: 0..<12) func whateverWasWrittenBehindIsFound(_ seed: Int) async throws {
  var random = Seeded(state: UInt64(seed) &* 0x9e37_79b9_7f4a_7c15 &+ 1)
  let (world, one, two) = try await World.compared()
  let setup = (0..<40).map { "INSERT INTO company (id, office, staff, peak) VALUES ('r\($0)', 'A', 1, 1)" }
  try world.shell(one, setup.joined(separator: ";"))
  for replica in [one, two] { try await world.sync(replica) }
  var captured: [String] = []
  var behind: [String] = []
  var expected: Set<String> = []
  for n in 0..<40 {
    switch Int.random(in: 0..<8, using: &random) {
    case 0: captured.append("UPDATE company SET staff = 2 WHERE id = 'r\(n)'")
    case 1: captured.append("DELETE FROM company WHERE id = 'r\(n)'")
    case 2: try world.shell(two, "UPDATE company SET peak = 5 WHERE id = 'r\(n)'")
    case 3:
      captured.append("UPDATE company SET staff = 3 WHERE id = 'r\(n)'")
      behind.append("UPDATE company SET name = 'x' WHERE id = 'r\(n)'")
      expected.insert("~ company r\(n) name")
    case 4:
      behind.append("DELETE FROM company WHERE id = 'r\(n)'")
      expected.insert("- company r\(n)")
    case 5:
      behind.append("INSERT INTO company (id, office) VALUES ('s\(n)', 'A')")
      expected.insert("+ company s\(n)")
    case 6:
      captured.append("INSERT INTO company (id, office) VALUES ('t\(n)', 'A')")
      // Part of an edit that was not sent yet.
      if seed % 3 != 0 { behind.append("UPDATE company SET staff = 9 WHERE id = 't\(n)'") }
    case 7 where seed % 3 != 0:
      // What is on its way is judged once it has arrived.
      captured.append("UPDATE company SET staff = 4 WHERE id = 'r\(n)'")
      behind.append("DELETE FROM company WHERE id = 'r\(n)'")
      expected.insert("- company r\(n)")
    default: break
    }
  }
  try world.shell(one, captured.joined(separator: ";"))
  if seed % 3 == 0 { try one.freeze() }
  try world.behind(one, behind.joined(separator: ";"))
  if seed % 2 == 0 { try await world.sync(two) }
  let comparison = try await world.deepVerify(one)
  #expect(Set(comparison.lines(one.schema)) == expected)
  let pending = try one.diff().map { "\($0.ref) \($0.field ?? "")" }
  if seed % 4 < 2 {
    #expect(try one.setBack(comparison) == expected.count)
    #expect(try one.diff().map { "\($0.ref) \($0.field ?? "")" } == pending)
  } else {
    #expect(try one.adopt(comparison, actor: nil) == expected.count)
    #expect(try one.diff().count == pending.count + expected.count)
  }
  #expect(try await world.found(one) == [])
  try await world.settle()
}
