import Presentation
import SQLiteStore
import SyncCore

/// Transformation projects by phase, and key technologies, under each priority topic of the plan.
enum PipelineTopics {
  private struct Topic {
    var phases = Tally()
    var investment: [Int64] = []
    var technologies: Int64 = 0
  }

  static func section(_ source: ReportSource) throws -> Report.Section {
    let names = try names(source)
    let topics = try topics(source)
    let listed = names.map(\.code)
    let others = topics.keys.filter { !$0.isEmpty && !listed.contains($0) }.sorted()
    let labels = Dictionary(names, uniquingKeysWith: { first, _ in first })
    let phases = source.choices("project", "phase")
    let rows = (listed + others + [""]).map { code -> [Report.Cell] in
      let topic = topics[code] ?? Topic()
      let name = code.isEmpty ? Label(zh: "未归专题", en: "No topic") : labels[code] ?? Label(zh: code, en: code)
      return [code.isEmpty ? .none : .text(code), .label(name)] + topic.phases.cells(phases) + [
        topic.investment.isEmpty ? .none : Sum(topic.investment).cell, .integer(topic.technologies),
      ]
    }
    return Report.Section(
      "topics", Label(zh: "重大科技成果转化项目与重点专题", en: "Transformation projects and priority topics"),
      notes: [Label(zh: "总投资不含已终止项目", en: "the investment leaves out stopped projects")],
      columns: [.init("code", Label(zh: "代码", en: "Code")), .init("topic", Label(zh: "重点专题", en: "Priority topic"))]
        + Tally.columns(phases) + [
          .init("investment", Label(zh: "总投资", en: "Investment"), unit: .yi),
          .init("key_technologies", Label(zh: "关键技术和产品", en: "Key technologies and products")),
        ], rows: rows)
  }

  private static func names(_ source: ReportSource) throws -> [(code: String, name: Label)] {
    var names: [(code: String, name: Label)] = []
    let sql = "SELECT code, label_zh, label_en FROM code_item WHERE list = 'priority_topic' ORDER BY code"
    try source.db.each(sql) { row in
      let zh: String = row[1]
      names.append((row[0], Label(zh: zh, en: row[2] ?? zh)))
    }
    return names
  }

  private static func topics(_ source: ReportSource) throws -> [String: Topic] {
    var topics: [String: Topic] = [:]
    let projects = """
      SELECT coalesce(p.topic, ''), p.phase, p.investment FROM project p JOIN enterprise e ON e.id = p.enterprise_id
      WHERE \(Valid.enterprise())
      """
    try source.db.each(projects) { row in
      let (code, phase) = (row[0] as String, row[1] as String)
      topics[code, default: Topic()].phases.counts[phase, default: 0] += 1
      if phase != "stopped", let investment = row[2] as Int64? { topics[code]?.investment.append(investment) }
    }
    let technologies = """
      SELECT coalesce(t.topic, ''), count(*) FROM key_technology t JOIN enterprise e ON e.id = t.enterprise_id
      WHERE \(Valid.enterprise()) GROUP BY 1
      """
    try source.db.each(technologies) { row in topics[row[0] as String, default: Topic()].technologies = row[1] }
    return topics
  }
}
