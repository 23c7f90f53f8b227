"""Many machines that sync with one `city serve`, and how durable small syncs stand beside SQLite's own transactions."""

import pathlib
import shutil
import tempfile
import threading
import time

from .place import MOST_ABOVE_IDLE, Broken
from .table import note

# Machines of one unit get each other's edits.
MACHINES_A_UNIT = 10


def paced(place, table):
    """A sync every few seconds, every other one with an edit: how long one waits, and what the server holds."""
    found = [run(place, every=place.options.every, edits=2) for _ in range(place.rounds)]
    machines = place.options.replicas
    pace = machines / place.options.every
    table.add(f"syncs of {machines} machines, each every {place.options.every:g} s",
              [round_["syncs a second"] for round_ in found], unit="/s", floor=[pace] * len(found),
              against="the pace", reach=0.99, least=True)
    for name in ["p50", "p90", "p99", "p99.9", "max"]:
        table.add(f"  latency, {name}", [round_["latency"][name] for round_ in found], listed=True)
    tell(table, found)


def saturated(place, table):
    """As many one-row syncs as the city takes, against one-row durable transactions in C on the same disk."""
    found, floor = [], []
    for _ in range(place.rounds):
        count = min(place.rows, 5000)
        floor.append(count / place.floor("durable", count, place.plain(place.rows))[0])
        found.append(run(place, every=0, edits=1))
    table.add(f"durable one-row syncs, {place.options.replicas} machines", [round_["edits a second"] for round_ in found],
              unit="/s", floor=floor, against="one-row durable transactions in C", reach=0.5, least=True)
    for name in ["p50", "p99", "max"]:
        table.add(f"  latency, {name}", [round_["latency"][name] for round_ in found])
    for words, times in [("the server's", [round_["server"]["processor time"] for round_ in found]),
                         ("a machine's", [round_["processor time of all machines"] for round_ in found])]:
        table.add(f"  {words} processor time a sync",
                  [time_ / max(1, round_["syncs"]) for time_, round_ in zip(times, found)])
    tell(table, found)


def tell(table, found):
    table.add("  fewest syncs of a machine, of the most",
              [round_["syncs of a machine"]["fewest"] / max(1, round_["syncs of a machine"]["most"]) for round_ in found],
              unit="")
    memory = [[bytes_ for _, bytes_ in round_["server"]["memory"]] for round_ in found]
    table.add("  server's memory, second half over first half", [grown(samples) for samples in memory], unit="")
    table.add("  server's memory above idle", [round_["server"]["peak memory"] - round_["idle"] for round_ in found],
              unit="bytes", most=MOST_ABOVE_IDLE)
    table.add("  syncs that failed or edits that were lost", [round_["failed"] + round_["lost"] for round_ in found],
              unit="", most=0)
    table.add("  an official's edit meanwhile, the slowest", [max(round_["official"], default=0) for round_ in found],
              listed=True)
    for round_ in found:
        for words, count in round_["failures"].items():
            note(f"{count} times: {words}")
    table.attach(found)


def grown(samples):
    """What memory does while the load stays: the mean of the second half over that of the first."""
    half = max(1, len(samples) // 2)
    first, second = samples[:half], samples[half:] or samples
    return (sum(second) / len(second)) / (sum(first) / len(first))


def run(place, every, edits):
    """One shift. The machines' files lie in memory where they can: the machines stand for others with disks of their own."""
    city, _ = place.copy(place.rows)
    machines = place.options.replicas
    units = [f"L{n}" for n in range(max(1, machines // MACHINES_A_UNIT))]
    for unit in units:
        place.city(city, "add", "county", f"code={unit}")
    memory = pathlib.Path("/dev/shm")
    folder = tempfile.mkdtemp(prefix="load-", dir=memory if memory.is_dir() else place.folder)
    arguments = [word for unit in units for word in ("--unit", unit)]
    try:
        serving = place.serving(city)
        with serving as url, Official(place, city) as official:
            found = place.measure(
                "load", city, "--city-url", url, "--server", serving.id, "--folder", folder, "--replicas", machines,
                "--seconds", place.options.seconds, "--every", every, "--edits", edits, *arguments)
        return found | {"official": official.seconds, "idle": serving.idle}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Official:
    """Edits the city's file with the city's program every few seconds, as long as the counties sync."""

    PAUSE = 3

    def __init__(self, place, city):
        self.place, self.city, self.seconds = place, city, []
        self.ended, self.failure = threading.Event(), None
        self.thread = threading.Thread(target=self.work)

    def work(self):
        while not self.ended.wait(self.PAUSE):
            start = time.monotonic()
            try:
                self.place.take_in(self.city)
            except Broken as failure:
                self.failure = failure
                return
            self.seconds.append(time.monotonic() - start)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()
        if self.failure:
            raise self.failure
