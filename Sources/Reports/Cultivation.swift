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
      guard let approved = row[county].string, row[county] == row[city] else { return false }
      return agreedVersion(record, row, approved: approved).map { $0 == approved } ?? true
    }
    return JSON.array(agreed.map { JSON($0[id]) }).text()
  }
}

extension ReportSource {
  /// The version of an entry that its approvals are held against: a later exit does not undo what was agreed before it.
  /// - Parameter approved: the version that a side has approved.
  func agreedVersion(_ record: RecordSchema, _ row: [Value], approved: String?) -> String? {
    let now = version(record, row)
    guard now != approved, let withdrawn = record.index(of: "withdrawn_on"), !row[withdrawn].isNull else { return now }
    var before = row
    before[withdrawn] = .null
    return version(record, before)
  }
}

/// Whether an entry of the cultivation list counts on the day: both sides agree, it has entered, and it has not left.
func inCultivation(_ entry: String) -> String {
  """
  \(entry).id IN (SELECT value FROM json_each(:agreed)) \
  AND coalesce(\(enteredOn(entry)) <= :day, 1) AND coalesce(\(leftOn(entry)) > :day, 1)
  """
}

/// The first day on which an entry was on the list. NULL where none is noted: the two sides approved it without hearing of
/// each other, or before days were noted.
func enteredOn(_ entry: String) -> String { noted("entry", "to_state", entry) }

/// The day on which an entry left the list, or NULL. An exit that was noted stands, whatever the entry says since: what one
/// side took off, the other does not put back alone.
func leftOn(_ entry: String) -> String {
  let exit = noted("exit", "from_state", entry)
  return "coalesce(min(\(entry).withdrawn_on, \(exit)), \(entry).withdrawn_on, \(exit))"
}

private func noted(_ kind: String, _ state: String, _ entry: String) -> String {
  """
  (SELECT min(x.happened_on) FROM status_event x WHERE x.enterprise_id = \(entry).enterprise_id \
  AND x.scheme = 'cultivation' AND x.kind = '\(kind)' AND x.\(state) = \(entry).batch)
  """
}
