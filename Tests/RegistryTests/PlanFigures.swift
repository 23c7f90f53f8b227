/// The figures of the plan: indicator, years, comparison, target, baseline of 2017.
struct PlanFigure {
  let indicator: String
  let years: ClosedRange<Int64>
  let comparison: String
  let target: Double
  let baseline: Double?

  init(
    _ indicator: String, _ years: ClosedRange<Int64>, _ comparison: String, _ target: Double, baseline: Double? = nil
  ) {
    (self.indicator, self.years, self.comparison) = (indicator, years, comparison)
    (self.target, self.baseline) = (target, baseline)
  }
}

let planFigures = [
  PlanFigure("tech_sme", 2020...2020, ">=", 1000),
  PlanFigure("small_giant_tier1", 2020...2020, ">=", 100),
  PlanFigure("small_giant_tier2", 2020...2020, ">=", 15),
  PlanFigure("small_giant_tier3", 2020...2020, ">=", 8),
  PlanFigure("small_giant_sales", 2020...2020, ">", 400),
  PlanFigure("small_giant_recognised", 2018...2020, ">=", 20),
  PlanFigure("small_giant_cumulative", 2017...2017, "=", 42, baseline: 42),
  PlanFigure("key_technology", 2020...2020, ">=", 100),
  PlanFigure("srdi_product", 2020...2020, ">=", 100, baseline: 42),
  PlanFigure("srdi_product_new", 2018...2020, ">=", 20),
  PlanFigure("cluster", 2020...2020, ">=", 10, baseline: 7),
  PlanFigure("rd_institution", 2018...2020, ">=", 80),
  PlanFigure("public_platform", 2020...2020, ">=", 8),
  PlanFigure("park", 2020...2020, ">=", 20),
  PlanFigure("carrier", 2020...2020, ">=", 30),
  PlanFigure("transformation_project", 2020...2020, ">=", 100),
  PlanFigure("talent", 2020...2020, ">", 85),
  PlanFigure("refinancing", 2018...2020, ">=", 10),
  PlanFigure("equity_listing", 2018...2020, ">=", 20),
]
