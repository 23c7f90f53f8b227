import Foundation
import Master
import Replica
import SQLiteStore
import SyncClient
import SyncCore
import SyncProtocol
import TestSupport
import Testing

// What the city takes from a machine: a code makes it a member once, and it speaks for itself only.

/// A machine that writes its messages by hand.
private struct Hand {
  let world: World
  let key: SigningKey
  let meta: ReplicaMeta

  init(_ world: World, _ org: String) async throws {
    (self.world, key) = (world, SigningKey())
    let (clock, key) = (world.clock, key)
    meta = try await Join.enrol(
      server: "loopback", code: world.master.enrol(org: org).code, key: key, transport: Loopback(master: world.master),
      clock: { clock.now })
  }

  /// One of whom the city has never heard.
  init(of other: Hand, key: SigningKey) {
    var meta = other.meta
    meta.replica = key.publicKey.identifier
    (world, self.key, self.meta) = (other.world, key, meta)
  }

  /// Enrols once more, with another code.
  func enrol(_ org: String) throws -> Refusal.Code? { try enrol(world.master.enrol(org: org).code) }

  func enrol(_ code: EnrolmentCode) throws -> Refusal.Code? {
    let request = try EnrolRequest(code, replica: meta.replica, key: key)
    return try refusal { try world.master.welcome(request.message(signedBy: key, milliseconds: world.clock.now).bytes) }
  }

  /// Sends a batch with its hello.
  /// - Parameter hello: the machine that asks; nil: this one.
  func send(_ batch: Batch, number: Int64 = 1, after hello: Hand? = nil) throws -> Refusal.Code? {
    world.clock.now += 1000
    let (asks, stamp) = (hello ?? self, Stamp(milliseconds: world.clock.now))
    let body = HelloBody(last: number, seen: 0).bytes
    let head = try asks.message(.hello, stamp.raw, body)
    return try refusal {
      try world.master.exchange(head + message(.batch, number, batch.encoded(world.master.schema)))
    }
  }

  func message(_ kind: MessageKind, _ number: Int64, _ body: [UInt8]) throws -> [UInt8] {
    let header = Header(
      kind: kind, replica: meta.replica, epoch: meta.epoch, number: number, cursor: 0,
      stamp: Stamp(milliseconds: world.clock.now), schema: meta.schemaHash)
    return try Envelope(header, body: body, key: key).bytes
  }

  private func refusal(_ body: () throws -> [UInt8]) throws -> Refusal.Code? {
    do { _ = try body() } catch let refusal as Refusal { return refusal.code }
    return nil
  }
}

@Test func aCodeMovesNoMachineToAnotherUnitAndBringsNoneBack() async throws {
  let world = try World.small()
  let hand = try await Hand(world, "A")
  #expect(try hand.enrol("B") == .badCode)
  #expect(try hand.enrol("A") == nil)
  let code = try world.master.enrol(org: "A").code
  #expect(try hand.enrol(code) == nil)
  #expect(try hand.enrol(code) == nil)
  try world.master.withdraw(hand.meta.replica)
  #expect(try hand.enrol("A") == .withdrawn)
  #expect(try hand.enrol("B") == .withdrawn)
  #expect(try hand.enrol(code) == .withdrawn)
  #expect(try world.master.replicas().map(\.org) == ["A"])
  #expect(try world.master.replicas().map(\.isWithdrawn) == [true])
}

/// A city that was restored may know a machine and not its code, which is in no log (seed 4003909 of the simulated town, 1,500 events).
@Test func whoIsKnownNeedsNoCode() async throws {
  let world = try World.small()
  let (hand, other) = (try await Hand(world, "A"), try await Hand(world, "A"))
  let code = try world.master.enrol(org: "A").code
  try world.shell("DELETE FROM sync_enrolment")
  #expect(try hand.enrol(code) == nil)
  #expect(try Hand(of: other, key: SigningKey()).enrol(code) == .badCode)
  // Nor does one harm it that came too late, or that another machine has used.
  let late = try world.master.enrol(org: "A").code
  world.clock.now += Master.codeLifetime + 1
  let used = try world.master.enrol(org: "B").code
  let third = try await Hand(world, "B")
  #expect(try third.enrol(used) == nil)
  for bad in [late, used] {
    #expect(try hand.enrol(bad) == nil)
    #expect(try Hand(of: other, key: SigningKey()).enrol(bad) == .badCode)
  }
  try world.master.withdraw(hand.meta.replica)
  #expect(try hand.enrol(code) == .withdrawn)
}

