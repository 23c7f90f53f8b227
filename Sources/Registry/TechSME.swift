import SyncCore

/// Tech SMEs (科技型中小企业), 国科发政〔2017〕115号: base conditions, and either points or a direct pass.
public struct TechSMERule: VersionedRule {
  public let version: RuleVersion
  let mostStaff, mostSales, mostAssets, passPoints: Int64
  let techStaff, rdOfSales, rdOfCost, classOne, classTwo: [Band]

  static let keys = [
    "most_staff", "most_sales", "most_assets", "pass_points", "tech_staff_percent", "rd_percent_of_sales",
    "rd_percent_of_cost", "class_one_rights", "class_two_rights",
  ]

  init(_ version: RuleVersion, _ section: RuleSection) throws(Failure) {
    self.version = version
    mostStaff = try section.number("most_staff")
    mostSales = try section.number("most_sales")
    mostAssets = try section.number("most_assets")
    passPoints = try section.number("pass_points", in: 1...100)
    techStaff = try section.bands("tech_staff_percent", percent: true)
    rdOfSales = try section.bands("rd_percent_of_sales", percent: true)
    rdOfCost = try section.bands("rd_percent_of_cost", percent: true)
    classOne = try section.bands("class_one_rights")
    classTwo = try section.bands("class_two_rights")
  }

  public func assess(_ facts: TechSMEFacts) -> Assessment {
    let base = base(facts)
    let scores = [techStaffItem(facts), rdItem(facts), rightsItem(facts)]
    let total = Assessment.Item.total(of: scores, pass: Int(passPoints))
    let direct = direct(facts)
    // The staff item comes first; its points must not be 0.
    let merit = Verdict.any([Verdict.all([total.verdict, scores[0].verdict])] + direct.map(\.verdict))
    return Assessment(
      version,
      groups: [(Verdict.all(base.map(\.verdict)), base), (merit, scores + [total] + direct)])
  }

  private func base(_ facts: TechSMEFacts) -> [Assessment.Item] {
    [
      .fact(Label(zh: "在中国境内注册的居民企业", en: "Resident enterprise"), facts.resident),
      .atMost(mostStaff, facts.quantity(.staff)),
      .atMost(mostSales, facts.quantity(.sales)),
      .atMost(mostAssets, facts.quantity(.assets)),
      .fact(
        Label(zh: "产品或服务属禁止、限制、淘汰类", en: "Prohibited, restricted or obsolete products"), facts.prohibited,
        wanted: false),
      .fact(
        Label(zh: "发生重大安全、质量事故或严重环境违法、科研严重失信", en: "Major incident or grave offence"), facts.majorIncident,
        wanted: false),
      .fact(
        Label(zh: "列入经营异常名录或严重违法失信名单", en: "Blacklisted"), facts.blacklisted, wanted: false),
    ]
  }

  private func direct(_ facts: TechSMEFacts) -> [Assessment.Item] {
    [
      .fact(
        Label(zh: "有效的高新技术企业证书", en: "Valid high-tech certificate"), facts.highTechCertificate, kind: .direct),
      .fact(
        Label(zh: "近五年国家级科技奖励前三名", en: "National prize, top 3 in 5 years"), facts.nationalPrize, kind: .direct),
      .fact(
        Label(zh: "省部级以上研发机构", en: "R&D institution of provincial level"), facts.provincialInstitution,
        kind: .direct),
      .fact(
        Label(zh: "近五年主导制定国际、国家或行业标准", en: "Led a standard in 5 years"), facts.ledStandard, kind: .direct),
    ]
  }

  private func techStaffItem(_ facts: TechSMEFacts) -> Assessment.Item {
    let share = Share(part: facts.quantity(.techStaff), whole: facts.quantity(.staff), isContained: true)
    return .score(
      Label(zh: "科技人员占比", en: "Share of tech staff"), share.shown, [Scale(share, techStaff)])
  }

  /// By sales or by cost, whichever gives more.
  private func rdItem(_ facts: TechSMEFacts) -> Assessment.Item {
    let bySales = Share(part: facts.quantity(.rd), whole: facts.quantity(.sales))
    let byCost = Share(part: facts.quantity(.rd), whole: facts.quantity(.cost))
    let value = [
      bySales.shown.map { Label(zh: "占销售 \($0.zh)", en: "of sales \($0.en)") },
      byCost.shown.map { Label(zh: "占成本 \($0.zh)", en: "of cost \($0.en)") },
    ].compactMap(\.self)
    return .score(
      Label(zh: "研发投入", en: "R&D spend"), Label.joined(value), [Scale(bySales, rdOfSales), Scale(byCost, rdOfCost)])
  }

  private func rightsItem(_ facts: TechSMEFacts) -> Assessment.Item {
    let rights = [facts.quantity(.classOne), facts.quantity(.classTwo)]
    let value = rights.compactMap { right in
      right.shown.map { Label(zh: "\(right.name.zh) \($0.zh)", en: "\(right.name.en) \($0.en)") }
    }
    return .score(
      Label(zh: "科技成果(知识产权)", en: "Intellectual property"), Label.joined(value),
      [Scale(rights[0], classOne), Scale(rights[1], classTwo)])
  }
}
