"""What the counties file for the indicators of the plan, and what the city confirms or enters itself."""

from people import HUNDRED_MILLION, YEAR

# record: how many a unit files (full, small)
PER_UNIT = {"product": (6, 2), "key_technology": (10, 3), "rd_institution": (9, 2), "project": (10, 3),
            "carrier": (3, 1), "park": (2, 1)}
EXTRA = {
    "product": lambda n: {"kind": ["specialised", "refined", "distinctive", "novel"][n % 4], "level": "city"},
    "key_technology": lambda n: {"kind": ["technology", "product"][n % 2], "field": "biomedicine"},
    "rd_institution": lambda n: {"kind": ["technology_centre", "engineering_centre", "postdoc_station",
                                          "key_laboratory"][n % 4], "level": ["city", "province", "nation"][n % 3]},
    "project": lambda n: {"phase": ["running", "accepted"][n % 2], "investment": 1_000_000 * (n + 1)},
    "carrier": lambda n: {"kind": ["institute", "joint_centre"][n % 2], "belt_road": n % 2},
    "park": lambda n: {"kind": "featured_park"},
}


def file(year):
    """Every unit files; most are sent to the city at once, one of each record goes step by step."""
    town = year.town
    for home in year.homes:
        own = year.enterprises[home]
        for record, counts in PER_UNIT.items():
            rows = [_row(record, home, own, n) for n in range(counts[year.scale.small])]
            town.load(home, record, rows)
        town.load(home, "equity_listing", [
            {"uscc": one.uscc, "exchange": "测试股权交易中心", "code": f"T{one.number:05}",
             "listed_on": f"{YEAR - (n == 3)}-0{n + 1}-15"} for n, one in enumerate(own[:4])])
        _talent(year, home)
    _step_by_step(year, year.homes[0])
    _clusters(year)
    _by_the_city(year)


def _row(record, home, own, n):
    name = "name_zh" if record == "park" else "name"
    row = {name: f"测试{home}{record}{n}", "year": YEAR, "stage": "draft" if (home, n) == ("haizhou", 0) else "city"}
    if record not in ("park", "carrier"):
        row["uscc"] = own[n % len(own)].uscc
    return row | EXTRA[record](n)


def _step_by_step(year, home):
    for record in list(PER_UNIT)[: 2 if year.scale.small else None]:
        key, = year.town.query(home, f"SELECT id FROM {record} WHERE stage = 'draft' ORDER BY id LIMIT 1")[0]
        for stage in ["county", "city"]:
            year.town.county(home, "step", record, key, stage)


def _talent(year, home):
    """In 10 000 people; the city's own total is larger, as it counts those of no unit, too."""
    n = list(year.scale.units).index(home)
    items = [("total", 8.0 + n / 4), ("university", 2.0), ("institute", 1.5), ("enterprise", 3.0), ("overseas", 0.25)]
    year.town.load(home, "indicator_value", [
        {"org": year.unit(home), "indicator": "talent", "year": YEAR, "item": item, "value": value, "source": "测试"}
        for item, value in items])


def _clusters(year):
    """Three clusters with members."""
    town = year.town
    for home in year.homes[:3]:
        cells = [f"name=测试{home}集群", "field=biomedicine", f"year={YEAR}", "stage=city"]
        key = town.county(home, "add", "cluster", *cells)["id"]
        town.load(home, "membership", [
            {"cluster_id": key, "uscc": one.uscc, "role": "member" if n else "leader"}
            for n, one in enumerate(year.enterprises[home][:10])])


def _by_the_city(year):
    town = year.town
    town.load("city", "platform", [{"name_zh": f"测试平台{n}", "kind": "new", "year": YEAR + (n == 8)} for n in range(9)])
    town.load("city", "indicator_value", [
        {"org": "320700", "indicator": "talent", "year": YEAR, "item": "total", "value": 86.25, "source": "测试"}])


def loans(year):
    """Loans of this year, with amounts that are no round 亿; some of last year."""
    giants = year.all("giant")
    year.town.load("city", "refinancing_loan", [
        {"uscc": one.uscc, "bank": "测试银行", "amount": HUNDRED_MILLION // 8 + 12_345 * n,
         "starts_on": f"{YEAR - (n % 7 == 0)}-{1 + n % 12:02}-10", "ends_on": f"{YEAR + 1}-01-31"}
        for n, one in enumerate(giants)])


def confirm(year):
    """The city confirms what it has: one of each record by its step, the others by import; the last of a unit is
    returned, and some were confirmed a year before."""
    town = year.town
    town.sync(*town.machines)
    loans(year)
    for record in [*PER_UNIT, "cluster"]:
        keys = [key for key, in town.query("city", _waiting(record))]
        town.city("step", record, keys[0], "published", "--on", f"{YEAR}-11-05")
        town.city("step", record, keys[1], "returned", "--reason", "测试:材料不全")
        town.load("city", record, [
            {"id": key, "stage": "published", "confirmed": 1, "confirmed_year": YEAR - (n % 9 == 4)}
            for n, key in enumerate(keys[2:])])
    listed = town.query("city", "SELECT id FROM equity_listing ORDER BY code")
    town.load("city", "equity_listing", [{"id": key, "confirmed": int(n > 0)} for n, (key,) in enumerate(listed)])


def _waiting(record):
    name = "name_zh" if record == "park" else "name"
    return f"SELECT id FROM {record} WHERE stage = 'city' ORDER BY {name}"


def annual(year, of):
    """The annual figures, money in yuan; a few never file them for this year."""
    share = 1.0 if of == YEAR else 0.8
    for home in year.homes:
        rows = []
        for one in year.kept_by(home):
            if one.number % 37 == 36:
                continue
            sales = one.sales if of == YEAR else int(one.sales * share)
            rows.append({"uscc": one.uscc, "year": of, "taxable_sales": sales, "revenue": sales, "rd": sales // 20,
                         "staff": 60 + one.number % 200, "tech_staff": 20 + one.number % 40})
        year.town.load(home, "enterprise_year", rows)


def last_months(year):
    """The month of last year with which one month of this year is compared; not everybody was there."""
    period = year.scale.compared - 100
    for home in year.homes:
        year.town.load(home, "enterprise_month", [
            {"uscc": one.uscc, "period": period, "indicator": "taxable_sales",
             "ytd_value": one.until(period % 100, YEAR - 1)}
            for one in year.enterprises[home] if one.number % 11])