/// Who has a code says of an id that the city does not know how many batches it has sent. The next one would have had
/// no number.
@Test(arguments: [Int64.max, 1 << 41]) func moreBatchesThanAnyMachineSendsAreRefused(kept: Int64) throws {
  let world = try World.small()
  let (key, former) = (SigningKey(), SigningKey().publicKey.identifier)
  var request = try EnrolRequest(key, afterLost: former, kept: kept)
  request.prove(try world.master.enrol(org: "A").code, of: key, org: "A")
  let message = try request.message(signedBy: key, milliseconds: world.clock.now)
  let refusal = #expect(throws: Refusal.self) { try world.master.welcome(message.bytes) }
  #expect(refusal?.code == .tampered)
  #expect(try world.master.replicas().isEmpty)
}

/// A key vouches for the next one, and that for another: without a code it comes to an end.
@Test func aKeyMakesOnlySoManyMachines() throws {
  let world = try World.small()
  func refusal(_ request: EnrolRequest, _ key: SigningKey, times: Int = 1) throws -> Refusal.Code? {
    let message = try request.message(signedBy: key, milliseconds: world.clock.now).bytes
    do {
      if times == 1 { _ = try world.master.welcome(message) }
      if times > 1 { _ = try world.master.exchange(Array(repeatElement(message, count: times).joined())) }
    } catch let refusal as Refusal { return refusal.code }
    return nil
  }
  let first = SigningKey()
  let request = try EnrolRequest(world.master.enrol(org: "A").code, replica: first.publicKey.identifier, key: first)
  #expect(try refusal(request, first) == nil)
  var last = first
  for _ in 1...256 {
    let next = SigningKey()
    #expect(try refusal(EnrolRequest(next, after: last, kept: 0), next) == nil)
    last = next
  }
  for former in [first, last] {
    let next = SigningKey()
    var request = try EnrolRequest(next, after: former, kept: 0)
    #expect(try refusal(request, next) == .limit)
    request.prove(try world.master.enrol(org: "B").code, of: next, org: "B")
    #expect(try refusal(request, next) == .badCode)
    request.prove(try world.master.enrol(org: "A").code, of: next, org: "A")
    #expect(try refusal(request, next) == nil)
    #expect(try refusal(request, next) == nil)
  }
  #expect(try world.master.replicas().count == 259)
  // Nor are more than a file can have asked for taken in one request: no hello follows these.
  #expect(try refusal(request, first, times: 64) == .tampered)
  #expect(try refusal(request, first, times: 65) == .limit)
}

