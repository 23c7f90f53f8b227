"""A locked period, an enterprise that moves, a zone that is merged while its machine is offline, a rename."""

import people
from people import HEIR, YEAR, ZONE
from town import Broken

SALES = ("SELECT m.ytd_value, m.enterprise_id FROM enterprise_month m JOIN enterprise e ON e.id = m.enterprise_id"
         " WHERE m.period = ? AND m.indicator = 'taxable_sales' ORDER BY e.uscc LIMIT 1")
SET_SALES = ("UPDATE enterprise_month SET ytd_value = ? WHERE enterprise_id = ? AND period = ?"
             " AND indicator = 'taxable_sales'")


class Moves:
    def __init__(self, year):
        self.year, self.town = year, year.town
        self.leaver, self.taker = year.scale.leaver, year.scale.taker

    def _admit(self, reason):
        """The city takes in the only parked change there is."""
        waiting = self.town.city("parked")
        if [it["reason"] for it in waiting] != [reason]:
            raise Broken(f"one parked row should wait, {reason}: {waiting}")
        self.town.city("admit", str(waiting[0]["id"]), "--reason", "测试:同意")

    def late_revision(self):
        """After the lock a revision waits for the city; the unit with an exception goes through."""
        town, period, clashes = self.town, self.year.scale.locked, self.year.clashes
        town.sync(*town.machines)
        town.city("period", "lock", str(period))
        town.city("period", "extend", str(period), "--org", HEIR, "--until", "2999-12-31", "--reason", "测试:停电")
        town.sync(*town.machines)
        for home, parked in [(self.leaver, {"locked": 1}), ("haizhou", {})]:
            value, enterprise = town.query(home, SALES, (period,))[0]
            town.scribble(home, SET_SALES, (value + 7, enterprise, period))
            clashes.expect(town.sync(home), **parked)
            if parked:
                clashes.must(home, SALES, (period,), (value, enterprise))
                self._admit("locked")
                town.sync(home)
            for place in [home, "city"]:
                sql = SALES.replace("ORDER BY", "AND e.id = ? ORDER BY")
                clashes.must(place, sql, (period, enterprise), (value + 7, enterprise))

    def move(self):
        """Both units file, the city moves it; an edit from before the move comes after it. Another one is renamed."""
        town, clashes = self.town, self.year.clashes
        one, other = [it for it in self.year.enterprises[self.leaver] if it.kind == "sme"][2:4]
        second = self.leaver + "2"
        town.sync(self.leaver, second, self.taker)
        town.county(second, "edit", "enterprise", "uscc:" + one.uscc, "lng=118.75")
        day = f"{YEAR}-06-01"
        for home, direction, with_ in [(self.leaver, "out", self.taker), (self.taker, "in", self.leaver)]:
            town.county(home, "transfer-request", direction, one.uscc, "--other", self.year.unit(with_), "--on", day,
                        "--reason", "测试:搬迁")
            town.sync(home)
        done = town.city("transfer", "enterprise", "uscc:" + one.uscc, "--to", self.year.unit(self.taker))
        if done["filings"] != 2:
            raise Broken(f"the move should rest on two filings: {done}")
        clashes.expect(town.sync(second), scope=1)
        self._admit("scope")
        town.sync(self.leaver, second, self.taker)
        clashes.must(self.taker, "SELECT lng FROM enterprise WHERE uscc = ?", (one.uscc,), (118.75,))
        self.year.keeper[one.uscc] = self.taker
        self._rename(other)

    def _rename(self, one):
        """An import that still has the old name does not undo it."""
        home = self.leaver
        self.town.county(home, "rename", one.uscc, "测试新名公司", "--evidence", "测试:变更通知书", "--on", f"{YEAR}-01-20")
        self.town.load(home, "enterprise", [{"uscc": one.uscc, "name": one.name, "address": "测试新址"}])
        sql = "SELECT name, address FROM enterprise WHERE uscc = ?"
        self.year.clashes.must(home, sql, (one.uscc,), ("测试新名公司", "测试新址"))

    def _submissions(self, sync):
        """Both units have handed in the month; the zone's lands on its successor's, which hands in again for both."""
        town, clashes = self.town, self.year.clashes
        period = YEAR * 100 + self.year.scale.month_of["zone"]
        sync("haizhou")
        sql = "SELECT expected, reported FROM submission WHERE period = ? AND org = ?"
        ours, theirs = [town.query(home, sql, (period, org))[0] for home, org in [("haizhou", HEIR), ("gaoxin", ZONE)]]
        fields = [name for name, a, b in zip(["expected", "reported"], ours, theirs) if a != b]
        clashes.expect(sync("gaoxin"), conflicts=min(1, len(fields)), cells=len(fields))
        for field in fields:
            clashes.decide("submission", field, "--keep")
        sync("haizhou")
        done = town.county("haizhou", "submit", str(period), "--note", "测试:含并入的高新区")
        sync("haizhou")
        if done["expected"] <= max(ours[0], theirs[0]):
            raise Broken(f"the successor should report for both units, {ours} and {theirs}: {done}")

    def merge_zone(self):
        """高新区 goes into 海州 while its machine is offline: what it entered goes to the successor."""
        town, clashes = self.town, self.year.clashes
        own = self.year.kept_by("gaoxin")
        code = people.spare_codes(2)[1]
        late = town.county("gaoxin", "add", "enterprise", f"uscc={code}", "name=测试高新新增公司")["id"]
        town.county("gaoxin", "add", "product", f"enterprise_id={late}", "name=测试高新新增产品")
        town.county("gaoxin", "edit", "enterprise", "uscc:" + own[0].uscc, "address=测试高新新址")
        town.scribble("gaoxin", "UPDATE enterprise_year SET staff = 133 WHERE year = ? AND enterprise_id ="
                      " (SELECT id FROM enterprise WHERE uscc = ?)", (YEAR - 1, own[0].uscc))
        town.city("edit", "org_unit", ZONE, f"successor={HEIR}", f"valid_to={YEAR}-07-01")
        for record in ["enterprise", "carrier", "cluster"]:
            town.city("transfer", record, "--from", ZONE, "--to", HEIR)
        self._submissions(town.sync)
        town.sync("haizhou", "haizhou2")
        for one in own:
            self.year.keeper[one.uscc] = "haizhou"
        self.year.merged = True
        sql = ("SELECT count(*), max(e.id = ?), sum(e.address = '测试高新新址' AND y.staff = 133) FROM enterprise e"
               " LEFT JOIN enterprise_year y ON y.enterprise_id = e.id AND y.year = ? WHERE e.owner_org = ?")
        count, has_late, edited = town.query("haizhou", sql, (late, YEAR - 1, HEIR))[0]
        if (has_late, edited) != (1, 1):
            raise Broken(f"what the zone entered offline is not with its successor: {count, has_late, edited}")
        clashes.must("gaoxin", "SELECT count(*) FROM enterprise", (), (0,))
