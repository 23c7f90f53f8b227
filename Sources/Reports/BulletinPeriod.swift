import Presentation
import SyncCore

/// A year such as 2018 or, year-to-date, a month such as 201803.
struct BulletinPeriod {
  let code: Int64
  var isMonth: Bool { code > 9999 }
  var year: Int64 { isMonth ? code / 100 : code }
  var month: Int64 { isMonth ? code % 100 : 12 }
  /// The same period a year before.
  var before: Int64 { isMonth ? code - 100 : code - 1 }

  init?(_ text: String) {
    guard text.utf8.allSatisfy({ (48...57).contains($0) }), let code = Int64(text) else { return nil }
    let isYear = text.count == 4 && (1949...2100).contains(code)
    let isMonth = text.count == 6 && (1949...2100).contains(code / 100) && (1...12).contains(code % 100)
    guard isYear || isMonth else { return nil }
    self.code = code
  }

  /// The last day, on which it is asked who should have reported.
  var lastDay: String {
    let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    let days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][Int(month) - 1]
    return "\(year)-\(month < 10 ? "0" : "")\(month)-\(days)"
  }

  var label: Label {
    guard isMonth else { return Label(zh: "\(year) 年", en: "\(year)") }
    if month == 1 { return Label(zh: "\(year) 年 1 月", en: "January \(year)") }
    return Label(zh: "\(year) 年 1—\(month) 月", en: "months 1–\(month) of \(year)")
  }

  /// - Throws: `Failure` when none is named, it is none, or the city has not set it.
  static func asked(_ source: ReportSource) throws -> BulletinPeriod {
    let known = try source.rows("SELECT code FROM period ORDER BY code").compactMap { row -> String? in
      if case .integer(let code) = row[0] { String(code) } else { nil }
    }
    let zh = known.isEmpty ? "尚未设定报告期" : "已设定:\(known.joined(separator: "、"))"
    let en = known.isEmpty ? "no period has been set" : "known: \(known.joined(separator: ", "))"
    guard let text = source.subject, !text.isEmpty else {
      throw Failure(
        .usage, zh: "请指明报告期,如 2018 或 201803;\(zh)", en: "name a period such as 2018 or 201803; \(en)")
    }
    guard let period = BulletinPeriod(text) else {
      throw Failure(
        .usage, zh: "“\(quotedText(text))”不是报告期,应为 2018 或 201803 的样式;\(zh)",
        en: "'\(quotedText(text))' is not a period such as 2018 or 201803; \(en)")
    }
    guard known.contains(String(period.code)) else {
      throw Failure(.notFound, zh: "没有报告期 \(period.code);\(zh)", en: "there is no period \(period.code); \(en)")
    }
    return period
  }
}
