import SyncCore
import SyncProtocol
import Testing

/// A record with two restricted fields, one of them required.
private let person = RecordSchema(
  name: "person", label: Sample.label, key: ["id"],
  fields: [
    Field(name: "id", label: Sample.label), Field(name: "name", label: Sample.label, required: true, restricted: true),
    Field(name: "phone", label: Sample.label, restricted: true), Field(name: "note", label: Sample.label),
  ])
private let schema = Schema(name: "persons", version: 1, title: Sample.label, records: [person])

private let inserted = Change(
  record: "person", key: RowKey([.text("p")]), kind: .insert, old: [nil, nil, nil, nil],
  new: [.text("p"), .text("王五"), .text("13800000000"), .text("n")], edit: Sample.edit(1))
private let updated = Change(
  record: "person", key: RowKey([.text("q")]), kind: .update, old: [.text("q"), nil, .text("1"), .text("x")],
  new: [nil, nil, .null, .text("y")], edit: Sample.edit(2))
private let deleted = Change(
  record: "person", key: RowKey([.text("r")]), kind: .delete, old: [.text("r"), .text("李四"), .null, .null],
  new: [nil, nil, nil, nil], edit: Sample.edit(3))

/// Salts that are the same in every run.
private struct Counter: RandomNumberGenerator {
  var state: UInt64 = 0
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    return state
  }
}

private func subject(_ field: String?) -> Conflict.Subject {
  Conflict.Subject(ref: RowRef("person", RowKey([.text("p")])), field: field, openedAt: Stamp(raw: 1))
}

private func seal(_ batch: Batch) throws -> (batch: Batch, secrets: [SecretCell]) {
  var random = Counter()
  return try batch.sealed(schema, using: &random)
}

private func isCommitment(_ value: Value??) -> Bool {
  if case .blob(let bytes)?? = value { bytes.count == 32 } else { false }
}

struct SecretTests {
  static let batch = Batch(
    changes: [inserted, updated, deleted],
    decisions: [
      Decision(
        conflict: 1, choice: .value, value: .text("139"), reason: "", edit: Sample.edit(4), subject: subject("phone")),
      Decision(
        conflict: 2, choice: .value, value: .text("open"), reason: "", edit: Sample.edit(5), subject: subject("note")),
      Decision(
        conflict: 3, choice: .take, contender: 1, value: .blob(RowKey([.text("p"), .text("王五")]).encoded), reason: "",
        edit: Sample.edit(6), subject: subject(nil)),
    ])

