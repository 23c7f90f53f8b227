import SQLiteStore
import SyncCore
import SyncProtocol

// What a batch does that came back and is in no log, in words: whoever looks at it does it once more, or does not.

extension SQLiteMasterTransaction {
  /// The batch without what was done all the same: erasures, enrolments and withdrawals are carried out however late they
  /// come, and a version of the schema is made again.
  func undone(_ batch: Batch) throws -> Batch {
    var rest = batch
    rest.erasures = try batch.erasures.filter { erasure in
      try erasures(of: [erasure.ref])[erasure.ref]?.contains { $0.erasure == erasure } != true
    }
    rest.members = try batch.members.filter { member in
      guard let known = try replica(member.replica) else { return true }
      return member.isWithdrawn && !known.isWithdrawn
    }
    let present = try meta().schemaHash
    rest.schemas = try batch.schemas.filter { step in
      let hash = step.stored.hash
      return try hash != present && earlierSchema(hash) == nil
    }
    return rest
  }
}

extension Batch {
  /// How many rows are named.
  private static let mostNamed = 10

  /// What it does, without values.
  var acts: [Label] {
    var acts: [Label] = members.map { member in
      let machine = "\(member.replica) (\(member.org))"
      return member.isWithdrawn
        ? Label(zh: "停用机器 \(machine)", en: "withdraw machine \(machine)")
        : Label(zh: "登记机器 \(machine)", en: "enrol machine \(machine)")
    }
    acts += schemas.map {
      Label(zh: "采用模式第 \($0.version) 版", en: "make version \($0.version) of the schema the city's")
    }
    acts += losses.map {
      Label(zh: "登记到第 \($0.arrival) 批为止的丢失", en: "record what is lost up to batch \($0.arrival)")
    }
    acts += erasures.map { erasure in
      let (row, fields) = (name(erasure.ref), erasure.fields.joined(separator: ", "))
      return Label(zh: "删除个人信息 \(row) 的 \(fields)", en: "erase \(fields) of \(row)")
    }
    acts += decisions.map { decision in
      let subject = decision.subject.map { name($0.ref) + ($0.field.map { ".\($0)" } ?? "") }
      let (about, choice) = (subject ?? "\(decision.conflict)", decision.choice.label)
      return Label(zh: "裁决冲突 \(about):\(choice.zh)", en: "decide conflict \(about): \(choice.en)")
    }
    acts += rulings.map { ruling in
      let (parked, verdict) = (ruling.parked, ruling.verdict.label)
      let change = "\(parked.batch)/\(parked.n)"
      return Label(
        zh: "\(verdict.zh):机器 \(parked.replica) 搁置的 \(change)",
        en: "\(verdict.en) parked change \(change) of \(parked.replica)")
    }
    acts += aliases.map { alias in
      let (from, into) = (name(RowRef(alias.record, alias.key)), show(alias.target))
      return Label(zh: "合并 \(from) → \(into)", en: "merge \(from) into \(into)")
    }
    acts += changes.prefix(Self.mostNamed).map { change in
      let (kind, row) = (change.kind.label, name(change.ref))
      return Label(zh: "\(kind.zh) \(row)", en: "\(kind.en) \(row)")
    }
    let more = changes.count - Self.mostNamed
    return more > 0 ? acts + [Label(zh: "另有 \(more) 行", en: "\(more) rows more")] : acts
  }

  private func name(_ ref: RowRef) -> String { "\(ref.record) \(show(ref.key))" }
}
