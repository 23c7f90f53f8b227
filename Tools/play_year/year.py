"""The months of the year: surveys, offline weeks, and what happens in between."""

import time

import filings
import people
import recognitions
import targets
from clashes import Clashes
from moves import Moves
from people import HEIR, YEAR, ZONE


class Year:
    def __init__(self, town, scale):
        self.town, self.scale, self.random = town, scale, scale.random
        self.enterprises = people.enterprises(scale)
        # Which machine keeps an enterprise's records now.
        self.keeper = {one.uscc: home for home, own in self.enterprises.items() for one in own}
        self.clashes = Clashes(self)
        self.moves = Moves(self)
        self.merged = False

    @property
    def homes(self):
        """The first machine of each unit that still keeps records."""
        return [home for home in self.scale.units if not (self.merged and home == "gaoxin")]

    def unit(self, home):
        return self.scale.units[home][0]

    def all(self, kind=None):
        return [one for own in self.enterprises.values() for one in own if kind in (None, one.kind)]

    def kept_by(self, home):
        return [one for one in self.all() if self.keeper[one.uscc] == home]

    def play(self):
        start = time.monotonic()
        self._found()
        self._say("founded", start)
        events = self._events()
        for month in range(1, self.scale.months + 1):
            begun = time.monotonic()
            self._survey(month)
            for name in [name for name, at in self.scale.month_of.items() if at == month and name in events]:
                events[name]()
            self._accept(month)
            self._say(f"{YEAR}-{month:02}", begun)
        begun = time.monotonic()
        filings.annual(self, YEAR)
        self.rounds = self._settle()
        self._say(f"settled after {self.rounds} rounds", begun)

    def _events(self):
        return {
            "first": lambda: recognitions.giants(self, 1), "sme": lambda: recognitions.smes(self),
            "pair": self.clashes.play, "lock": self.moves.late_revision, "move": self.moves.move,
            "zone": self.moves.merge_zone, "second": lambda: recognitions.giants(self, 2),
            "revoke": lambda: (filings.confirm(self), recognitions.revoke(self), self.clashes.deletion()),
        }

    def _found(self):
        """The master, its lists, every machine, every enterprise, the annual figures of last year."""
        town = self.town
        town.city("init")
        # The seed knows that the zone was merged; when the year begins this has not happened yet.
        town.city("edit", "org_unit", ZONE, "successor=", "valid_to=")
        targets.periods(self)
        targets.counties(self)
        targets.organisations(self)
        town.serve()
        for home, (org, _) in self.scale.units.items():
            town.join(home, org)
        for home in dict.fromkeys(["haizhou", self.scale.leaver]):
            town.join(home + "2", self.unit(home))
        for home, own in self.enterprises.items():
            town.load(home, "enterprise", [self._entry(one) for one in own])
        filings.annual(self, YEAR - 1)
        filings.last_months(self)
        town.sync(*town.machines)
        filings.file(self)
        town.sync(*town.machines)

    def _entry(self, one):
        flags = {"resident": 1, "prohibited": 0, "major_incident": 0, "blacklisted": 0}
        return one.row | flags | {"division_code": self.scale.units[one.home][1], "field_tags": "biomedicine"}

    def _survey(self, month):
        """Every unit imports its figures; some sync now, some later, some months not at all."""
        period = YEAR * 100 + month
        order = self.homes
        self.random.shuffle(order)
        self.online = []
        for home in order:
            if month == 1 and self.scale.months == 12 and self.random.random() < 0.5:
                continue  # January may be skipped.
            self.town.load(home, "enterprise_month", self._figures(home, month, period))
            if self.town.query(home, "SELECT 1 FROM period WHERE code = ?", (period,)):
                self.town.county(home, "submit", str(period))
            offline = home == "gaoxin" and month == self.scale.month_of["zone"]
            if self.random.random() < 0.6 and not offline:
                self.town.sync(home)
                self.online.append(home)

    def _figures(self, home, month, period):
        rows = []
        for one in self.kept_by(home):
            if self.random.random() < 0.03:
                continue  # Some never answer.
            head = {"uscc": one.uscc, "period": period}
            rows.append(head | {"indicator": "taxable_sales", "ytd_value": one.until(month)})
            if one.kind == "giant":
                rows.append(head | {"indicator": "profit", "ytd_value": one.until(month) // 11})
                rows.append(head | {"indicator": "staff", "ytd_value": 100 + one.number % 300})
        return rows

    def _accept(self, month):
        """The city accepts what has come by now."""
        period = YEAR * 100 + month
        sql = "SELECT org FROM submission WHERE period = ? AND accepted_on IS NULL ORDER BY org"
        waiting = self.town.query("city", sql, (period,))
        day = f"{YEAR}-{month:02}-28"
        self.town.load("city", "submission", [{"org": org, "period": period, "accepted_on": day} for org, in waiting])

    def _settle(self):
        """Everybody syncs until nothing is on its way; how many rounds that took."""
        for count in range(1, 9):
            moving = [home for home in self.town.machines if any(map(self.town.sync(home).get, ["pushed", "pulled"]))]
            states = [] if moving else [self.town.county(home, "status") for home in self.town.machines]
            if states and not any(state["pending"] + state["in_flight"] for state in states):
                return count
        return 9

    def _say(self, what, since):
        print(f"{what:24} {time.monotonic() - since:6.1f} s, {self.town.commands} commands", flush=True)
