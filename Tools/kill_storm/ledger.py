"""What the rows must be in the end: what was acknowledged, and of what was killed that which the file holds."""

SHARED = 4


class Ledger:
    def __init__(self):
        self.rows = {}  # id -> {"site", "total", "hits", "note"}
        self.count = 0
        self.acknowledged = 0
        self.city_name = {}  # site -> the name that the city gave it

    def next(self):
        self.count += 1
        return self.count

    def own(self, home):
        """The rows that only this machine edits."""
        return [key for key in self.rows if key.startswith(f"{home}-")]

    def take(self, changes):
        """Edits that were acknowledged. A row of None is deleted."""
        self.acknowledged += len(changes)
        for key, cells in changes.items():
            if cells is None:
                self.rows.pop(key, None)
            else:
                self.rows[key] = {**self.rows.get(key, {}), **cells}

    def lines(self, site):
        return sorted(
            (key, row["site"], row["total"], row["hits"], row["note"]) for key, row in self.rows.items() if row["site"] == site)
