import Crypto
import SyncCore

// Restricted cells. In a signed batch such a cell is NULL or its commitment, a BLOB of 32 bytes; the secrets follow in a
// message of their own, a patchset of one table: sync_secret(commitment, salt, value).

private let secretTable = ChangesetTable(name: "sync_secret", columns: 3, key: [0])
private let saltLength = 16
private let commitmentLength = 32

extension Secret {
  /// - Parameter random: makes the salt, without which a short value could be guessed from its commitment.
  public init(_ value: Value, using random: inout some RandomNumberGenerator) {
    let salt = (0..<saltLength).map { _ in UInt8.random(in: 0...255, using: &random) }
    self.init(commitment: Self.commitment(salt, value), salt: salt, value: value)
  }

  /// Whether this is the value that was committed to.
  public var isGenuine: Bool { salt.count == saltLength && commitment == Self.commitment(salt, value) }

  private static func commitment(_ salt: [UInt8], _ value: Value) -> [UInt8] {
    sha256(salt + RowKey([value]).encoded)
  }
}

public enum SecretsBody {
  /// - Parameter secrets: none, if all that was committed to was erased since.
  public static func encode(_ secrets: [Secret]) -> [UInt8] {
    var writer = ChangesetWriter(.patchset)
    writer.begin(secretTable)
    for secret in secrets {
      let row: [Value] = [.blob(secret.commitment), .blob(secret.salt), secret.value]
      writer.append(.insert, new: row, to: secretTable)
    }
    return writer.bytes
  }

  /// Throws `BodyError.falseSecret` for a value that is not the one committed to, or that comes twice.
  public static func decode(_ bytes: [UInt8]) throws -> [Secret] {
    var reader = ChangesetReader(bytes[...], .patchset)
    var secrets: [Secret] = []
    var seen: Set<[UInt8]> = []
    while let (table, entry) = try reader.next() {
      guard table == secretTable, entry.operation == .insert, case .blob(let commitment) = entry.new[0],
        case .blob(let salt) = entry.new[1], let value = entry.new[2], !value.isNull
      else { throw BodyError.badShape(table.name) }
      let secret = Secret(commitment: commitment, salt: salt, value: value)
      guard secret.isGenuine, seen.insert(commitment).inserted else { throw BodyError.falseSecret }
      secrets.append(secret)
    }
    if secrets.isEmpty, bytes != encode([]) { throw BodyError.badShape(secretTable.name) }
    return secrets
  }
}

/// Where a restricted value stands in a batch.
public struct RestrictedPlace {
  public var ref: RowRef
  /// nil: the whole row, as a decision wants it.
  public var field: String?
  /// The change, whose cell `column` it is; nil: the value of a decision.
  public var change: Change?
  public var column = 0
  public var isNew = false
}

extension Erasure {
  /// Whether a batch sets the cell to a value that was edited after it: that is a new one (E5).
  /// - Parameters:
  ///   - offset: by which the city's clock was ahead of the sender's, in milliseconds.
  ///   - arrival: that of the batch.
  public func leaves(_ place: RestrictedPlace, offset: Int64, arrival: Stamp) -> Bool {
    guard place.ref == ref, covers(place.field), place.isNew, let change = place.change else { return false }
    return isBefore(change.edit(of: place.column).stamp, offset: offset, arrival: arrival)
  }
}

extension Batch {
  /// The batch as it is signed, with commitments for restricted values, and what they commit to. Throws
  /// `BodyError.badChange` for a delete that nobody could read: what fails now is mended by a later program, what is
  /// signed is not.
  public func sealed(
    _ schema: Schema, using random: inout some RandomNumberGenerator
  ) throws -> (batch: Batch, secrets: [SecretCell]) {
    for (index, change) in changes.enumerated() where change.kind == .delete && change.old.contains(nil) {
      throw BodyError.badChange(record: change.record, n: index + 1)
    }
    var sealed = self
    var secrets: [SecretCell] = []
    try sealed.replaceRestricted(schema) { place, value in
      let secret = Secret(value, using: &random)
      secrets.append(SecretCell(ref: place.ref, field: place.field, secret: secret))
      return .blob(secret.commitment)
    }
    return (sealed, secrets)
  }

