import SyncCore

/// How far a row is approved that needs both sides. Nobody sets it: it follows from the version that each has approved and
/// from the row as it is, so an edit in between voids an approval by itself.
public enum Approval: String, Sendable {
  case none, county, city, both
  /// Somebody approved an earlier version, and nobody this one.
  case void

  public var label: Label {
    switch self {
    case .none: Label(zh: "待会商:县区和市里均未同意", en: "to be agreed: neither side has approved")
    case .county: Label(zh: "待会商:县区已同意,等待市里", en: "to be agreed: the county has approved, the city has not")
    case .city: Label(zh: "待会商:市里已同意,等待县区", en: "to be agreed: the city has approved, the county has not")
    case .both: Label(zh: "双方已同意此版本", en: "both sides have approved this version")
    case .void:
      Label(zh: "待会商:同意的是旧版本,此后有修改", en: "to be agreed: an earlier version was approved and has changed since")
    }
  }
}

extension RecordSchema {
  /// What an approval names: SHA-256 of the row without the two approvals, 32 hex digits. nil: the record needs none.
  public func version(of row: [Value]) -> String? {
    guard let joint = rules.joint else { return nil }
    let content = zip(fields, row).filter { $0.0.name != joint.county && $0.0.name != joint.city }.map(\.1)
    return String(sha256(RowKey(content).encoded).hex.prefix(32))
  }

  public func approval(of row: [Value]) -> Approval? {
    guard let joint = rules.joint, let version = version(of: row), let county = index(of: joint.county),
      let city = index(of: joint.city)
    else { return nil }
    switch (row[county] == .text(version), row[city] == .text(version)) {
    case (true, true): return .both
    case (true, false): return .county
    case (false, true): return .city
    case (false, false): return row[county].isNull && row[city].isNull ? Approval.none : .void
    }
  }
}
