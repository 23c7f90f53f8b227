"""Made-up units, enterprises and figures. Credit codes are of the range that GB 11714 leaves to users: no real firm."""

import csv
import io
import pathlib
import random
import subprocess

YEAR = 2020
DAY = f"{YEAR}-12-31"
ZONE, HEIR = "320772", "320706"  # 高新区 goes into 海州.

# home: org unit, division of the credit codes
FULL = {
    "haizhou": ("320706", "320706"), "gaoxin": ("320772", "320706"), "ganyu": ("320707", "320707"),
    "lianyun": ("320703", "320703"), "donghai": ("320722", "320722"), "guanyun": ("320723", "320723"),
    "guannan": ("320724", "320724"), "kaifa": ("320771", "320703"), "xuwei": ("LYG-XW", "320703"),
    "yuntai": ("LYG-YT", "320703"),
}
HUNDRED_MILLION = 100_000_000


class Scale:
    """How large a play is, and who plays which part."""

    def __init__(self, small, seed):
        self.small = small
        self.random = random.Random(seed)
        self.months = 3 if small else 12
        names = list(FULL)[:3] if small else list(FULL)
        self.units = {name: FULL[name] for name in names}
        self.smes, self.giants, self.others = (21, 5, 4) if small else (100, 10, 4)
        self.month_of = (
            {"first": 1, "sme": 1, "pair": 2, "lock": 2, "move": 2, "zone": 3, "second": 3, "revoke": 3, "compare": 3}
            if small
            else {"first": 4, "sme": 3, "pair": 2, "lock": 5, "move": 6, "zone": 7, "second": 10, "revoke": 11,
                  "compare": 6})
        self.locked = YEAR * 100 + (1 if small else 3)
        # Who moves from where to where; who registers the same code.
        self.leaver, self.taker = ("ganyu", "haizhou") if small else ("ganyu", "donghai")
        self.twins = ("haizhou", "ganyu") if small else ("guanyun", "guannan")

    @property
    def compared(self):
        return YEAR * 100 + self.month_of["compare"]


class Enterprise:
    def __init__(self, home, row, kind, number):
        self.home, self.row, self.kind, self.number = home, row, kind, number
        self.uscc, self.name = row["uscc"], row["name"]
        self.sales = 0  # taxable sales of the year, in yuan
        self.round = None

    def until(self, month, year=YEAR):
        """Sales from the beginning of the year, in yuan."""
        share = 1.0 if year == YEAR else 0.86 + 0.01 * (self.number % 9)
        return int(self.sales * share) * month // 12


def _codes(count, division, start):
    tool = pathlib.Path(__file__).resolve().parent.parent / "make-enterprises"
    out = subprocess.run([tool, str(count), division, str(start)], capture_output=True, text=True, check=True).stdout
    return list(csv.DictReader(io.StringIO(out)))


def spare_codes(count):
    """Credit codes that no enterprise has yet."""
    return [row["uscc"] for row in _codes(count, "320706", 90000)]


def enterprises(scale):
    """All of them by home: small giants, tech SMEs, and others of which some are candidates."""
    result, start = {}, 1
    for place, (home, (_, division)) in enumerate(scale.units.items()):
        count = scale.giants + scale.smes + scale.others
        own = []
        for number, row in enumerate(_codes(count, division, start)):
            kind = "giant" if number < scale.giants else "sme" if number < scale.giants + scale.smes else "other"
            one = Enterprise(home, row, kind, start + number)
            one.sales = _sales(scale, kind, number, place)
            own.append(one)
        result[home] = own
        start += count
    return result


def _sales(scale, kind, number, place):
    pick = scale.random.randrange
    if kind == "giant":
        if place == 0:  # The bounds themselves.
            bounds = [10 * HUNDRED_MILLION, 5 * HUNDRED_MILLION, 10 * HUNDRED_MILLION - 1, HUNDRED_MILLION,
                      HUNDRED_MILLION - 1, 5 * HUNDRED_MILLION - 1]
            if number < len(bounds):
                return bounds[number]
        low, high = [(1000, 2500), (500, 1000), (100, 500), (100, 300), (50, 100)][number % 5]
        return pick(low * 1_000_000, high * 1_000_000)
    if kind == "other":
        return [50_000_000, 49_999_999, pick(60_000_000, 90_000_000), pick(1_000_000, 9_000_000)][number % 4]
    return pick(50_000_000, 190_000_000) if number % 20 == 0 else pick(800_000, 45_000_000)
