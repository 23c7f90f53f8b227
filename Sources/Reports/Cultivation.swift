import Presentation
import SQLiteStore
import SyncCore

// The joint cultivation list: what county and city have both approved as it stands.

extension ReportSource {
  /// The ids of the entries whose present version both sides have approved, as a JSON array, for the argument :agreed.
  func agreedEntries() throws -> String {
    guard let record = schema.record("cultivation_entry"), let joint = record.rules.joint,
      let county = record.index(of: joint.county), let city = record.index(of: joint.city),
      let id = record.index(of: "id")
    else { return "[]" }
    let sql = "SELECT \(record.columns.joined(separator: ", ")) FROM \(record.table)"
    let agreed = try rows(sql).filter { row in
      guard !row[county].isNull, row[county] == row[city] else { return false }
      return version(record, row).map(Value.text) == row[county]
    }
    return JSON.array(agreed.map { JSON($0[id]) }).text()
  }
}

/// Whether an entry of the cultivation list counts on the day: both sides agree, and it was not withdrawn.
func inCultivation(_ entry: String) -> String {
  """
  \(entry).id IN (SELECT value FROM json_each(:agreed)) \
  AND (\(entry).withdrawn_on IS NULL OR \(entry).withdrawn_on > :day)
  """
}
