import Presentation
import Registry
import SyncCore

/// Everything about one enterprise. No names of persons.
public enum FileReport: ReportKind {
  public static let name = "file"
  public static let summary = Label(zh: "企业档案:一家企业的全部记录", en: "The file of one enterprise")
  public static let subject: Label? = Label(
    zh: "企业编号或统一社会信用代码", en: "an enterprise by its id or credit code")

  public static func draw(_ source: ReportSource) throws -> Report {
    let subject = try EnterpriseSubject.asked(source)
    let pages = FilePages(source: source, id: subject.id)
    let heading = try pages.heading()
    var notes = [source.dayNote]
    if let merged = subject.mergedName {
      notes.append(Label(zh: "\(merged) 已并入此企业", en: "\(merged) was merged into this enterprise"))
    }
    if source.unit != nil {
      notes.append(Label(zh: "名次只计本单位可见的企业", en: "Ranks are among the enterprises that this unit sees"))
    }
    return Report(
      name: name, title: Label(zh: "企业档案:\(heading)", en: "Enterprise file: \(heading)"), notes: notes,
      sections: try [pages.head(heading), pages.figures()] + pages.standing() + pages.followUp() + pages.money()
        + pages.assets() + pages.surroundings())
  }
}

/// The sections of the file of one enterprise.
struct FilePages {
  let source: ReportSource
  let id: String

  func section(
    _ name: String, _ zh: String, _ en: String, notes: [Label] = [], _ columns: [Drawn], chart: Report.Chart? = nil,
    sql: String
  ) throws -> Report.Section {
    try source.section(
      name, Label(zh: zh, en: en), notes: notes, columns, chart: chart, arguments: ["id": .text(id)], sql: sql)
  }

  /// The name, with those that it had before.
  func heading() throws -> String {
    let sql = """
      SELECT e.name, (SELECT group_concat(o.name, '、') FROM (SELECT name FROM enterprise_name
        WHERE enterprise_id = e.id AND name <> e.name GROUP BY name ORDER BY max(valid_to) DESC, name) o)
      FROM enterprise e WHERE e.id = :id
      """
    guard let row = try source.rows(sql, ["id": .text(id)]).first, case .text(let name) = row[0] else { return id }
    if case .text(let former) = row[1] { return "\(name)(原:\(former))" }
    return name
  }

  func head(_ heading: String) throws -> Report.Section {
    let fields = [
      "uscc", "owner_org", "division_code", "industry", "founded_on", "address", "zone_code", "field_tags",
      "status_note", "note",
    ]
    let names = try Names(source.db)
    let columns = fields.map { source.drawn("enterprise", $0) }
    let sql = "SELECT \(fields.joined(separator: ", ")) FROM enterprise WHERE id = :id"
    var rows: [[Report.Cell]] = [[.label(Label(zh: "名称", en: "Name")), .text(heading)]]
    for row in try source.rows(sql, ["id": .text(id)]) {
      for (index, column) in columns.enumerated() {
        // A division has the code of the unit that stands for it.
        let reading: Drawn.Reading = fields[index] == "division_code" ? .unit : column.reading
        var cell = names.cell(row[index], reading)
        if fields[index] == "field_tags", case .text(let tags) = cell { cell = .label(names.tags(tags)) }
        rows.append([.label(column.column.label), cell])
      }
    }
    rows += try [sizeAndTier(), contacts()].flatMap { $0 }
    return Report.Section(
      "head", Label(zh: "基本情况", en: "The enterprise"),
      columns: [Drawn("item", zh: "项目", en: "Item"), Drawn("value", zh: "内容", en: "Value")].map(\.column), rows: rows)
  }

