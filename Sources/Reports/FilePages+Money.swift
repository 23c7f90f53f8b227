import Presentation
import SyncCore

// Loans, listings and investments, and where the enterprise stands among others.

extension FilePages {
  func money() throws -> [Report.Section] {
    try [
      list(
        "loans", "应急转贷", "Refinancing loans", of: "refinancing_loan",
        ["bank", "amount", "starts_on", "ends_on", "repaid_on"], order: "starts_on, id"),
      list(
        "listings", "股权挂牌", "Equity listings", of: "equity_listing",
        ["exchange", "code", "listed_on", "delisted_on", "confirmed"], order: "listed_on, id"),
      investments(),
    ]
  }

  private func investments() throws -> Report.Section {
    try section(
      "investments", "基金投资", "Investments of funds",
      [
        Drawn("fund", zh: "基金", en: "Fund"), source.drawn("fund_investment", "amount"),
        source.drawn("fund_investment", "invested_on"), source.drawn("fund_investment", "exited_on"),
      ],
      sql: """
        SELECT f.name, i.amount, i.invested_on, i.exited_on FROM fund_investment i JOIN fund f ON f.id = i.fund_id
        WHERE i.enterprise_id = :id ORDER BY i.invested_on, i.id
        """)
  }

  func surroundings() throws -> [Report.Section] {
    try [
      section(
        "clusters", "所在集群", "Clusters",
        [.name, source.drawn("membership", "role"), source.drawn("cluster", "confirmed_year")],
        sql: """
          SELECT c.name, m.role, c.confirmed_year FROM membership m JOIN cluster c ON c.id = m.cluster_id
          WHERE m.enterprise_id = :id ORDER BY c.name, c.id
          """),
      section(
        "chains", "产业链环节", "Places in industry chains",
        [source.code("chain_position", "chain"), source.drawn("chain_position", "node")],
        sql: """
          SELECT p.chain, coalesce(n.name_zh, p.node) FROM chain_position p
          LEFT JOIN chain_node n ON n.chain = p.chain AND n.node = p.node
          WHERE p.enterprise_id = :id ORDER BY p.chain, n.position, p.node
          """),
      list(
        "cases", "先进典型", "Model cases", of: "model_case", ["year", "title", "media", "confirmed"], order: "year, id"),
    ]
  }
}
