import Presentation
import SyncCore

// The industry chains, node by node from upstream, and what is missing in them.

extension InvestmentReport {
  /// Enterprises and live projects at each node of the map.
  private static let standing = """
    SELECT n.chain, n.node, n.position, n.name_zh, n.name_en, n.assessment,
      (SELECT count(DISTINCT p.enterprise_id) FROM chain_position p JOIN enterprise e ON e.id = p.enterprise_id
        WHERE p.chain = n.chain AND p.node = n.node AND \(Valid.enterprise("e"))) AS firms,
      (SELECT count(*) FROM investment_project i WHERE i.chain = n.chain AND i.node = n.node AND i.phase <> 'lost'
        AND (i.since IS NULL OR i.since <= :day)) AS projects
    FROM chain_node n
    """

  static func chains(_ source: ReportSource) throws -> Report.Section {
    try map(
      source, "chains", Label(zh: "产业链全景图", en: "Chain map"), where: "1",
      notes: [Label(zh: "流失的项目不计", en: "Projects that were lost do not count")])
  }

  /// A county does not see who stands at a node elsewhere.
  static func gaps(_ source: ReportSource) throws -> Report.Section {
    let title =
      source.unit == nil
      ? Label(zh: "缺口:没有企业,或评为薄弱、缺失", en: "Gaps: no enterprise, or assessed weak or missing")
      : Label(zh: "缺口:评为薄弱、缺失", en: "Gaps: assessed weak or missing")
    return try map(
      source, "gaps", title, where: "firms = 0 AND :unit IS NULL OR assessment IN ('weak', 'missing')")
  }

  private static func map(
    _ source: ReportSource, _ name: String, _ title: Label, where condition: String, notes: [Label] = []
  ) throws -> Report.Section {
    let field = { (name: String) in source.drawn("chain_node", name) }
    let drawn = [
      source.code("chain_node", "chain"), field("position"), field("node"), .name, field("assessment"), .enterprises,
      Drawn("projects", zh: "招商项目", en: "Projects"),
    ]
    let sql = """
      SELECT chain, position, node, name_zh, assessment, firms, projects, coalesce(name_en, name_zh) FROM (\(standing))
      WHERE \(condition) ORDER BY chain, position, node
      """
    // The names in two languages are in two columns.
    return try source.bilingual(name, title, notes: notes, drawn, zh: 3, en: 7, sql: sql)
  }
}
