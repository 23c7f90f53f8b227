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
    guard let image else { return [] }
    return record.unique.compactMap { set in
      let values = set.compactMap(record.index(of:)).map { image[$0] }
      return values.contains(.null) ? nil : UniqueClaim(record: record.name, fields: set, values: values)
    }
  }

  private func targets(_ record: RecordSchema, _ image: [Value]?) -> [ReferenceTarget] {
    guard let image else { return [] }
    return zip(record.fields, image).compactMap { field, value in
      field.reference.flatMap { value.isNull ? nil : ReferenceTarget(record: $0.record, field: $0.field, value: value) }
    }
  }

  /// The values by which other rows may refer to this one.
  private func identities(_ record: RecordSchema, _ image: [Value]?) -> [ReferenceTarget] {
    guard let image else { return [] }
    let fields = Set(schema.references(to: record.name).map(\.field))
    return fields.sorted().compactMap { name in
      record.index(of: name).flatMap {
        image[$0].isNull ? nil : ReferenceTarget(record: record.name, field: name, value: image[$0])
      }
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

extension Schema {
  func references(to record: String) -> [Reference] {
    records.flatMap { $0.fields.compactMap(\.reference) }.filter { $0.record == record }
  }
}
