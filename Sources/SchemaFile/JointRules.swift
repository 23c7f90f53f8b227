import SyncCore

/// Two texts of a row say which version of it each side has approved: one field is the city's, the other the county's.
enum JointRules {
  static func check(_ record: RecordSchema) throws {
    guard let joint = record.rules.joint else { return }
    guard record.scope != .all else {
      throw SchemaProblem(
        Place(record: record.name, key: "joint"), zh: "scope 为 all 的记录没有县区一方,请改 scope 或删去 joint",
        en: "joint: a record of scope all has no county to approve it; give it a scope or remove joint")
    }
    guard joint.county != joint.city else {
      throw SchemaProblem(
        Place(record: record.name, key: "joint.city"), zh: "joint 的两方不能用同一字段「\(joint.city)」,请写两个字段",
        en: "joint: both sides name “\(joint.city)”; give each its own field")
    }
    try check(joint.county, of: "county", record)
    try check(joint.city, of: "city", record)
  }

  private static func check(_ name: String, of side: String, _ record: RecordSchema) throws {
    let place = Place(record: record.name, key: "joint.\(side)")
    try SchemaRules.checkFields([name], of: record, at: place, what: "joint.\(side)")
    guard let index = record.index(of: name) else { return }
    let field = record.fields[index]
    guard field.kind == .text, !field.required, !record.isKey(index) else {
      throw SchemaProblem(
        place, zh: "joint.\(side) 的「\(name)」应是非主键、可空的 text 字段,请换一个字段或改它",
        en: "joint.\(side): “\(name)” must be a text that is neither key nor required; change it or name another")
    }
    try checkOwner(record.owner(of: index), side, name, place)
    guard field.policy == .latest else {
      throw SchemaProblem(
        place, zh: "joint.\(side) 的「\(name)」应以后一次批准为准,请写 policy: latest",
        en: "joint.\(side): of two approvals in “\(name)” the later one counts; write policy: latest")
    }
  }

  private static func checkOwner(_ owner: Owner, _ side: String, _ name: String, _ place: Place) throws {
    if side == "city", owner != .city {
      throw SchemaProblem(
        place, zh: "joint.city 的「\(name)」只能由市里填写,请写 owner: city",
        en: "joint.city: only the city may write “\(name)”; write owner: city")
    }
    if side == "county", owner == .city {
      throw SchemaProblem(
        place, zh: "joint.county 的「\(name)」由市里维护,县区无法批准,请写 owner: any",
        en: "joint.county: the city owns “\(name)”, so no county could approve; write owner: any")
    }
  }
}
