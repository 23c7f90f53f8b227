"""Conflicts: two machines of a county, a county against the city, two counties with one credit code, a deletion."""

import people
from people import YEAR
from town import Broken


class Clashes:
    """Counts what it causes, so that the end can be compared with the story."""

    def __init__(self, year):
        self.year, self.town = year, year.town
        self.conflicts = 0
        self.decisions = 0
        self.parked = {}  # reason: how many, of all the year

    def play(self):
        self.town.sync(*self.town.machines)
        self._two_machines()
        self._figures_twice()
        self._against_the_city()
        self._twins()

    def expect(self, outcome, conflicts=0, cells=None, **parked):
        """A sync has to tell of exactly these: rows with contested cells (one each, unless told), parked changes."""
        self.conflicts += conflicts if cells is None else cells
        for reason, count in parked.items():
            self.parked[reason] = self.parked.get(reason, 0) + count
        if (outcome["conflicts"], outcome["parked"]) != (conflicts, sum(parked.values())):
            raise Broken(f"a sync should tell of {conflicts} conflicts and {parked} parked, but says {outcome}")

    def decide(self, record, field, *choice):
        """The city decides the only open conflict of a field."""
        found = [it for it in self.town.city("conflicts") if (it["record"], it["field"]) == (record, field)]
        if len(found) != 1:
            raise Broken(f"{record}.{field} should have one open conflict: {found}")
        self.town.city("decide", str(found[0]["id"]), *choice, "--reason", "测试:经核实")
        self.decisions += 1

    def must(self, home, sql, values, wanted):
        found = self.town.query(home, sql, values)
        if found != [wanted]:
            raise Broken(f"{home}: {sql} {values} gives {found}, not {wanted}")

    def _two_machines(self):
        """Other cells merge; the contested one waits, and the second to sync does not win."""
        one = self.year.enterprises["haizhou"][-1]
        self.town.county("haizhou", "edit", "enterprise", "uscc:" + one.uscc, "name=测试甲一公司", "lng=119.25")
        self.town.scribble(
            "haizhou2", "UPDATE enterprise SET name = '测试甲二公司', lat = 34.5 WHERE uscc = ?", (one.uscc,))
        self.expect(self.town.sync("haizhou"))
        self.expect(self.town.sync("haizhou2"), conflicts=1)
        sql = "SELECT name, lat, lng FROM enterprise WHERE uscc = ?"
        self.must("city", sql, (one.uscc,), ("测试甲一公司", 34.5, 119.25))
        self.decide("enterprise", "name", "--take", "1")
        self.must("city", sql, (one.uscc,), ("测试甲二公司", 34.5, 119.25))

    def _figures_twice(self):
        """Three figures of a month: one by import, one by another tool; one is decided alone, two together."""
        sql = ("SELECT e.uscc, m.enterprise_id, m.period, m.ytd_value FROM enterprise_month m JOIN enterprise e"
               " ON e.id = m.enterprise_id WHERE m.period = ? AND m.indicator = 'taxable_sales'"
               " ORDER BY e.uscc LIMIT 3")
        rows = self.town.query("haizhou", sql, (YEAR * 100 + 2,))
        self.town.load("haizhou", "enterprise_month", [
            {"uscc": uscc, "period": period, "indicator": "taxable_sales", "ytd_value": value + 1000}
            for uscc, _, period, value in rows])
        for _, enterprise, period, value in rows:
            self.town.scribble(
                "haizhou2", "UPDATE enterprise_month SET ytd_value = ? WHERE enterprise_id = ? AND period = ?"
                " AND indicator = 'taxable_sales'", (value + 2000, enterprise, period))
        self.expect(self.town.sync("haizhou"))
        self.expect(self.town.sync("haizhou2"), conflicts=3)
        first, = [it["id"] for it in self.town.city("conflicts") if rows[0][1] in it["key"]]
        self.town.city("decide", str(first), "--value", str(rows[0][3] + 3000), "--reason", "测试:按申报表")
        self.town.city("decide", "--all", "--record", "enterprise_month", "--keep", "--reason", "测试:先报为准")
        self.decisions += 3
        for (_, enterprise, period, value), more in zip(rows, [3000, 1000, 1000]):
            sql = ("SELECT ytd_value FROM enterprise_month WHERE enterprise_id = ? AND period = ?"
                   " AND indicator = 'taxable_sales'")
            self.must("city", sql, (enterprise, period), (value + more,))

    def _against_the_city(self):
        """The city corrects what a county edits offline: a name, and a figure of last year."""
        home = self.year.scale.leaver
        one = [it for it in self.year.enterprises[home] if it.number % 37 != 36][-1]
        key, = self.town.query("city", "SELECT id FROM enterprise WHERE uscc = ?", (one.uscc,))[0]
        self.town.city("edit", "enterprise", key, "name=测试市改公司")
        self.town.city("edit", "enterprise_year", f"{key},{YEAR - 1}", "staff=77")
        self.town.county(home, "edit", "enterprise", key, "name=测试县改公司")
        self.town.load(home, "enterprise_year", [{"uscc": one.uscc, "year": YEAR - 1, "staff": 78}])
        self.expect(self.town.sync(home), conflicts=2)
        self.decide("enterprise", "name", "--take", "1")
        self.decide("enterprise_year", "staff", "--keep")
        self.town.sync(home)
        sql = "SELECT e.name, y.staff FROM enterprise e JOIN enterprise_year y ON y.enterprise_id = e.id AND y.year = ?"
        self.must(home, sql + " WHERE e.id = ?", (YEAR - 1, key), ("测试县改公司", 77))

    def _twins(self):
        """Two counties register one credit code: one record, the other parked with what hangs on it, then merged."""
        code, ids = people.spare_codes(1)[0], []
        for number, home in enumerate(self.year.scale.twins):
            add = lambda *cells: self.town.county(home, "add", *cells)
            ids.append(add("enterprise", f"uscc={code}", f"name=测试孪生{number}公司")["id"])
            add("product", f"enterprise_id={ids[-1]}", f"name=测试孪生产品{number}")
            add("enterprise_year", f"enterprise_id={ids[-1]}", f"year={YEAR - 1}", f"staff={101 + number}")
        first, second = self.year.scale.twins
        self.expect(self.town.sync(first))
        self.expect(self.town.sync(second), unique=1, reference=2)
        self.town.city("merge-records", *ids, "--record", "enterprise", "--reason", "测试:信用代码相同")
        self.conflicts += 3
        self.decide("enterprise", "owner_org", "--keep")
        self.decide("enterprise", "name", "--keep")
        self.decide("enterprise_year", "staff", "--take", "1")
        self.town.sync(first, second)
        sql = ("SELECT count(*), min(y.staff), (SELECT count(*) FROM product p WHERE p.enterprise_id = e.id)"
               " FROM enterprise e JOIN enterprise_year y ON y.enterprise_id = e.id WHERE e.uscc = ?")
        self.must(first, sql, (code,), (1, 102, 2))
        self.must(second, "SELECT count(*) FROM enterprise WHERE uscc = ?", (code,), (0,))

    def deletion(self):
        """A county deletes what the city has recognised: a request, which the city refuses."""
        home, code = self.year.scale.taker, people.spare_codes(3)[2]
        key = self.town.county(home, "add", "enterprise", f"uscc={code}", "name=测试拟退出公司")["id"]
        self.town.sync(home)
        self.town.city("add", "recognition", f"enterprise_id={key}", "scheme=high_tech", f"year={YEAR}")
        self.town.county(home, "delete", "enterprise", key)
        self.expect(self.town.sync(home), conflicts=1)
        self.decide("enterprise", None, "--keep")
        self.town.sync(home)
        self.must(home, "SELECT count(*) FROM enterprise WHERE uscc = ?", (code,), (1,))
