import Commands
import GRDB
import Registry
import Replica
import Reports
import SQLiteStore
import SyncCore

/// Who should report for a period, and who did.
struct Coverage {
  var expected = 0
  var reported = 0
  /// Names, in order of the enterprises' keys.
  var missing: [String] = []

  /// The unit's enterprises with a recognition as tech SME or small giant that is valid on the day; all of them when none has.
  /// - Parameter period: 2018 is a year, 201803 a month.
  init(_ db: Database, _ replica: Replica, period: Int64, on day: CalendarDay) throws {
    let own = "e.owner_org = ?2 AND \(Valid.enterprise())"
    let valid = """
      EXISTS (SELECT 1 FROM recognition r WHERE r.enterprise_id = e.id AND r.scheme IN ('tech_sme', 'small_giant')
        AND \(Valid.recognition()))
      """
    let figures =
      period > 9999
      ? "EXISTS (SELECT 1 FROM enterprise_month m WHERE m.enterprise_id = e.id AND m.period = ?3)"
      : """
      EXISTS (SELECT 1 FROM enterprise_year y WHERE y.enterprise_id = e.id AND y.year = ?3 AND \(Valid.figures()))
      """
    let sql = "SELECT e.name, \(valid), \(figures) FROM enterprise e WHERE \(own) ORDER BY e.id"
    var all: [(name: String, isRecognised: Bool, hasReported: Bool)] = []
    try db.each(
      sql,
      [Value(day), Value(replica.unit), .integer(period)]
    ) { row in
      all.append((row[0] as String? ?? "", row[1] as Bool? ?? false, row[2] as Bool? ?? false))
    }
    let recognised = all.filter(\.isRecognised)
    let asked = recognised.isEmpty ? all : recognised
    expected = asked.count
    missing = asked.filter { !$0.hasReported }.map(\.name)
    reported = expected - missing.count
  }
}