  @Test func onlyCommitmentsAreSigned() throws {
    let (sealed, secrets) = try seal(Self.batch)
    #expect(sealed.changes[0].new[0] == .text("p") && sealed.changes[0].new[3] == .text("n"))
    #expect(isCommitment(sealed.changes[0].new[1]) && isCommitment(sealed.changes[0].new[2]))
    // NULL stays NULL, and a base is a value too.
    #expect(sealed.changes[1].new == [nil, nil, .null, .text("y")])
    #expect(isCommitment(sealed.changes[1].old[2]))
    #expect(isCommitment(sealed.changes[2].old[1]) && sealed.changes[2].old[2] == .null)
    #expect(isCommitment(sealed.decisions[0].value) && isCommitment(sealed.decisions[2].value))
    #expect(sealed.decisions[1].value == .text("open"))
    #expect(secrets.map(\.field) == ["name", "phone", "phone", "name", "phone", nil])
    #expect(Set(secrets.map(\.secret.salt)).count == 6 && secrets.allSatisfy { $0.secret.salt.count == 16 })
    let text = String(decoding: sealed.encoded(schema), as: UTF8.self)
    for word in ["王五", "13800000000", "李四", "139"] { #expect(!text.contains(word)) }
  }

  @Test func aDeleteThatNobodyCouldReadIsNotSigned() {
    var partial = deleted
    partial.old[3] = nil
    let batch = Batch(changes: [inserted, partial])
    #expect(throws: BodyError.badChange(record: "person", n: 2)) { try seal(batch) }
  }

  @Test func whatWasSealedOpens() throws {
    let (sealed, cells) = try seal(Self.batch)
    let decoded = try Batch(sealed.encoded(schema), schema: schema)
    #expect(decoded == sealed)
    let secrets = try SecretsBody.decode(SecretsBody.encode(cells.map(\.secret)))
    #expect(secrets == cells.map(\.secret))
    let (received, kept) = try decoded.received(schema, with: secrets) { _ in true }
    #expect(received == Self.batch)
    #expect(kept == cells)
    #expect(try decoded.opened(schema, with: secrets) == Self.batch)
  }

  @Test func whatIsMissingStaysACommitment() throws {
    let (sealed, cells) = try seal(Self.batch)
    let opened = try sealed.opened(schema, with: [cells[1].secret])
    #expect(opened.changes[0].new[2] == .text("13800000000"))
    let (shown, erased) = opened.changes[0].showingErased(person)
    #expect(shown.new == [.text("p"), .null, .text("13800000000"), .text("n")] && erased == [1])
    #expect(opened.changes[0].withoutErased(person).new[1] == .text("已删除"))
    // The base of a change that is kept is what the erasure left; a delete's too.
    #expect(opened.changes[1].withoutErased(person).old == [.text("q"), nil, .null, .text("x")])
    #expect(opened.changes[2].withoutErased(person).old[1] == .text("已删除"))
    #expect(opened.decisions[0].withoutErased(schema).value == .null)
    // A cell that was set to an erased value is not set.
    var set = updated
    set.new[2] = .text("2")
    let half = try seal(Batch(changes: [set])).batch.changes[0].withoutErased(person)
    #expect(half.old == [.text("q"), nil, nil, .text("x")] && half.new == [nil, nil, nil, .text("y")])
  }

  @Test func aSchemaWithoutRestrictedFieldsIsSentAsBefore() throws {
    var random = Counter()
    let (sealed, secrets) = try Sample.batch.sealed(Sample.schema, using: &random)
    #expect(sealed == Sample.batch && secrets.isEmpty && random.state == 0)
    #expect(sealed.encoded(Sample.schema) == Sample.batch.encoded(Sample.schema))
    let (received, kept) = try sealed.received(Sample.schema, with: [], keeping: { _ in false })
    #expect(received == Sample.batch && kept.isEmpty)
    #expect(throws: BodyError.missingSecret) {
      try sealed.received(Sample.schema, with: [try Sample.secret()], keeping: { _ in true })
    }
  }

  /// What is done to the secrets of a batch on their way → why it is refused.
  static let tampered: [(name: String, change: @Sendable (inout [Secret]) throws -> Void, error: BodyError)] = [
    ("one is cut off", { $0.removeLast() }, .missingSecret),
    ("all are cut off", { $0 = [] }, .missingSecret),
    ("one is added", { $0.append(try Sample.secret()) }, .missingSecret),
    ("another value", { $0[1].value = .text("13900000000") }, .falseSecret),
    ("another salt", { $0[1].salt[3] ^= 1 }, .falseSecret),
    ("a longer salt", { $0[1].salt.append(0) }, .falseSecret),
    ("another commitment", { $0[1].commitment[0] ^= 1 }, .falseSecret),
    ("one comes twice", { $0.append($0[0]) }, .falseSecret),
    ("NULL is no value", { $0[1].value = .null }, .badShape("sync_secret")),
    (
      "a number in a text",
      {
        var random = Counter()
        let number = Secret(.integer(1), using: &random)
        $0[1] = number
      }, .missingSecret
    ),
  ]

  @Test(arguments: tampered.indices)
  func tamperedSecretsAreRefused(index: Int) throws {
    let item = Self.tampered[index]
    let (sealed, cells) = try seal(Self.batch)
    var secrets = cells.map(\.secret)
    try item.change(&secrets)
    #expect(throws: item.error, "\(item.name)") {
      let read = try SecretsBody.decode(SecretsBody.encode(secrets))
      _ = try sealed.received(schema, with: read) { _ in true }
    }
  }

  @Test func aRestrictedCellThatIsNoTextIsRefused() throws {
    var random = Counter()
    let number = Secret(.integer(1), using: &random)
    var change = updated
    change.new[2] = .blob(number.commitment)
    change.old[2] = .null
    for (batch, secrets, error) in [
      (Batch(changes: [change]), [number], BodyError.falseSecret),
      // A value that was not sealed, as a sender would send it that does not know of restricted fields.
      (Batch(changes: [updated]), [], BodyError.missingSecret),
      (Self.batch, [], BodyError.missingSecret),
    ] {
      #expect(throws: error) { try batch.received(schema, with: secrets) { _ in true } }
    }
  }
}
