"""What the city sets before the year: periods, targets of the counties (made up), schools and banks."""

from people import YEAR

# A made-up table, not the plan's annex 2: the same for every unit.
COUNTY_TARGETS = {"tech_sme": 101, "small_giant_tier1": 9, "small_giant_recognised": 8, "srdi_product": 7}


def periods(year):
    town, scale = year.town, year.scale
    for code, due in [(YEAR - 1, f"{YEAR}-02-15"), (YEAR, f"{YEAR + 1}-02-15")]:
        town.city("period", "open", str(code), "--due", due)
    months = [YEAR * 100 + month for month in range(1, scale.months + 1)] + [scale.compared - 100]
    rows = []
    for code in months:
        start = f"{code // 100}-{code % 100:02}-01"
        end = year.town.query("city", "SELECT date(?, '+1 month', '-1 day')", (start,))[0][0]
        due = year.town.query("city", "SELECT date(?, '+10 days')", (end,))[0][0]
        rows.append({"code": code, "kind": "month", "state": "open", "starts_on": start, "ends_on": end, "due_on": due})
    town.load("city", "period", rows)


def counties(year):
    rows = [
        {"org": org, "indicator": indicator, "year": YEAR, "value": value, "note": "测试数据,不是附件2 (made up for a test)"}
        for org, _ in year.scale.units.values()
        for indicator, value in COUNTY_TARGETS.items()
    ]
    year.town.load("city", "county_target", rows)


def organisations(year):
    names = [("测试大学甲", "university"), ("测试大学乙", "university"), ("测试研究所", "institute"), ("测试银行", "bank")]
    year.town.load("city", "organisation", [{"name": name, "kind": kind} for name, kind in names])
