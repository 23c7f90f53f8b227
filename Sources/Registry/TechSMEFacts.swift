import SyncCore

/// What is known of an enterprise in one year; nil is unknown. Money is in yuan.
public struct TechSMEFacts: Sendable, Equatable {
  public var resident, prohibited, majorIncident, blacklisted: Bool?
  public var staff, techStaff, sales, assets, rd, cost: Int64?
  /// Valid intellectual property rights of class I (patents for inventions and the like) and class II.
  public var classOneRights, classTwoRights: Int64?
  /// Valid on the day of the assessment.
  public var highTechCertificate: Bool?
  public var nationalPrize, provincialInstitution, ledStandard: Bool?

  public init() {}

  enum Number { case staff, techStaff, sales, assets, rd, cost, classOne, classTwo }

  func quantity(_ number: Number) -> Quantity {
    switch number {
    case .staff: Quantity(name: Label(zh: "职工总数", en: "Staff"), given: staff, unit: Quantity.people)
    case .techStaff: Quantity(name: Label(zh: "科技人员数", en: "Tech staff"), given: techStaff, unit: Quantity.people)
    case .sales: Quantity(name: Label(zh: "年销售收入", en: "Sales"), given: sales)
    case .assets: Quantity(name: Label(zh: "资产总额", en: "Assets"), given: assets)
    case .rd: Quantity(name: Label(zh: "研发费用", en: "R&D spend"), given: rd)
    case .cost: Quantity(name: Label(zh: "成本费用总额", en: "Costs and expenses"), given: cost)
    case .classOne:
      Quantity(name: Label(zh: "Ⅰ类知识产权", en: "Class I rights"), given: classOneRights, unit: Quantity.pieces)
    case .classTwo:
      Quantity(name: Label(zh: "Ⅱ类知识产权", en: "Class II rights"), given: classTwoRights, unit: Quantity.pieces)
    }
  }
}
