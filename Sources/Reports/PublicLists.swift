import Presentation
import SyncCore

// Lists that the city makes public: credit code, name and county, and no survey data.

/// The enterprises recognised under a scheme in a year.
public enum RecognisedReport: ReportKind {
  public static let name = "recognised"
  public static let summary = Label(zh: "认定名单:一类认定、一个年份", en: "The enterprises recognised under a scheme in a year")
  public static let subject: Label? = Label(zh: "认定类别,如 small_giant", en: "a scheme such as small_giant")
  public static let isPublic = true

  public static func draw(_ source: ReportSource) throws -> Report {
    let scheme = try scheme(source)
    let field = { (name: String) in source.drawn("recognition", name) }
    // The certificate's name where it is recorded, else that of its day.
    let then = "coalesce(r.name_at_time, \(formerName(of: "e.id", on: "r.recognised_on")))"
    let section = try source.section(
      "recognised", scheme.label,
      [
        .uscc, .name, .county, field("level"), field("cert_no"), field("recognised_on"), field("valid_to"),
        field("revoked_on"),
      ],
      arguments: ["scheme": .text(scheme.value)],
      sql: """
        SELECT e.uscc, \(nameThen("e.name", then)), e.owner_org, r.level, r.cert_no, r.recognised_on,
          r.valid_to, CASE WHEN r.revoked_on <= :day THEN r.revoked_on END
        FROM recognition r JOIN enterprise e ON e.id = r.enterprise_id
        WHERE r.scheme = :scheme AND r.year = :year AND \(Valid.enterprise("e")) AND \(Valid.made("r"))
        ORDER BY r.cert_no IS NULL, r.cert_no, e.name, e.id
        """)
    return Report(
      name: name,
      title: Label(
        zh: "\(source.year) 年\(scheme.label.zh)认定名单", en: "\(scheme.label.en): recognised in \(source.year)"),
      notes: [source.dayNote, Label(zh: "共 \(section.rows.count) 家", en: "\(section.rows.count) in all")]
        + source.ownOnly,
      sections: [section])
  }

  private static func scheme(_ source: ReportSource) throws -> Check.Choice {
    let known = source.schema.record("recognition")?.field("scheme")?.check.values ?? []
    guard let text = source.subject, !text.isEmpty else {
      let names = known.map(\.value)
      throw Failure(
        .usage, zh: "请指明认定类别:\(names.joined(separator: "、"))", en: "name a scheme: \(names.joined(separator: ", "))")
    }
    if let scheme = known.first(where: { $0.value == text || $0.label.zh == text }) { return scheme }
    throw unknownName(Label(zh: "认定类别", en: "scheme"), text, known: known.map(\.value))
  }
}

/// Products that the city confirmed in a year.
public enum ProductsReport: ReportKind {
  public static let name = "products"
  public static let summary = Label(zh: "专精特新产品名单", en: "The specialised products confirmed in a year")
  public static let isPublic = true

  public static func draw(_ source: ReportSource) throws -> Report {
    Report(
      name: name, title: Label(zh: "\(source.year) 年专精特新产品名单", en: "Specialised products confirmed in \(source.year)"),
      notes: [source.dayNote] + source.ownOnly, sections: [try section(source)])
  }

  static func section(_ source: ReportSource) throws -> Report.Section {
    try source.section(
      "products", Label(zh: "产品", en: "Products"),
      [
        Drawn("product", zh: "产品", en: "Product"), source.drawn("product", "kind"), source.drawn("product", "level"),
        .uscc, .enterprise, .county,
      ],
      sql: """
        SELECT p.name, p.kind, p.level, e.uscc, e.name, e.owner_org
        FROM product p JOIN enterprise e ON e.id = p.enterprise_id
        WHERE p.confirmed = 1 AND p.confirmed_year = :year AND \(Valid.enterprise("e")) ORDER BY p.name, e.name, p.id
        """)
  }
}

/// The joint cultivation list on the day.
public enum CultivationReport: ReportKind {
  public static let name = "cultivation"
  public static let summary = Label(zh: "科技小巨人培育入库名单", en: "The joint cultivation list on the day")
  public static let isPublic = true

  public static func draw(_ source: ReportSource) throws -> Report {
    let section = try source.section(
      "cultivation", Label(zh: "入库企业", en: "Enterprises listed"),
      [source.drawn("cultivation_entry", "batch"), .uscc, .enterprise, .county],
      sql: """
        SELECT c.batch, e.uscc, e.name, e.owner_org FROM cultivation_entry c JOIN enterprise e ON e.id = c.enterprise_id
        WHERE \(inCultivation("c")) AND \(Valid.enterprise("e")) ORDER BY c.batch, e.owner_org, e.name, e.id
        """)
    return Report(
      name: name, title: Label(zh: "科技小巨人培育入库名单", en: "Cultivation list"),
      notes: [
        source.dayNote, Label(zh: "县区和市里都同意的同一版本", en: "Entries of which both sides approved one version"),
        Label(
          zh: "入库日期没有记录的,按现在的同意情况列出", en: "Where no day of entry is noted: by the approvals as they are now"),
      ] + source.ownOnly,
      sections: [section])
  }
}

/// Model cases of a year.
public enum CasesReport: ReportKind {
  public static let name = "cases"
  public static let summary = Label(zh: "先进典型名单", en: "The model cases of a year")
  public static let isPublic = true

  public static func draw(_ source: ReportSource) throws -> Report {
    let section = try source.section(
      "cases", Label(zh: "先进典型", en: "Model cases"),
      [source.drawn("model_case", "title"), .uscc, .enterprise, .county, source.drawn("model_case", "media")],
      sql: """
        SELECT c.title, e.uscc, e.name, e.owner_org, c.media FROM model_case c JOIN enterprise e ON e.id = c.enterprise_id
        WHERE c.confirmed = 1 AND c.year = :year AND \(Valid.enterprise("e")) ORDER BY e.owner_org, e.name, c.title, c.id
        """)
    return Report(
      name: name, title: Label(zh: "\(source.year) 年先进典型", en: "Model cases of \(source.year)"),
      notes: [source.dayNote] + source.ownOnly, sections: [section])
  }
}

/// What the release platform shows: products and technologies that the city confirmed in a year.
public enum ReleasesReport: ReportKind {
  public static let name = "releases"
  public static let summary = Label(zh: "新产品新技术发布", en: "New products and technologies to be released")
  public static let isPublic = true

  public static func draw(_ source: ReportSource) throws -> Report {
    let technologies = try source.section(
      "technologies", Label(zh: "关键技术", en: "Technologies"),
      [
        Drawn("technology", zh: "技术", en: "Technology"), source.drawn("key_technology", "kind"),
        source.code("key_technology", "field"), .uscc, .enterprise, .county,
      ],
      sql: """
        SELECT t.name, t.kind, t.field, e.uscc, e.name, e.owner_org
        FROM key_technology t JOIN enterprise e ON e.id = t.enterprise_id
        WHERE t.confirmed = 1 AND t.confirmed_year = :year AND \(Valid.enterprise("e")) ORDER BY t.name, e.name, t.id
        """)
    return Report(
      name: name, title: Label(zh: "\(source.year) 年新产品新技术发布", en: "New products and technologies of \(source.year)"),
      notes: [source.dayNote] + source.ownOnly, sections: [try ProductsReport.section(source), technologies])
  }
}
