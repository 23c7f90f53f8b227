import Presentation
import SQLiteStore
import SyncCore

/// What is under way: applications, filings, nominations, transformation projects, each by how far it has come.
public enum PipelineReport: ReportKind {
  public static let name = "pipeline"
  public static let summary = Label(zh: "在办事项:申报、填报、入库、转化项目的阶段", en: "what is under way, by stage")

  public static func draw(_ source: ReportSource) throws -> Report {
    Report(
      name: name, title: Label(zh: "在办事项", en: "Pipeline"), notes: [source.drawnFor] + source.ownOnly,
      sections: [
        try applications(source), try notices(source), try filings(source), try cultivation(source),
        try PipelineTopics.section(source),
      ])
  }

  private static func applications(_ source: ReportSource) throws -> Report.Section {
    let sql = """
      SELECT a.scheme, a.year, a.stage, count(*) FROM application a JOIN enterprise e ON e.id = a.enterprise_id
      WHERE a.year <= ?1 AND \(Valid.enterprise()) GROUP BY a.scheme, a.year, a.stage
      """
    var counts: [[String]: Tally] = [:]
    try source.db.each(sql, [.integer(source.year)]) { row in
      counts[[row[0], "\(row[1] as Int64)"], default: Tally()].counts[row[2] as String] = row[3]
    }
    let schemes = source.choices("application", "scheme")
    let places = Dictionary(schemes.enumerated().map { ($1.value, $0) }, uniquingKeysWith: { first, _ in first })
    let keys = counts.keys.sorted { (places[$0[0]] ?? 0, $0[1]) < (places[$1[0]] ?? 0, $1[1]) }
    let stages = source.choices("application", "stage")
    return Report.Section(
      "applications", Label(zh: "申报", en: "Applications"),
      notes: [
        Label(zh: "在一个阶段停留多久没有记录,公示有起止日期", en: "how long one has been in a stage is not recorded; a notice is dated")
      ],
      columns: [.init("scheme", Label(zh: "申报类别", en: "Scheme")), .init("year", Label(zh: "年份", en: "Year"))]
        + Tally.columns(stages),
      rows: keys.map { key in
        [.label(.choice(key[0], source.field("application", "scheme"))), .yuan(Int64(key[1]))]
          + (counts[key] ?? Tally()).cells(stages)
      })
  }

  /// What is on public notice, with the days that are left of it.
  private static func notices(_ source: ReportSource) throws -> Report.Section {
    var rows: [[Report.Cell]] = []
    let sql = """
      SELECT e.name, a.scheme, a.year, a.notice_from, a.notice_to
      FROM application a JOIN enterprise e ON e.id = a.enterprise_id
      WHERE a.stage = 'notice' AND a.year <= ?1 AND \(Valid.enterprise()) ORDER BY a.notice_to, e.name, a.id
      """
    try source.db.each(sql, [.integer(source.year)]) { row in
      let (from, to) = (row[3] as String?, row[4] as String?)
      let left = to.flatMap(Calendar.number).flatMap { end in Calendar.number(source.day).map { end - $0 } }
      rows.append([
        .text(row[0] as String), .label(.choice(row[1], source.field("application", "scheme"))), .integer(row[2]),
        .text(from), .text(to), .yuan(left),
      ])
    }
    return Report.Section(
      "notices", Label(zh: "公示中", en: "On public notice"),
      columns: [
        .init("name", Label(zh: "企业", en: "Enterprise")), .init("scheme", Label(zh: "申报类别", en: "Scheme")),
        .init("year", Label(zh: "年份", en: "Year")), .init("notice_from", Label(zh: "公示开始", en: "Notice from")),
        .init("notice_to", Label(zh: "公示结束", en: "Notice to")),
        .init("days_left", Label(zh: "剩余天数(负数为已过)", en: "Days left, below 0 when over"), unit: .days),
      ], rows: rows)
  }

  private static let filed = [
    "product", "key_technology", "rd_institution", "carrier", "park", "project", "cluster",
  ]

  private static func filings(_ source: ReportSource) throws -> Report.Section {
    let stages = source.choices("product", "stage")
    let rows = try filed.map { record -> [Report.Cell] in
      let hasEnterprise = source.schema.record(record)?.scope == .via("enterprise_id")
      let counted = hasEnterprise ? "JOIN enterprise e ON e.id = t.enterprise_id AND \(Valid.enterprise())" : ""
      var tally = Tally()
      var confirmed: Int64 = 0
      let sql = "SELECT t.stage, count(*), sum(t.confirmed = 1) FROM \(record) t \(counted) GROUP BY t.stage"
      try source.db.each(sql) { row in
        tally.counts[row[0] as String? ?? "", default: 0] += row[1]
        confirmed += row[2] as Int64? ?? 0
      }
      return [.text(record), .label(source.label(record))] + tally.cells(stages) + [.integer(confirmed)]
    }
    return Report.Section(
      "filings", Label(zh: "填报", en: "Filings"),
      columns: [.init("record", Label(zh: "记录", en: "Record")), .init("record_name", Label(zh: "名称", en: "Name"))]
        + Tally.columns(stages) + [.init("confirmed", Label(zh: "其中市级已确认", en: "Of these confirmed by the city"))],
      rows: rows)
  }

  private static func cultivation(_ source: ReportSource) throws -> Report.Section {
    let batches = Dictionary(grouping: try CultivationEntry.all(source), by: \.batch)
    let states = CultivationState.allCases
    return Report.Section(
      "cultivation", Label(zh: "入库培育", en: "Cultivation list"),
      columns: [.init("batch", Label(zh: "批次", en: "Batch"))]
        + states.map { .init($0.rawValue, $0.label) } + [.init("total", Label(zh: "合计", en: "Total"))],
      rows: batches.keys.sorted().map { batch in
        let entries = batches[batch] ?? []
        return [.text(batch)] + states.map { state in .count(entries.count { $0.state == state }) } + [
          .count(entries.count)
        ]
      })
  }
}

/// Counts by the values of one field.
struct Tally {
  /// The empty text is for rows without a value.
  var counts: [String: Int64] = [:]

  static func columns(_ choices: [Check.Choice]) -> [Report.Column] {
    choices.map { .init($0.value, $0.label) } + [
      .init("blank", Label(zh: "未填", en: "Not given")), .init("total", Label(zh: "合计", en: "Total")),
    ]
  }

  func cells(_ choices: [Check.Choice]) -> [Report.Cell] {
    (choices.map(\.value) + [""]).map { .integer(counts[$0] ?? 0) } + [.integer(counts.values.reduce(0, +))]
  }
}

extension ReportSource {
  func choices(_ record: String, _ name: String) -> [Check.Choice] { field(record, name)?.check.values ?? [] }
}
