"""A city with a county in a folder, and the programs that work on them."""

import json
import pathlib
import shutil
import subprocess
import time

HERE = pathlib.Path(__file__).resolve().parent
# What either side may hold more than when it has nothing to do, in bytes.
MOST_ABOVE_IDLE = 64 << 20
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
        sessions = ["-DSQLITE_ENABLE_SESSION", "-DSQLITE_ENABLE_PREUPDATE_HOOK"]
        for name in ["workload", "floor", "peer", "peak"]:
            self.run("gcc", "-O2", *sessions, HERE / f"{name}.c", "-o", folder / name, "-lsqlite3", "-lzstd", "-ldl")
        self.made, self.codes = {}, 0

    @staticmethod
    def script(name):
        """A program of this folder that runs in another Python."""
        return HERE / name

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

    def peak(self, *command):
        """Runs to the end and returns the most memory that the command held, in bytes."""
        self.run(self.path("peak"), self.path("peak.txt"), *command)
        return int(self.path("peak.txt").read_text())

    def weighed(self, home, *command):
        """Seconds of a command of the county, and the most memory that it held above that of one which only looks at a home."""
        idle = self.peak(self.programs / "county", "status", "--home", self.path(home))
        start = time.monotonic()
        peak = self.peak(self.programs / "county", *command)
        return time.monotonic() - start, peak - idle

    def workload(self, file, *step):
        return float(self.run(self.path("workload"), file, *step).strip() or 0)

    def floor(self, *arguments):
        return [float(number) for number in self.run(self.path("floor"), *arguments).split()]

    def merged_in_c(self, what, count):
        """Seconds of a merge of so many rows in C: `what` is merge (of changed rows) or insert."""
        for name in ["floor.sqlite", "floor.sqlite-wal", "floor.sqlite-shm"]:
            self.path(name).unlink(missing_ok=True)
        return self.floor(what, count, self.path("floor.sqlite"))[0]

    def city(self, home, *arguments):
        return self.run(self.programs / "city", *arguments, "--home", self.path(home))

    def county(self, home, *arguments):
        return self.run(self.programs / "county", *arguments, "--home", self.path(home))

    def measure(self, what, city, *arguments):
        """What Sources/measure tells of a city's home."""
        perf = self.options.perf
        watched = ["perf", "record", "--quiet", "--call-graph", "dwarf,8192", "--output", perf] if perf else []
        return json.loads(self.run(*watched, self.programs / "measure", what, "--city", self.path(city), *arguments))

    def sync(self, city, county):
        """One sync in one process: seconds and bytes of its steps."""
        return self.measure("sync", city, "--county", self.path(county))

    def take_in(self, city):
        """Any edit makes the city take in what another program wrote."""
        self.codes += 1
        self.city(city, "add", "county", f"code=taken-in-{self.codes}")

    def found(self, rows):
        """A city whose county A has so many rows, and a machine of A that has them; made once. Names of the two homes."""
        city, county = f"city{rows}", f"county{rows}"
        if rows not in self.made:
            self.path("schema.yaml").write_text(SCHEMA)
            self.city(city, "init", "--schema", self.path("schema.yaml"))
            self.city(city, "add", "county", "code=A")
            for start in range(0, rows, 100_000):
                self.workload(self.path(city, "master.sqlite"), "insert", min(100_000, rows - start))
                self.take_in(city)
            # As every night: what a backup holds need not ride along with each first sync.
            self.city(city, "backup", self.path("backup.sqlite"))
            self.path("backup.sqlite").unlink()
            with self.serving(city) as url:
                code = self.city(city, "enroll", "--org", "A").strip()
                self.county(county, "init", "--server", url, "--code", code, "--actor", "clerk")
            self.made[rows] = (city, county)
        return self.made[rows]

    def forget(self, rows):
        """Gives the room of two homes back."""
        for home in self.made.pop(rows, ()):
            shutil.rmtree(self.path(home))

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
        self.idle = self.peak()
        return url

    def peak(self):
        """The most memory that the server held so far, in bytes."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM"))

    def above_idle(self):
        """The same above what it held when it had only begun to listen."""
        return self.peak() - self.idle

    @property
    def id(self):
        return self.process.pid

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.log.close()
