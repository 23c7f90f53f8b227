"""A city and its counties as real processes over loopback, in a folder."""

import csv
import json
import os
import pathlib
import sqlite3
import subprocess
import time

BUSY = 75


class Broken(Exception):
    """A program did what it must not do."""


class Town:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.bin = pathlib.Path(os.environ["BIN"])
        self.server = None
        self.url = None
        self.machines = {}  # home -> org unit
        self.commands = 0
        self.actor = None

    def path(self, name):
        return str(self.folder / name)

    def run(self, command, expect=0):
        """Runs to the end; fails unless it ends with the code that is expected, if any is. Busy is tried again."""
        for attempt in range(20):
            self.commands += 1
            done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
            if done.returncode != BUSY or expect == BUSY:
                break
            time.sleep(0.2)
        if expect is not None and done.returncode != expect:
            words = " ".join(str(part) for part in command)
            raise Broken(f"{words}\n  ended with {done.returncode}, not {expect}: {done.stderr}{done.stdout}")
        return done

    def city(self, *arguments, expect=0):
        return self._json([self.bin / "city", *arguments, "--home", self.path("city"), "--json"], expect)

    def county(self, home, *arguments, expect=0):
        return self._json([self.bin / "county", *arguments, "--home", self.path(home), "--json"], expect)

    def _json(self, command, expect):
        out = self.run(command, expect).stdout
        return json.loads(out) if expect == 0 and out.strip() else None

    def serve(self):
        """Starts the server; the first line says where."""
        command = [self.bin / "city", "serve", "--home", self.path("city"), "--listen", "127.0.0.1:0"]
        log = open(self.path("serve.log"), "w")
        self.server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        self.url = self.server.stdout.readline().strip()
        if not self.url.startswith("http"):
            raise Broken(f"city serve said {self.url!r}; see {self.path('serve.log')}")

    def stop(self):
        if self.server:
            self.server.terminate()
            self.server.wait(20)
            self.server = None

    def join(self, home, org):
        code = self.city("enroll", "--org", org)["code"]
        self.run([self.bin / "county", "init", "--home", self.path(home), "--server", self.url, "--code", code,
                  "--actor", f"clerk-{home}"])
        self.machines[home] = org

    def sync(self, *homes):
        """The last one's outcome."""
        done = None
        for home in homes:
            done = self.county(home, "sync")
        return done

    def table(self, name, rows):
        """Writes rows (dictionaries with the same keys) as CSV."""
        file = self.path(name + ".csv")
        with open(file, "w", newline="", encoding="utf-8") as out:
            writer = csv.DictWriter(out, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        return file

    def load(self, home, record, rows):
        """Imports rows on a county's machine, or as the city."""
        if not rows:
            return
        file = self.table(f"{home}-{record}", rows)
        done = self.city("import", record, file) if home == "city" else self.county(home, "import", record, file)
        if done["rows"] != len(rows) or done["problems"]:
            raise Broken(f"import {record} {file} at {home}: {done}")

    def query(self, home, sql, values=()):
        """Reads a database behind the programs' back."""
        name = "city/master.sqlite" if home == "city" else f"{home}/replica.sqlite"
        with sqlite3.connect(f"file:{self.path(name)}?mode=ro", uri=True, timeout=20) as db:
            return db.execute(sql, values).fetchall()

    def scribble(self, home, sql, values=()):
        """Edits a replica with another SQLite tool, as the contract allows."""
        db = sqlite3.connect(self.path(f"{home}/replica.sqlite"), timeout=20)
        with db:
            changed = db.execute(sql, values).rowcount
        db.close()
        if changed < 1:
            raise Broken(f"at {home} nothing was changed by: {sql} {values}")
        return changed
