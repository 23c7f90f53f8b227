"""A city and three machines as real processes, each machine behind a line that may be rough."""

import json
import os
import pathlib
import sqlite3
import subprocess

from line import Line

SCHEMA = """
schema: tally
version: 1
title: Tally
units: site.code
records:
  site: {key: code, owner: city, fields: {code: {type: text}, name: {type: text}}}
  counter:
    key: id
    scope: {field: site}
    fields:
      id: {type: text}
      site: {required: true, references: site.code}
      total: {type: integer, policy: max}
      hits: {type: integer, policy: sum}
      note: {type: text}
"""
MACHINES = {"one": "A", "two": "A", "three": "B"}  # home -> unit
TIMEOUT = 300  # seconds after which a program is said to hang


class Broken(Exception):
    """A program did what it must not do."""


class Town:
    def __init__(self, folder, logs):
        """What the programs say, and files that they import, lie in another folder, where there is always room."""
        self.folder, self.logs, self.bin = pathlib.Path(folder), pathlib.Path(logs), pathlib.Path(os.environ["BIN"])
        self.server, self.port, self.lines = None, 0, {}

    def path(self, name):
        return str(self.folder / name)

    def log(self, name):
        return str(self.logs / name)

    def file(self, home):
        return self.path("city/master.sqlite" if home == "city" else f"{home}/replica.sqlite")

    def command(self, home, *words):
        program = "city" if home == "city" else "county"
        return [str(self.bin / program), *words, "--home", self.path(home)]

    def start(self, home, *words):
        """A program that goes on by itself; its output is in files, so that no pipe fills up."""
        name = self.log(f"{home}.{words[0]}")
        with open(f"{name}.out", "w") as out, open(f"{name}.err", "w") as err:
            process = subprocess.Popen(self.command(home, *words), stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        process.told = f"{name}.err"
        return process

    def run(self, home, *words):
        """Runs to the end; it must succeed."""
        done = subprocess.run(self.command(home, *words), capture_output=True, text=True, timeout=TIMEOUT)
        if done.returncode != 0:
            raise Broken(f"{home} {' '.join(words)} ended with {done.returncode}: {done.stderr}{done.stdout}")
        return done.stdout

    def json(self, home, *words):
        return json.loads(self.run(home, *words, "--json"))

    def build(self, random):
        """The city, its two sites, and the machines."""
        pathlib.Path(self.log("schema.yaml")).write_text(SCHEMA)
        self.run("city", "init", "--schema", self.log("schema.yaml"))
        self.serve()
        for code in sorted(set(MACHINES.values())):
            self.run("city", "add", "site", f"code={code}", "name=")
        for home, site in MACHINES.items():
            self.lines[home] = Line(self.port, random)
            code = self.json("city", "enroll", "--org", site)["code"]
            self.run(home, "init", "--server", self.lines[home].url, "--code", code, "--actor", f"clerk-{home}")

    def serve(self):
        """The second time on the same port."""
        command = self.command("city", "serve", "--listen", f"127.0.0.1:{self.port}")
        with open(self.log("serve.log"), "a") as log:
            self.server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        url = self.server.stdout.readline().strip()
        if not url.startswith("http"):
            log = pathlib.Path(self.log("serve.log")).read_text()
            raise Broken(f"city serve said {url!r} and not where it listens: {log[-500:]}")
        self.port = int(url.rsplit(":", 1)[1])

    def stop(self):
        if self.server:
            self.server.kill()
            self.server.wait()
            self.server.stdout.close()
        self.server = None

    def rough(self, is_rough):
        for line in self.lines.values():
            line.rough = is_rough

    def query(self, home, sql, values=()):
        """Reads a database behind the programs' back."""
        db = sqlite3.connect(self.file(home), timeout=60)
        try:
            return db.execute(sql, values).fetchall()
        finally:
            db.close()

    def scribble(self, home, statements):
        """Edits a replica in one transaction with another SQLite tool. Throws sqlite3.OperationalError."""
        db = sqlite3.connect(self.file(home), timeout=60, isolation_level=None)
        try:
            db.execute("BEGIN IMMEDIATE")
            for sql, values in statements:
                db.execute(sql, values)
            db.execute("COMMIT")
        finally:
            db.close()
