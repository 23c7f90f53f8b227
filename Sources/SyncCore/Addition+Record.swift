extension RecordSchema {
  /// The record as it would be without what is new in it.
  func withoutAdditions(since old: RecordSchema, _ found: inout [Addition]) throws -> RecordSchema {
    var rest = self
    if label != old.label { found.append(Addition(.words, record: name, zh: "新名称", en: "another label")) }
    rest.label = old.label
    rest.fields = try old.fields.indices.map { try oldField($0, of: old, &found) }
    for field in fields.dropFirst(old.fields.count) {
      try assertNew(field, in: old)
      found.append(Addition(.field, record: name, field: field.name, zh: "新字段", en: "a new field"))
    }
    rest.unique = try oldUnique(old, &found)
    rest.rules.lock = try oldLock(old.rules.lock, &found)
    if let changed = Self.aspects.first(where: { !$0.isSame(rest, old) })?.name {
      throw refused(
        name, zh: "\(changed) 与原来不同,升级不能改变它;请写回",
        en: "\(changed) is not as before, and an upgrade cannot change it; put it back")
    }
    return rest
  }

  /// Masks and images tell columns by their place.
  private func oldField(_ index: Int, of old: RecordSchema, _ found: inout [Addition]) throws -> Field {
    let before = old.fields[index]
    let place = "\(name).\(before.name)"
    guard let at = self.index(of: before.name), fields[at].name.isSpelled(as: before.name) else {
      throw refused(place, zh: "字段被删去或改名;请写回", en: "the field is removed or renamed; put it back")
    }
    guard at == index else {
      throw refused(
        place, zh: "原为第 \(index + 1) 个字段,现为第 \(at + 1) 个;字段按位置辨认,请保持原次序,新字段写在最后",
        en: "was field \(index + 1) and is field \(at + 1) now; fields are known by their places: "
          + "keep their order and put new ones after them")
    }
    return try fields[index].withoutAdditions(since: before, of: name, &found)
  }

  /// Rows that are there have nothing in a new field, and neither has what an earlier version still sends.
  private func assertNew(_ field: Field, in old: RecordSchema) throws {
    let place = "\(name).\(field.name)"
    guard !field.required else {
      throw refused(
        place, zh: "新字段不能 required,已有的行没有它的值;请删去 required",
        en: "a new field cannot be required, for rows that are there have no value in it; leave required out")
    }
    guard old.rules.joint == nil else {
      throw refused(
        place, zh: "双方会商的记录不能加字段:已有的同意会失效;请另建记录",
        en: "a record that both sides approve gets no new field, for every approval given would lapse; use a new record"
      )
    }
  }

  /// A set with a new field in it: no row that is there claims a value.
  private func oldUnique(_ old: RecordSchema, _ found: inout [Addition]) throws -> [[String]] {
    func isOld(_ set: [String]) -> Bool { old.unique.contains(set) }
    for set in unique where !isOld(set) {
      let list = set.joined(separator: ",")
      guard set.contains(where: { old.field($0) == nil }) else {
        throw refused(
          "\(name).\(list)", zh: "已有的字段不能改为 unique,其中可能有相同的值;请删去",
          en: "cannot become unique, for equal values may be there; leave it out")
      }
      found.append(Addition(.unique, record: name, field: list, zh: "唯一", en: "is unique"))
    }
    if let gone = old.unique.first(where: { !unique.contains($0) }) {
      throw refused(
        "\(name).\(gone.joined(separator: ","))", zh: "原为 unique;请写回", en: "was unique; put that back")
    }
    return old.unique
  }

  /// A lock breaks no row: it says what becomes of later changes. It may come, close on more values, or get an exception.
  /// The order of the values says nothing.
  private func oldLock(_ old: Lock?, _ found: inout [Addition]) throws -> Lock? {
    guard let lock = rules.lock else { return nil }
    guard let old else {
      found.append(Addition(.lock, record: name, zh: "可被 \(lock.record) 锁定", en: "can be locked by \(lock.record)"))
      return nil
    }
    var rest = lock
    if old.values.allSatisfy(lock.values.contains) {
      let more = lock.values.filter { !old.values.contains($0) }
      if !more.isEmpty {
        let list = more.joined(separator: ", ")
        found.append(Addition(.lock, record: name, zh: "\(list) 也锁定", en: "\(list) locks too"))
      }
      rest.values = old.values
    }
    if let except = lock.except, old.except == nil {
      found.append(
        Addition(.lock, record: name, zh: "\(except.record) 可开锁", en: "\(except.record) opens its lock"))
      rest.except = nil
    }
    return rest
  }

  /// What a record says besides its fields. The last one catches whatever else it may say.
  private static let aspects: [(name: String, isSame: @Sendable (RecordSchema, RecordSchema) -> Bool)] = [
    ("key", { $0.key == $1.key }), ("scope", { $0.scope == $1.scope }), ("owner", { $0.owner == $1.owner }),
    ("edits", { $0.edits == $1.edits }), ("projects", { $0.projects == $1.projects }),
    ("append", { $0.rules.append == $1.rules.append }), ("delete", { $0.rules.delete == $1.rules.delete }),
    ("decides", { $0.rules.decides == $1.rules.decides }), ("joint", { $0.rules.joint == $1.rules.joint }),
    ("locked_by", { $0.rules.lock == $1.rules.lock }), ("the record", { $0 == $1 }),
  ]
}
