"""The figures of the plan in SQL on the master's records, written from the plan's wording, by org unit.

`?1` is the year, `?2` its last day or the day of the figures. Each query gives rows (unit, value)."""

# On ?2: recognised by then, not over, not revoked.
VALID = """EXISTS (SELECT 1 FROM recognition r WHERE r.enterprise_id = e.id AND r.scheme = '{scheme}'
  AND coalesce(r.recognised_on, ?2) <= ?2 AND coalesce(r.valid_to, ?2) >= ?2
  AND (r.revoked_on IS NULL OR r.revoked_on > ?2))"""
GIANT, SME = VALID.format(scheme="small_giant"), VALID.format(scheme="tech_sme")
SALES = "(SELECT y.taxable_sales FROM enterprise_year y WHERE y.enterprise_id = e.id AND y.year = ?1)"


def _enterprises(condition, what="count(*)"):
    return f"SELECT e.owner_org, {what} FROM enterprise e WHERE e.merged_into IS NULL AND {condition} GROUP BY 1"


def _recognised(years):
    return _enterprises(f"EXISTS (SELECT 1 FROM recognition r WHERE r.enterprise_id = e.id AND r.scheme = 'small_giant'"
                        f" AND r.year {years})")


def _confirmed(record, years):
    if record in ("park", "carrier", "cluster"):
        return f"SELECT owner_org, count(*) FROM {record} WHERE confirmed = 1 AND confirmed_year {years} GROUP BY 1"
    return (f"SELECT e.owner_org, count(*) FROM {record} f JOIN enterprise e ON e.id = f.enterprise_id"
            f" WHERE f.confirmed = 1 AND f.confirmed_year {years} GROUP BY 1")


# code: the query, and what the plan counts from (42 giants, 42 products, 7 clusters of 2017).
FIGURES = {
    "tech_sme": (_enterprises(SME), 0),  # 科技型中小企业
    "small_giant_tier1": (_enterprises(f"{GIANT} AND {SALES} >= 100000000"), 0),  # 1亿元以上,含后两档
    "small_giant_tier2": (_enterprises(f"{GIANT} AND {SALES} >= 500000000 AND {SALES} < 1000000000"), 0),
    "small_giant_tier3": (_enterprises(f"{GIANT} AND {SALES} >= 1000000000"), 0),
    "small_giant_sales": (_enterprises(GIANT, f"total({SALES}) / 1e8"), 0),  # 亿元
    "small_giant_recognised": (_recognised("= ?1"), 0),
    "small_giant_cumulative": (_recognised("BETWEEN 2018 AND ?1"), 42),
    "key_technology": (_confirmed("key_technology", "<= ?1"), 0),
    "srdi_product": (_confirmed("product", "<= ?1"), 42),
    "srdi_product_new": (_confirmed("product", "= ?1"), 0),
    "cluster": (_confirmed("cluster", "<= ?1"), 7),
    "rd_institution": (_confirmed("rd_institution", "= ?1"), 0),
    "public_platform": ("SELECT '320700', count(*) FROM platform WHERE kind = 'new' AND year <= ?1", 0),
    "park": (_confirmed("park", "<= ?1"), 0),
    "carrier": (_confirmed("carrier", "<= ?1"), 0),
    "transformation_project": (_confirmed("project", "<= ?1"), 0),
    "talent": ("SELECT org, value FROM indicator_value WHERE indicator = 'talent' AND year = ?1 AND item = 'total'", 0),
    "refinancing": ("SELECT e.owner_org, sum(l.amount) / 1e8 FROM refinancing_loan l JOIN enterprise e"
                    " ON e.id = l.enterprise_id WHERE substr(l.starts_on, 1, 4) = CAST(?1 AS TEXT) GROUP BY 1", 0),
    "equity_listing": ("SELECT e.owner_org, count(DISTINCT e.id) FROM equity_listing l JOIN enterprise e"
                       " ON e.id = l.enterprise_id WHERE l.confirmed = 1"
                       " AND substr(l.listed_on, 1, 4) = CAST(?1 AS TEXT) GROUP BY 1", 0),
}

# The three counts of giants, which are never one number.
GIANTS = [
    (f"SELECT 42 + total(value) FROM (SELECT 0 AS unit, 0 AS value UNION ALL {FIGURES['small_giant_cumulative'][0]})"),
    f"SELECT count(*) FROM enterprise e WHERE e.merged_into IS NULL AND {GIANT} AND ?1",
    f"SELECT count(*) FROM enterprise e WHERE e.merged_into IS NULL AND {GIANT} AND {SALES} >= 100000000",
]

# 应税销售5000万元以上, and no valid giant.
CANDIDATES = f"SELECT count(*) FROM enterprise e WHERE e.merged_into IS NULL AND {SALES} >= 50000000 AND NOT {GIANT}"

# Valid tech SMEs and giants with a figure in the period ?1 (of which ?2 is the last day), and a year before.
GROWTH = f"""SELECT count(*), sum(now), count(before), sum(CASE WHEN before IS NOT NULL THEN now END), sum(before)
  FROM (
  SELECT n.ytd_value AS now, b.ytd_value AS before FROM enterprise e
  JOIN enterprise_month n ON n.enterprise_id = e.id AND n.period = ?1 AND n.indicator = 'taxable_sales'
  LEFT JOIN enterprise_month b ON b.enterprise_id = e.id AND b.period = ?1 - 100 AND b.indicator = 'taxable_sales'
  WHERE e.merged_into IS NULL AND ({GIANT} OR {SME}))"""
