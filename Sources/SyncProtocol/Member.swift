import SyncCore

/// A machine that the city enrolled or withdrew, as a batch of the city's own says.
public struct Member: Hashable, Sendable {
  public var replica: Identifier
  public var org: String
  /// Ed25519 and X25519, 32 bytes each.
  public var publicKey: [UInt8]
  public var agreementKey: [UInt8]
  public var isWithdrawn: Bool
  /// nil: a machine of its own.
  public var former: Former?
  public var edit: Edit

  public init(
    replica: Identifier, org: String, publicKey: [UInt8], agreementKey: [UInt8], isWithdrawn: Bool, edit: Edit
  ) {
    self.replica = replica
    self.org = org
    self.publicKey = publicKey
    self.agreementKey = agreementKey
    self.isWithdrawn = isWithdrawn
    self.edit = edit
  }
}

/// Of a file that was copied: the id under which the city knew it before, and how many of that one's batches are its too.
public struct Former: Hashable, Sendable {
  public var replica: Identifier
  public var kept: Int64

  public init(replica: Identifier, kept: Int64) {
    self.replica = replica
    self.kept = kept
  }
}

// Its row in a body.
extension Member {
  public static let table = "sync_member"
  public static let columns = [
    "replica", "org", "public_key", "agreement_key", "withdrawn", "former", "kept", "actor", "stamp",
  ]

  public var row: [Value] {
    [
      .blob(replica.bytes), .text(org), .blob(publicKey), .blob(agreementKey), .integer(isWithdrawn ? 1 : 0),
      former.map { .blob($0.replica.bytes) } ?? .null, former.map { .integer($0.kept) } ?? .null,
    ] + edit.columns
  }

  /// nil when the row is not one that `row` makes.
  public init?(row: [Value]) {
    guard row.count == Self.columns.count, case .blob(let id) = row[0], let replica = Identifier(id),
      case .text(let org) = row[1], case .blob(let publicKey) = row[2], case .blob(let agreementKey) = row[3],
      publicKey.count == 32, agreementKey.count == 32, case .integer(let withdrawn) = row[4],
      (0...1).contains(withdrawn), let edit = Edit(columns: row[7...])
    else { return nil }
    self.init(
      replica: replica, org: org, publicKey: publicKey, agreementKey: agreementKey, isWithdrawn: withdrawn == 1,
      edit: edit)
    switch (row[5], row[6]) {
    case (.null, .null): break
    case (.blob(let bytes), .integer(let kept)) where kept >= 0:
      guard let id = Identifier(bytes) else { return nil }
      former = Former(replica: id, kept: kept)
    default: return nil
    }
  }
}
