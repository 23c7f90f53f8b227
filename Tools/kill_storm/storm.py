"""Rounds of edits, imports and syncs at once, some of which are killed."""

import collections
import csv
import pathlib
import sqlite3
import subprocess
import time

from ledger import SHARED, Ledger
from town import MACHINES, TIMEOUT, Broken

KILLED = -9
# What a program may end with when the line breaks, the city is killed, or another one holds the file; with a full disk 74 too.
ALLOWED = {"sync": {0, 69, 75}, "edit": {0, 75}, "import": {0, 75}}
DISK, UNREACHABLE = 74, 69


class Storm:
    def __init__(self, town, random, disk=None):
        self.town, self.random, self.disk, self.ledger = town, random, disk, Ledger()
        self.kills, self.rounds, self.is_full, self.outcomes = 0, 0, False, collections.Counter()
        self.longest = {"sync": 0.5, "edit": 0.3, "import": 0.3, "serve": 0.5}  # seconds that a program takes, about
        town.build(random)
        for home, site in MACHINES.items():
            for n in range(SHARED):
                self.ledger.rows[f"{site}{n}"] = {"site": site, "total": 0, "hits": 0, "note": ""}
        town.scribble("one", [self.inserted(key, row) for key, row in self.ledger.rows.items() if row["site"] == "A"])
        town.scribble("three", [self.inserted(key, row) for key, row in self.ledger.rows.items() if row["site"] == "B"])
        for home in ("one", "two", "three"):
            town.run(home, "sync")
        town.rough(True)

    @staticmethod
    def inserted(key, row):
        return "INSERT INTO counter VALUES (?, ?, ?, ?, ?)", (key, row["site"], row["total"], row["hits"], row["note"])

    def round(self):
        """One program on each machine and one at the city, all at once; then some of them, or the server, are killed."""
        self.rounds += 1
        self.is_full = self.disk is not None and self.rounds % 4 == 0
        if self.is_full:
            self.disk.fill(self.random.randrange(0, 400_000))
        for home in MACHINES:
            self.scribble(home)
        begun = [self.begin(home) for home in MACHINES]
        if self.random.random() < 0.5:
            begun.append(self.rename())
        if self.random.random() < 0.4:
            # Who deletes a row that another program is about to edit has that one find none.
            busy = {key for *_, changes in begun for key in changes}
            self.scribble(self.random.choice(list(MACHINES)), busy)
        kill = self.random.random() < 0.3
        longest = max(self.longest[begin[1]] for begin in begun)
        time.sleep(self.random.random() * longest)
        if kill:
            self.town.stop()
            self.kills += 1
            self.outcomes["city serve", "killed"] += 1
        else:
            for process, *_ in self.random.sample(begun, self.random.randrange(1, len(begun) + 1)):
                process.kill()
        codes = [self.wait(process, kind, home, start) for process, kind, home, start, _ in begun]
        if self.is_full:
            self.disk.clear()
        for code, work in zip(codes, begun):
            self.judge(code, *work)
        if self.town.server is None:
            self.town.serve()
        elif self.town.server.poll() is not None:
            raise Broken(f"city serve ended by itself with {self.town.server.returncode}")

    # What is done: each returns the process, its kind, the machine, when it began, and the edits that it makes.

    def begin(self, home):
        kind = self.random.choice(["sync", "sync", "edit", "import"])
        return {"sync": self.sync, "edit": self.edit, "import": self.load}[kind](home)

    def sync(self, home):
        return self.town.start(home, "sync"), "sync", home, time.monotonic(), {}

    def edit(self, home):
        own = self.ledger.own(home)
        if not own:
            return self.load(home)
        key, note = self.random.choice(own), f"改{self.ledger.next()}"
        return self.town.start(home, "edit", "counter", key, f"note={note}"), "edit", home, time.monotonic(), {key: {"note": note}}

    def load(self, home):
        """A file of new rows."""
        rows = {}
        for _ in range(self.random.choice([2, 20, 200])):
            n = self.ledger.next()
            rows[f"{home}-{n}"] = {"site": MACHINES[home], "total": n, "hits": 0, "note": f"第{n}条"}
        file = pathlib.Path(self.town.log(f"{home}.csv"))
        with open(file, "w", newline="", encoding="utf-8") as out:
            writer = csv.writer(out)
            writer.writerow(["id", "site", "total", "hits", "note"])
            writer.writerows([key, *row.values()] for key, row in rows.items())
        return self.town.start(home, "import", "counter", str(file)), "import", home, time.monotonic(), rows

    def rename(self):
        """The city edits a row that every machine of the site holds."""
        site, name = self.random.choice("AB"), f"名{self.ledger.next()}"
        return self.town.start("city", "edit", "site", site, f"name={name}"), "edit", "city", time.monotonic(), {site: {"name": name}}

    def scribble(self, home, busy=()):
        """One transaction of a foreign program: raises shared cells, adds, changes or deletes a row of its own that is not busy."""
        n, site = self.ledger.next(), MACHINES[home]
        shared, new = f"{site}{self.random.randrange(SHARED)}", f"{home}-{n}"
        row = {"site": site, "total": n, "hits": 0, "note": f"第{n}条"}
        statements = [("UPDATE counter SET total = ?, hits = hits + 1 WHERE id = ?", (n, shared)), self.inserted(new, row)]
        changes = {shared: {"total": n, "hits": self.ledger.rows[shared]["hits"] + 1}, new: row}
        own = [key for key in self.ledger.own(home) if key not in changes and key not in busy]
        if own:
            other = self.random.choice(own)
            if self.random.random() < 0.3:
                statements.append(("DELETE FROM counter WHERE id = ?", (other,)))
                changes[other] = None
            else:
                statements.append(("UPDATE counter SET note = ? WHERE id = ?", (f"改{n}", other)))
                changes[other] = {"note": f"改{n}"}
        try:
            self.town.scribble(home, statements)
        except sqlite3.OperationalError as error:
            if not self.is_full:
                raise Broken(f"{home}: another program cannot write: {error}")
            self.outcomes["another program", str(error)] += 1
            return
        self.ledger.take(changes)

    # What became of it.

    def wait(self, process, kind, home, start):
        try:
            code = process.wait(TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            raise Broken(f"{home} {kind} hangs")
        program = f"{'city' if home == 'city' else 'county'} {kind}"
        self.kills += code == KILLED
        self.outcomes[program, "killed" if code == KILLED else f"exit {code}"] += 1
        if code != KILLED:
            self.longest[kind] = 0.8 * self.longest[kind] + 0.2 * (time.monotonic() - start)
        return code

    def judge(self, code, process, kind, home, start, changes):
        allowed = ALLOWED[kind] | ({DISK, UNREACHABLE} if self.is_full else set()) | {KILLED}
        if code not in allowed:
            raise Broken(f"{home} {kind} ended with {code}: {pathlib.Path(process.told).read_text()}")
        if not changes or not self.is_there(home, changes, {0: True, KILLED: None}.get(code, False)):
            return
        if home == "city":
            self.ledger.acknowledged += 1
            self.ledger.city_name.update({key: cells["name"] for key, cells in changes.items()})
        else:
            self.ledger.take(changes)

    def is_there(self, home, changes, expected):
        """Whether the file holds the edits: all of them or none, and all of them when they were acknowledged."""
        table, key = ("site", "code") if home == "city" else ("counter", "id")
        found = 0
        for name, cells in changes.items():
            column = "name" if home == "city" else "note"
            rows = self.town.query(home, f"SELECT {column} FROM {table} WHERE {key} = ?", (name,))
            found += rows == [(cells[column],)]
        if found not in (0, len(changes)):
            raise Broken(f"{home}: {found} of {len(changes)} rows of one transaction are there")
        if expected is not None and (found > 0) != expected:
            raise Broken(f"{home}: an edit was {'acknowledged and is not' if expected else 'refused and is'} there: {list(changes)[:3]}")
        return found > 0
