import SyncCore

// The rows of a batch together: unique values and references, settled as a set.

extension Intake {
  /// Parks rows until those that are left satisfy every constraint. Each round parks at least one, so it ends.
  mutating func settleConstraints() throws {
    let holders = try transaction.holders(of: Set(settled.flatMap { claims($0.record, $0.result.image) }))
    let present = try transaction.present(Set(settled.flatMap { targets($0.record, $0.result.image) }))
    let leaving = Set(
      settled.filter { $0.before != nil && $0.result.image == nil }.flatMap { identities($0.record, $0.before) })
    let referrers = try transaction.referrers(to: leaving)
    for (index, row) in settled.enumerated() {
      for image in [row.before, row.result.image] {
        for claim in claims(row.record, image) { claimants[claim, default: []].append(index) }
        for identity in identities(row.record, image) { identified[identity, default: []].append(index) }
      }
    }
    var changed = true
    while changed {
      changed = false
      for index in settled.indices where settled[index].parked == nil {
        if settled[index].result.image == nil {
          if keepsParent(settled[index], referrers) {
            let contest = Contest(column: nil, state: .open, incomingDeletes: true)
            settled[index].result = MergeResult(
              image: settled[index].before, contests: [contest], stamps: [:], asSent: false)
            changed = true
          }
        } else if settled[index].result.image == settled[index].before {
          continue
        } else if let reason = clash(settled[index], holders) ?? missing(settled[index], present) {
          settled[index].parked = reason
          changed = true
        }
      }
    }
  }

  private func claims(_ record: RecordSchema, _ image: [Value]?) -> [UniqueClaim] {
    guard let image, let ties = ties[record.name] else { return [] }
    return ties.uniques.compactMap { fields, columns in
      let values = columns.map { image[$0] }
      return values.contains(.null) ? nil : UniqueClaim(record: record.name, fields: fields, values: values)
    }
  }

  private func targets(_ record: RecordSchema, _ image: [Value]?) -> [ReferenceTarget] {
    guard let image, let ties = ties[record.name] else { return [] }
    return ties.references.compactMap { column, reference in
      let value = image[column]
      return value.isNull ? nil : ReferenceTarget(record: reference.record, field: reference.field, value: value)
    }
  }

  /// The values by which other rows may refer to this one.
  private func identities(_ record: RecordSchema, _ image: [Value]?) -> [ReferenceTarget] {
    guard let image, let ties = ties[record.name] else { return [] }
    return ties.identities.compactMap { column, field in
      image[column].isNull ? nil : ReferenceTarget(record: record.name, field: field, value: image[column])
    }
  }

  private func clash(_ row: Row, _ holders: [UniqueClaim: RowKey]) -> (String, Label)? {
    for claim in claims(row.record, row.after) {
      // The first of the batch to claim a value has it, unless a row of the master keeps it.
      var holder = holders[claim].flatMap { key -> RowKey? in
        guard key != row.change.key else { return nil }
        guard let other = byRef[RowRef(row.record.name, key)].map({ settled[$0] }) else { return key }
        return claims(other.record, other.after).contains(claim) ? key : nil
      }
      holder =
        holder
        ?? (claimants[claim] ?? []).map { settled[$0] }.first { other in
          other.n != row.n && (other.n < row.n || other.parked != nil)
            && claims(other.record, other.after).contains(claim)
        }?.change.key
      if let holder {
        let fields = claim.fields.joined(separator: ",")
        return (
          "unique",
          Label(
            zh: "\(fields) 与 \(row.record.name) \(holder.description) 重复",
            en: "\(fields) is already that of \(row.record.name) \(holder.description)")
        )
      }
    }
    return nil
  }

  private func missing(_ row: Row, _ present: Set<ReferenceTarget>) -> (String, Label)? {
    for target in targets(row.record, row.after) {
      let inBatch = (identified[target] ?? []).map { settled[$0] }
      if inBatch.contains(where: { identities($0.record, $0.after).contains(target) }) { continue }
      if inBatch.isEmpty, present.contains(target) { continue }
      let value = RowKey([target.value]).description
      return ("reference", Label(zh: "没有 \(target.record) \(value)", en: "there is no \(target.record) \(value)"))
    }
    return nil
  }

  /// A row that the sender deletes has a child that the sender does not delete.
  private func keepsParent(_ row: Row, _ referrers: [ReferenceTarget: [RowRef]]) -> Bool {
    identities(row.record, row.before).contains { target in
      (referrers[target] ?? []).contains { child in
        byRef[child].map {
          settled[$0].after.map { targets(settled[byRef[child] ?? 0].record, $0).contains(target) } ?? false
        } ?? true
      }
    }
  }
}

/// How the rows of a record are tied to others, by column.
struct Ties {
  var uniques: [(fields: [String], columns: [Int])]
  var references: [(column: Int, reference: Reference)]
  /// Columns that other rows refer to.
  var identities: [(column: Int, field: String)]

  init(_ record: RecordSchema, in schema: Schema) {
    uniques = record.unique.map { ($0, $0.compactMap(record.index(of:))) }
    references = record.fields.enumerated().compactMap { index, field in field.reference.map { (index, $0) } }
    let named = schema.records.flatMap { $0.fields.compactMap(\.reference) }.filter { $0.record == record.name }
    identities = Set(named.map(\.field)).sorted().compactMap { name in record.index(of: name).map { ($0, name) } }
  }
}