  /// The batch with its values, as far as they are known. What was erased stays a commitment.
  public func opened(_ schema: Schema, with secrets: [Secret]) throws -> Batch {
    if !schema.hasRestricted { return self }
    let values = Dictionary(secrets.map { ($0.commitment, $0.value) }) { first, _ in first }
    var opened = self
    try opened.replaceRestricted(schema) { _, value in
      if case .blob(let commitment) = value { values[commitment] ?? value } else { value }
    }
    return opened
  }

  /// A batch that has just come in, with its values. Every restricted cell must be a commitment, every commitment must have
  /// its secret, and every secret must be of one: what is cut off or added on the way is refused.
  /// - Parameters:
  ///   - isErased: a value may be missing because it was erased since; it stays a commitment then.
  ///   - keeping: whether to take the value in, or to leave it erased.
  public func received(
    _ schema: Schema, with secrets: [Secret],
    isErased: Bool = false, keeping: (RestrictedPlace) throws -> Bool
  ) throws -> (batch: Batch, secrets: [SecretCell]) {
    let known = Dictionary(secrets.map { ($0.commitment, $0) }) { first, _ in first }
    var used: Set<[UInt8]> = []
    var kept: [SecretCell] = []
    var batch = self
    try batch.replaceRestricted(schema) { place, value in
      guard case .blob(let commitment) = value, commitment.count == commitmentLength else {
        throw BodyError.missingSecret
      }
      if known[commitment] == nil, isErased { return value }
      guard let secret = known[commitment], used.insert(commitment).inserted else { throw BodyError.missingSecret }
      if place.change != nil, case .text = secret.value {} else if place.change != nil { throw BodyError.falseSecret }
      guard try keeping(place) else { return value }
      kept.append(SecretCell(ref: place.ref, field: place.field, secret: secret))
      return secret.value
    }
    guard used.count == secrets.count else { throw BodyError.missingSecret }
    return (batch, kept)
  }

  /// Goes through the restricted values that are not NULL: cells of changes, then what decisions make of such cells.
  private mutating func replaceRestricted(
    _ schema: Schema, _ body: (RestrictedPlace, Value) throws -> Value
  ) throws {
    guard schema.hasRestricted else { return }
    let columns = Dictionary(uniqueKeysWithValues: schema.records.map { ($0.name, $0.restrictedIndices) })
    for index in changes.indices {
      let change = changes[index]
      guard let record = schema.record(change.record), let restricted = columns[change.record] else { continue }
      for column in restricted {
        var place = RestrictedPlace(
          ref: change.ref, field: record.fields[column].name, change: change, column: column)
        if let value = change.old[column], !value.isNull { changes[index].old[column] = try body(place, value) }
        place.isNew = true
        if let value = change.new[column], !value.isNull { changes[index].new[column] = try body(place, value) }
      }
    }
    for index in decisions.indices where !decisions[index].value.isNull {
      guard let about = decisions[index].subject, about.isRestricted(schema) else { continue }
      let place = RestrictedPlace(ref: about.ref, field: about.field)
      decisions[index].value = try body(place, decisions[index].value)
    }
  }
}

extension Batch {
  /// Whether some restricted value of an opened batch is a commitment only: it was erased.
  public func holdsErased(_ schema: Schema) -> Bool {
    guard schema.hasRestricted else { return false }
    let inChanges = changes.contains { change in
      schema.record(change.record).map { record in
        record.restrictedIndices.contains { column in
          let field = record.fields[column]
          return field.isErased(change.old[column]) || field.isErased(change.new[column])
        }
      } ?? false
    }
    return inChanges
      || decisions.contains { $0.holdsErased(schema) }
  }
}

extension Decision {
  /// Whether its value was erased, and only what was committed to is left. The image of a row may be as long as that.
  fileprivate func holdsErased(_ schema: Schema) -> Bool {
    guard case .blob(let bytes) = value, bytes.count == commitmentLength, let subject, subject.isRestricted(schema)
    else { return false }
    return subject.field != nil || schema.record(subject.ref.record)?.image(value) == nil
  }

  /// Without a value that was erased.
  public func withoutErased(_ schema: Schema) -> Decision {
    guard holdsErased(schema) else { return self }
    var decision = self
    decision.value = .null
    return decision
  }
}

extension Conflict.Subject {
  /// Whether what is decided about it holds a restricted value.
  fileprivate func isRestricted(_ schema: Schema) -> Bool {
    guard let record = schema.record(ref.record) else { return false }
    return field.map { record.field($0)?.restricted == true } ?? !record.restrictedIndices.isEmpty
  }
}
