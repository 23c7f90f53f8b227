"""A city with a county in a folder, and the programs that work on them."""

import json
import pathlib
import shutil
import subprocess
import time

HERE = pathlib.Path(__file__).resolve().parent
SCHEMA = """
schema: bench
version: 1
title: Bench
units: county.code
records:
  county: {key: code, owner: city, fields: {code: {type: text}}}
  enterprise:
    key: id
    scope: {field: county}
    fields:
      id: {type: text}
      county: {type: text, required: true, references: county.code}
      name: {type: text}
      industry: {type: text}
      taxable_sales: {type: integer}
      rd_spend: {type: integer}
      staff: {type: integer}
      status: {type: text}
      note: {type: text}
      legal_rep: {type: text}
      reg_capital: {type: real}
      founded: {type: text}
      phone: {type: text}
      is_hightech: {type: integer}
      updated_at: {type: integer}
"""


class Broken(Exception):
    pass


class Place:
    def __init__(self, folder, programs, options):
        self.folder, self.programs, self.options = folder, programs, options
        self.rounds, self.rows = options.rounds, options.rows
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for name, libraries in [("workload", ["-lsqlite3", "-ldl"]), ("floor", ["-lsqlite3", "-lzstd"])]:
            self.run("gcc", "-O2", HERE / f"{name}.c", "-o", folder / name, *libraries)
        self.made = {}

    def path(self, *names):
        return self.folder.joinpath(*names)

    def run(self, *command):
        """Runs to the end and returns what it printed."""
        done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if done.returncode != 0:
            raise Broken(f"{' '.join(map(str, command))}\n  ended with {done.returncode}: {done.stderr}{done.stdout}")
        return done.stdout

    def timed(self, *command):
        start = time.monotonic()
        self.run(*command)
        return time.monotonic() - start

    def workload(self, file, *step):
        return float(self.run(self.path("workload"), file, *step).strip() or 0)

    def floor(self, *arguments):
        return [float(number) for number in self.run(self.path("floor"), *arguments).split()]

    def city(self, home, *arguments):
        return self.run(self.programs / "city", *arguments, "--home", self.path(home))

    def county(self, home, *arguments):
        return self.run(self.programs / "county", *arguments, "--home", self.path(home))

    def measure(self, city, county):
        """One sync in one process: seconds and bytes of its steps."""
        return json.loads(self.run(self.programs / "measure", "--city", self.path(city), "--county", self.path(county)))

    def found(self, rows):
        """A city whose county A has so many rows, and a machine of A that has them; made once. Names of the two homes."""
        city, county = f"city{rows}", f"county{rows}"
        if rows not in self.made:
            self.path("schema.yaml").write_text(SCHEMA)
            self.city(city, "init", "--schema", self.path("schema.yaml"))
            self.city(city, "add", "county", "code=A")
            for start in range(0, rows, 100_000):
                self.workload(self.path(city, "master.sqlite"), "insert", min(100_000, rows - start))
                # Any edit makes the city take in what another program wrote.
                self.city(city, "add", "county", f"code=n{start}")
            with self.serving(city) as url:
                code = self.city(city, "enroll", "--org", "A").strip()
                self.county(county, "init", "--server", url, "--code", code, "--actor", "clerk")
            self.made[rows] = (city, county)
        return self.made[rows]

    def copy(self, rows):
        """A fresh copy of both homes."""
        copies = ("city", "county")
        for source, copy in zip(self.found(rows), copies):
            shutil.rmtree(self.path(copy), ignore_errors=True)
            shutil.copytree(self.path(source), self.path(copy))
        return copies

    def plain(self, rows):
        """A plain table of so many rows, without anything of ours."""
        file = self.path(f"plain{rows}.sqlite")
        if not file.exists():
            self.workload(file, "create")
            if rows:
                self.workload(file, "insert", rows)
        copy = self.path("plain.sqlite")
        for name in ["plain.sqlite", "plain.sqlite-wal", "plain.sqlite-shm"]:
            self.path(name).unlink(missing_ok=True)
        shutil.copy(file, copy)
        return copy

    def serving(self, city):
        return Serving(self, city)


class Serving:
    """A city that serves while it is needed."""

    def __init__(self, place, city):
        self.place, self.city = place, city

    def __enter__(self):
        command = [self.place.programs / "city", "serve", "--home", self.place.path(self.city), "--listen", "127.0.0.1:0"]
        self.log = open(self.place.path("serve.log"), "a")
        self.process = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, stderr=self.log, text=True)
        url = self.process.stdout.readline().strip()
        if not url:
            raise Broken(f"city serve does not start: {self.place.path('serve.log').read_text()}")
        return url

    def peak(self):
        """The most memory that the server held so far, in bytes."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM"))

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.log.close()