/// A change of office A's that waits at the city, for its code is another row's.
private func waiting() async throws -> (World, Replica, MasterParkedRow) {
  let (world, one, _) = try await World.twoMachines()
  let b = try await world.join("B")
  try world.shell(b, "INSERT INTO company (id, office, code) VALUES ('b1', 'B', 'X')")
  try await world.sync(b)
  try world.shell(one, "UPDATE company SET code = 'X' WHERE id = 'c1'")
  try await world.sync(one)
  return (world, one, try #require(try world.master.parked().first))
}

@Test func whatOnlyTheCityMaySayIsRefusedFromACounty() async throws {
  let (world, one, parked) = try await waiting()
  let hand = try await Hand(world, "A")
  let (record, key) = (try world.master.record("company"), RowKey([.text("c1")]))
  let edit = Edit(stamp: Stamp(milliseconds: world.clock.now), actor: "official")
  let ref = ParkedRef(replica: one.identity.replica.description, batch: 2, n: 1)
  let before = try world.master.history(record, key: key).count
  let alias = Alias(record: "company", key: key, target: RowKey([.text("b1")]), reason: "forged", edit: edit)
  #expect(try hand.send(Batch(aliases: [alias])) == .tampered)
  for verdict in [Ruling.Verdict.admit, .dismiss] {
    let ruling = Ruling(parked: ref, verdict: verdict, reason: "forged", edit: edit)
    #expect(try hand.send(Batch(rulings: [ruling])) == .tampered)
  }
  let erasure = Erasure(record: "company", key: key, fields: ["phone"], reason: "forged", edit: edit)
  #expect(try hand.send(Batch(erasures: [erasure])) == .tampered)
  #expect(try world.master.parked().map(\.id) == [parked.id])
  #expect(try world.master.history(record, key: key).count == before)
}

@Test func aWithdrawalOfAnotherMachinesChangeIsNotInTheHistoryOfItsRow() async throws {
  let (world, one, parked) = try await waiting()
  let hand = try await Hand(world, "B")
  let (record, key) = (try world.master.record("company"), RowKey([.text("c1")]))
  let edit = Edit(stamp: Stamp(milliseconds: world.clock.now), actor: "forger")
  let ref = ParkedRef(replica: one.identity.replica.description, batch: 2, n: 1)
  let before = try world.master.history(record, key: key).count
  #expect(try hand.send(Batch(rulings: [Ruling(parked: ref, verdict: .withdraw, reason: "", edit: edit)])) == nil)
  #expect(try world.master.parked().map(\.id) == [parked.id])
  #expect(try world.master.history(record, key: key).count == before)
  // Its sender's own is there.
  let aside = try #require(try one.parked().first)
  try one.withdraw(aside.id, reason: "typed twice", actor: "one")
  try await world.settle()
  #expect(try world.master.history(record, key: key).count == before + 1)
}

/// Who has a code for one unit says that it follows upon a machine of another one, before the city knows that machine.
@Test func aCodeMakesNobodyTheSuccessorOfAnotherUnitsMachine() async throws {
  let (world, _, _) = try await World.twoMachines()
  let (key, claimed, kept) = (SigningKey(), SigningKey(), Int64(1) << 40)
  let hand = Hand(of: try await Hand(world, "A"), key: key)
  var request = try EnrolRequest(key, afterLost: claimed.publicKey.identifier, kept: kept)
  request.prove(try world.master.enrol(org: "A").code, of: key, org: "A")
  _ = try world.master.welcome(request.message(signedBy: key, milliseconds: world.clock.now).bytes)
  let b = try await world.enrol("B", as: claimed)
  try world.shell(b, "INSERT INTO company (id, office, code) VALUES ('b1', 'B', 'Y')")
  try await world.sync(b)
  try world.shell("UPDATE company SET code = 'X' WHERE id = 'c1'")
  try world.shell(b, "UPDATE company SET code = 'X' WHERE id = 'b1'")
  try await world.sync(b)
  let parked = try #require(try world.master.parked().first)
  let ref = ParkedRef(replica: b.identity.replica.description, batch: try #require(b.parked().first?.batch), n: 1)
  let edit = Edit(stamp: Stamp(milliseconds: world.clock.now), actor: "forger")
  let ruling = Ruling(parked: ref, verdict: .withdraw, reason: "", edit: edit)
  #expect(try hand.send(Batch(rulings: [ruling]), number: kept + 1) == nil)
  #expect(try world.master.parked().map(\.id) == [parked.id])
  try await world.settle()
  #expect(try b.parked().map(\.state) == [.waiting])
}

@Test func aBatchOfAnotherMachineIsNotOneOfALostFormerId() async throws {
  let world = try World.small()
  let (one, two) = (try await Hand(world, "A"), try await Hand(world, "A"))
  let stranger = Hand(of: one, key: SigningKey())
  #expect(try two.send(Batch(), after: one) == .tampered)
  #expect(try stranger.send(Batch(), after: one) == .gap)
  for (sender, code) in [(two, Refusal.Code.tampered), (stranger, .gap)] {
    let head = Array(try sender.message(.batch, 1, Batch().encoded(world.master.schema)).prefix(200))
    let refusal = #expect(throws: Refusal.self) { try world.master.checkStaged(head, of: one.meta.replica) }
    #expect(refusal?.code == code)
  }
}
