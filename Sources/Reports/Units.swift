import GRDB
import SQLiteStore
import SyncCore

/// The org units: their names, and which of them has taken over from which.
struct Units {
  struct Unit {
    let code: String
    let name: Label
    let isCity: Bool
    /// The day from which the successor has taken over.
    let validTo: String?
    let successor: String?
  }

  /// The city first, then by code.
  let all: [Unit]
  private let byCode: [String: Unit]

  init(_ db: Database) throws {
    var all: [Unit] = []
    let sql = "SELECT code, name_zh, name_en, kind, valid_to, successor FROM org_unit ORDER BY kind <> 'city', code"
    try db.each(sql) { row in
      let (zh, en) = (row[1] as String, row[2] as String?)
      all.append(
        Unit(
          code: row[0], name: Label(zh: zh, en: en ?? zh), isCity: row[3] as String == "city", validTo: row[4],
          successor: row[5]))
    }
    self.all = all
    byCode = Dictionary(all.map { ($0.code, $0) }, uniquingKeysWith: { first, _ in first })
  }

  var city: String? { all.first { $0.isCity }?.code }

  func name(_ code: String) -> Label { byCode[code]?.name ?? Label(zh: code, en: code) }

  /// The unit that stands for this one on a day: itself, or the last of its successors that has taken over by then.
  func current(_ code: String, on day: String) -> String {
    var seen: Set<String> = []
    var code = code
    while seen.insert(code).inserted, let unit = byCode[code], let end = unit.validTo, end <= day,
      let next = unit.successor
    {
      code = next
    }
    return code
  }
}
