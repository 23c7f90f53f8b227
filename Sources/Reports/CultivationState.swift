import SQLiteStore
import SyncCore

/// How far a nomination for the cultivation list has come.
enum CultivationState: String, CaseIterable {
  case nominated, county, city, listed, void, withdrawn

  /// - Parameters:
  ///   - enteredOn: the first day on which it was on the list; nil: not noted, then it was on every day.
  ///   - county: the version of the row that the county has approved; `city` likewise.
  ///   - version: the row as it is now; nil: not known, then two approvals of one version count as of this one.
  init(
    enteredOn: String? = nil, withdrawnOn: String?, county: String?, city: String?, version: String?, day: String
  ) {
    if let withdrawnOn, withdrawnOn <= day {
      self = .withdrawn
      return
    }
    switch (county, city, version) {
    case (nil, nil, _): self = .nominated
    case (let county, let city, let version?):
      self = county == version ? (city == version ? .listed : .county) : city == version ? .city : .void
    case (let county?, let city?, nil): self = county == city ? .listed : .void
    case (let county, _, nil): self = county == nil ? .city : .county
    }
    // Which side had approved by then is not known.
    if self == .listed, let enteredOn, enteredOn > day { self = .nominated }
  }

  var label: Label {
    switch self {
    case .nominated: Label(zh: "已推荐", en: "Nominated")
    case .county: Label(zh: "县区已同意", en: "Approved by the county")
    case .city: Label(zh: "市里已同意", en: "Approved by the city")
    case .listed: Label(zh: "双方同意,已入库", en: "Approved by both: in the list")
    case .void: Label(zh: "同意的不是现在的版本,待会商", en: "Approved in another version, to be agreed")
    case .withdrawn: Label(zh: "已退出", en: "Withdrawn")
    }
  }
}

/// One nomination that counts.
struct CultivationEntry {
  let enterprise: String
  let batch: String
  let state: CultivationState

  static func all(_ source: ReportSource) throws -> [CultivationEntry] {
    guard let record = source.schema.record("cultivation_entry") else { return [] }
    var all: [CultivationEntry] = []
    let columns = record.columns.map { "c.\($0)" }.joined(separator: ", ")
    let sql = """
      SELECT \(columns), \(enteredOn("c")), \(leftOn("c")) FROM cultivation_entry c JOIN enterprise e ON e.id = c.enterprise_id
      WHERE \(Valid.enterprise()) ORDER BY c.batch, c.id
      """
    try source.db.each(sql) { row in
      let image = row.cells(record.fields.indices)
      let text = { (field: String) in record.index(of: field).flatMap { image[$0].string } }
      let days = [0, 1].map { row.cell(record.fields.count + $0).string }
      let state = CultivationState(
        enteredOn: days[0], withdrawnOn: days[1], county: text("county_ok"), city: text("city_ok"),
        version: source.agreedVersion(record, image, approved: text("county_ok")), day: source.day)
      all.append(
        CultivationEntry(enterprise: text("enterprise_id") ?? "", batch: text("batch") ?? "", state: state))
    }
    return all
  }
}
