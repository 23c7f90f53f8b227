extension Field {
  /// The field as it would be without what is new in it.
  func withoutAdditions(since old: Field, of record: String, _ found: inout [Addition]) throws -> Field {
    var rest = self
    if label != old.label {
      found.append(Addition(.words, record: record, field: name, zh: "新名称", en: "another label"))
    }
    rest.label = old.label
    rest.check = try check.withoutAdditions(since: old.check, at: (record, name), &found)
    if let changed = Self.aspects.first(where: { !$0.isSame(rest, old) })?.name {
      throw refused(
        "\(record).\(name)", zh: "\(changed) 与原来不同,升级不能改变它;请写回",
        en: "\(changed) is not as before, and an upgrade cannot change it; put it back")
    }
    return rest
  }

  /// What a field says besides its check. The last one catches whatever else it may say.
  private static let aspects: [(name: String, isSame: @Sendable (Field, Field) -> Bool)] = [
    ("type", { $0.kind == $1.kind }), ("required", { $0.required == $1.required }),
    ("references", { $0.reference == $1.reference }), ("weak", { $0.weak == $1.weak }),
    ("owner", { $0.owner == $1.owner }), ("policy", { $0.policy == $1.policy }),
    ("restricted", { $0.restricted == $1.restricted }), ("the field", { $0 == $1 }),
  ]
}

extension Check {
  /// A bound may widen or go, a list may grow. Its order is only that of display.
  fileprivate func withoutAdditions(
    since old: Check, at place: (record: String, field: String), _ found: inout [Addition]
  ) throws -> Check {
    var rest = self
    let bounds: [(name: String, old: Int64?, new: Int64?, isWider: (Int64, Int64) -> Bool)] = [
      ("min", old.min, min, { $0 < $1 }), ("max", old.max, max, { $0 > $1 }),
      ("max_length", old.maxLength.map { Int64($0) }, maxLength.map { Int64($0) }, { $0 > $1 }),
    ]
    for bound in bounds where bound.old != bound.new {
      let (was, now) = (bound.old.map { "\($0)" } ?? "-", bound.new.map { "\($0)" } ?? "-")
      guard let before = bound.old, bound.new.map({ bound.isWider($0, before) }) ?? true else {
        throw refused(
          "\(place.record).\(place.field)", zh: "\(bound.name) 由 \(was) 改为 \(now),只能放宽;请写回",
          en: "\(bound.name) was \(was) and is \(now); it may only let more values in: put it back")
      }
      found.append(
        Addition(
          .bound, record: place.record, field: place.field, zh: "\(bound.name) 由 \(was) 放宽为 \(now)",
          en: "\(bound.name) \(was) → \(now)"))
    }
    (rest.min, rest.max, rest.maxLength) = (old.min, old.max, old.maxLength)
    if let format = old.format, self.format == nil {
      found.append(
        Addition(
          .bound, record: place.record, field: place.field, zh: "不再限于 \(format)", en: "is not only \(format) any more"))
      rest.format = format
    }
    rest.values = try oldChoices(old.values, at: place, &found)
    guard rest == old else {
      throw refused(
        "\(place.record).\(place.field)", zh: "format 或 values 与原来不同,只能放宽;请写回",
        en: "format or values are not as before; they may only let more values in: put them back")
    }
    return rest
  }

  private func oldChoices(
    _ old: [Choice]?, at place: (record: String, field: String), _ found: inout [Addition]
  ) throws -> [Choice]? {
    guard let old, let values else { return values }
    func find(_ value: String, in list: [Choice]) -> Choice? { list.first { $0.value.isSpelled(as: value) } }
    for before in old {
      guard let choice = find(before.value, in: values), choice.owner == before.owner else {
        throw refused(
          "\(place.record).\(place.field)", zh: "values 中的「\(before.value)」被删去、改名或换了 owner;请写回",
          en: "“\(before.value)” of its values is removed, renamed or another's to set; put it back")
      }
      if choice.label != before.label {
        found.append(
          Addition(
            .words, record: place.record, field: place.field, zh: "「\(before.value)」的新名称",
            en: "another label of “\(before.value)”"))
      }
    }
    for choice in values where find(choice.value, in: old) == nil {
      found.append(
        Addition(
          .choice, record: place.record, field: place.field, zh: "新值「\(choice.value)」",
          en: "a new value “\(choice.value)”"))
    }
    return old
  }
}
