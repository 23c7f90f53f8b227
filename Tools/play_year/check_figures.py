"""The reports against the same figures in SQL: figure | report | SQL | equal."""

import math

import plan_sql
from people import DAY, YEAR


class Table:
    def __init__(self):
        self.wrong, self.lines = [], [("figure", "report", "SQL", "equal")]

    def compare(self, figure, report, sql):
        same = report is None and sql is None or (
            report is not None and sql is not None and math.isclose(report, sql, rel_tol=1e-9, abs_tol=1e-9))
        self.lines.append((figure, _number(report), _number(sql), "yes" if same else "NO"))
        if not same:
            self.wrong.append(f"{figure}: the report says {_number(report)}, the records {_number(sql)}")

    def show(self):
        widths = [max(len(line[n]) for line in self.lines) for n in range(4)]
        for line in self.lines:
            print(" | ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())


def _number(value):
    return "-" if value is None else f"{value:.10g}" if isinstance(value, float) else str(value)


def differences(year):
    table = Table()
    report = _report(year, "plan")
    _targets(year, table, report)
    _units(year, table, report)
    _giants(year, table, report)
    _tiers(year, table)
    _money(year, table)
    _growth(year, table)
    table.show()
    return table.wrong


def _report(year, *name):
    sections = year.town.city("report", *name, "--year", str(YEAR), "--on", DAY)["sections"]
    return {key: section["rows"] for key, section in sections.items()}


def _by_unit(year, code, of=YEAR):
    return dict(year.town.query("city", plan_sql.FIGURES[code][0], (of, f"{of}-12-31")[: _marks(code)]))


def _marks(code):
    return 2 if "?2" in plan_sql.FIGURES[code][0] else 1


def _total(year, code, of=YEAR):
    values = _by_unit(year, code, of)
    if code == "talent":  # The whole city's own figure; the units' only where it has none.
        return values.get("320700", sum(values.values()) if values else None)
    return sum(values.values()) + plan_sql.FIGURES[code][1]


def _targets(year, table, report):
    """Every target of the plan, in its own year."""
    wanted = year.town.query("city", "SELECT indicator, year, target FROM city_target ORDER BY 1, 2")
    shown = {(row["code"], row["year"]): row for row in report["targets"]}
    for code, of, target in wanted:
        row = shown.pop((code, of), {})
        table.compare(f"target {code} {of}", row.get("target"), target)
        table.compare(f"value {code} {of}", row.get("value"), _total(year, code, of))
    table.wrong += [f"the report has a target that the plan has not: {key}" for key in shown]


def _units(year, table, report):
    """Each figure by the unit that files it."""
    shown = {row["code"]: row for row in report["counties"]}
    units = [code for code, in year.town.query("city", "SELECT code FROM org_unit WHERE code != '320700' ORDER BY 1")]
    for code in plan_sql.FIGURES:
        row, values = shown.get(code, {}), _by_unit(year, code)
        none = None if code == "talent" else 0
        for unit in units:
            if unit in values or f"unit_{unit}" in row:
                table.compare(f"{code} of {unit}", row.get(f"unit_{unit}"), values.get(unit, none))
        # The talent that the city enters is the whole city's, not a part beside the units'.
        own = None if code == "talent" else values.get("320700", 0)
        table.compare(f"{code} of the city itself", row.get("city"), own)
        table.compare(f"{code} in all", row.get("total"), _total(year, code))


def _giants(year, table, report):
    for row, sql in zip(report["giants"], plan_sql.GIANTS, strict=True):
        found = year.town.query("city", sql, (YEAR, DAY)[: 2 if "?2" in sql else 1])[0][0]
        table.compare(f"giants: {row['way']}", row["value"], found)
    for row in report["recognised_by_year"]:
        table.compare(f"recognised in {row['year']}", row["recognised"],
                      _total(year, "small_giant_recognised", row["year"]))


def _tiers(year, table):
    rows = {row["code"]: row for row in _report(year, "tiers")["tiers"]}
    for code in ["small_giant_tier1", "small_giant_tier2", "small_giant_tier3"]:
        table.compare(f"tiers: {code}", rows[code]["enterprises"], _total(year, code))
    found = len(_report(year, "candidates")["candidates"])
    table.compare("candidates", found, year.town.query("city", plan_sql.CANDIDATES, (YEAR, DAY))[0][0])


def _money(year, table):
    for row in _report(year, "ledger")["refinancing"]:
        table.compare(f"ledger: refinancing {row['year']}, yuan", row["amount"],
                      round(_total(year, "refinancing", row["year"]) * 1e8))
    sums = year.town.query("city", "SELECT indicator, sum(value) FROM county_target WHERE year = ? GROUP BY 1", (YEAR,))
    shown = {(row["code"], row["year"]): row["sum"] for row in _report(year, "county")["target_sums"]}
    for code, value in sums:
        table.compare(f"sum of county targets {code}", shown.get((code, YEAR)), value)


def _growth(year, table):
    """The month that is compared with the one a year before, of those who reported both."""
    period = year.scale.compared
    last = year.town.query("city", "SELECT ends_on FROM period WHERE code = ?", (period,))[0][0]
    row = year.town.query("city", plan_sql.GROWTH, (period, last))[0]
    shown = next(it for it in _report(year, "bulletin", str(period))["money"] if it["indicator"] == "Taxable sales")
    for name, value in zip(["enterprises", "value", "compared", "now", "before"], row):
        table.compare(f"bulletin {period}: {name}", shown[name], value)
    table.compare(f"bulletin {period}: growth", shown["growth"], row[3] / row[4] - 1)