  /// By the newest year with figures up to the year that is asked for.
  private func sizeAndTier() throws -> [[Report.Cell]] {
    let sql = """
      SELECT e.industry, y.year, y.staff, y.revenue, y.taxable_sales FROM enterprise e
      JOIN enterprise_year y ON y.enterprise_id = e.id WHERE e.id = :id AND y.year <= :year AND \(Valid.figures())
      ORDER BY y.year DESC LIMIT 1
      """
    let row = try source.rows(sql, ["id": .text(id)]).first
    func number(_ index: Int) -> Int64? { if case .integer(let x)? = row?[index] { x } else { nil } }
    let year = number(1) ?? source.year
    let industry = if case .text(let code)? = row?[0] { code } else { "" }
    let size = (try? source.rules.sizeClass.version(in: year))?
      .size(industry: industry, staff: number(2), revenue: number(3))
    let tiers = (try? source.rules.salesTier.version(in: year))?.tiers(taxableSales: number(4))
    return [
      [.label(Label(zh: "规模(\(year) 年)", en: "Size class (\(year))")), size.map { .label($0.label) } ?? .none],
      [.label(Label(zh: "销售档次(\(year) 年)", en: "Tier of sales (\(year))")), try tierCell(tiers)],
    ]
  }

  /// The tiers are those of small giants.
  private func tierCell(_ codes: [String]?) throws -> Report.Cell {
    let recognised = """
      SELECT 1 FROM recognition r WHERE r.enterprise_id = :id AND r.scheme = 'small_giant' AND \(Valid.recognition())
      """
    if try source.rows(recognised, ["id": .text(id)]).isEmpty {
      return .label(Label(zh: "不是有效科技小巨人", en: "no valid small giant"))
    }
    guard let codes else { return .none }
    if codes.isEmpty { return .label(Label(zh: "不在各档", en: "in none")) }
    let labels = try codes.map { code -> Label in
      let row = try source.rows(
        "SELECT name_zh, coalesce(name_en, name_zh) FROM indicator WHERE code = :code", ["code": .text(code)]
      ).first
      if let row, case .text(let zh) = row[0], case .text(let en) = row[1] { return Label(zh: zh, en: en) }
      return Label(zh: code, en: code)
    }
    return .label(labels.joined())
  }

  /// Personal data: only how much there is. What was erased is gone, though its row stands.
  private func contacts() throws -> [[Report.Cell]] {
    let sql = "SELECT count(*) FROM contact WHERE enterprise_id = :id AND (name IS NOT NULL OR phone IS NOT NULL)"
    let row = try source.rows(sql, ["id": .text(id)]).first
    guard case .integer(let count)? = row?.first else { return [] }
    return [[.label(Label(zh: "联系人数", en: "Contacts")), .integer(count)]]
  }

  func figures() throws -> Report.Section {
    let field = { (name: String) in source.drawn("enterprise_year", name) }
    return try section(
      "figures", "历年数据", "Figures by year",
      [
        .year, field("taxable_sales"), Drawn("growth", zh: "应税销售增长", en: "Growth of sales", unit: .percent),
        field("revenue"), field("rd"), Drawn("rd_share", zh: "研发强度", en: "R&D ÷ revenue", unit: .percent),
        field("profit"), field("tax"), field("staff"), field("tech_staff"),
      ],
      chart: Report.Chart(
        .lines, Label(zh: "应税销售与营业收入", en: "Taxable sales and revenue"), x: "year",
        y: ["taxable_sales", "revenue"]),
      sql: """
        SELECT y.year, y.taxable_sales, y.taxable_sales * 1.0 / nullif(b.taxable_sales, 0) - 1, y.revenue, y.rd,
          y.rd * 1.0 / nullif(y.revenue, 0), y.profit, y.tax, y.staff, y.tech_staff
        FROM enterprise_year y
        LEFT JOIN enterprise_year b ON b.enterprise_id = y.enterprise_id AND b.year = y.year - 1
        WHERE y.enterprise_id = :id AND y.year <= :year ORDER BY y.year
        """)
  }
}

extension Names {
  /// Codes between commas, by their names.
  func tags(_ codes: String) -> Label {
    codes.split(separator: ",").map { code -> Label in
      if case .label(let label) = cell(.text(String(code)), .field) { return label }
      return Label(zh: String(code), en: String(code))
    }.joined()
  }
}

extension [Label] {
  func joined() -> Label {
    Label(zh: map(\.zh).joined(separator: "、"), en: map(\.en).joined(separator: ", "))
  }
}
