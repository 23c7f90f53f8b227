import SyncCore

/// A machine that the city enrolled or withdrew, as a batch of the city's own says.
public struct Member: Hashable, Sendable {
  public var replica: Identifier
  public var org: String
  /// Ed25519 and X25519, 32 bytes each.
  public var publicKey: [UInt8]
  public var agreementKey: [UInt8]
  public var isWithdrawn: Bool
  /// The id that a copied file had before; nil: it was enrolled with a code.
  public var former: Identifier?
  /// How many batches of that id are this machine's own; 0 without one.
  public var kept: Int64
  public var edit: Edit

  public init(
    replica: Identifier, org: String, publicKey: [UInt8], agreementKey: [UInt8], isWithdrawn: Bool,
    former: Identifier? = nil, kept: Int64 = 0, edit: Edit
  ) {
    self.replica = replica
    self.org = org
    self.publicKey = publicKey
    self.agreementKey = agreementKey
    self.isWithdrawn = isWithdrawn
    self.former = former
    self.kept = kept
    self.edit = edit
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
      former.map { .blob($0.bytes) } ?? .null, .integer(kept),
    ] + edit.columns
  }

  /// nil when the row is not one that `row` makes.
  public init?(row: [Value]) {
    guard row.count == Self.columns.count, case .blob(let id) = row[0], let replica = Identifier(id),
      case .text(let org) = row[1], case .blob(let publicKey) = row[2], case .blob(let agreementKey) = row[3],
      publicKey.count == 32, agreementKey.count == 32, case .integer(let withdrawn) = row[4],
      (0...1).contains(withdrawn), case .integer(let kept) = row[6], kept >= 0, let edit = Edit(columns: row[7...])
    else { return nil }
    var former: Identifier?
    if case .blob(let bytes) = row[5] {
      guard let id = Identifier(bytes) else { return nil }
      former = id
    } else if !row[5].isNull {
      return nil
    }
    self.init(
      replica: replica, org: org, publicKey: publicKey, agreementKey: agreementKey, isWithdrawn: withdrawn == 1,
      former: former, kept: kept, edit: edit)
  }
}
