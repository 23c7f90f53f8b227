"""Kills programs at random moments. See Tools/kill."""

import argparse
import collections
import pathlib
import random
import shutil
import sys
import tempfile
import time

import checks
from disk import Disk, NotRoot
from storm import Storm
from town import Broken, Town


def arguments():
    parser = argparse.ArgumentParser(prog="Tools/kill")
    parser.add_argument("--kills", type=int, default=100, help="that must meet a running program")
    parser.add_argument("--seed", type=int, default=None, help="what is done, and when; the machine's own timing does not follow")
    parser.add_argument("--every", type=int, default=100, help="kills from one look at everything to the next")
    parser.add_argument("--full-disk", action="store_true", help="on a small disk of memory that is full now and then (root)")
    parser.add_argument("--keep", metavar="DIR", help="work in this new folder and keep it")
    return parser.parse_args()


def play(town, storm, options):
    """The differences that were found."""
    while storm.kills < options.kills:
        until = min(options.kills, storm.kills + options.every)
        while storm.kills < until:
            storm.round()
        wrong = checks.differences(town, storm)
        print(f"{storm.kills} kills, {storm.rounds} rounds, {storm.ledger.acknowledged} edits: "
              + (f"{len(wrong)} differences" if wrong else "all is there, once"), flush=True)
        if wrong:
            return wrong
    return []


def main():
    options = arguments()
    seed = random.SystemRandom().getrandbits(32) if options.seed is None else options.seed
    print(f"seed {seed}", flush=True)
    folder = pathlib.Path(options.keep or tempfile.mkdtemp(prefix="kill-"))
    folder.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()
    disk = Disk(folder / "disk") if options.full_disk else None
    town = Town(disk.folder if disk else folder / "town", folder)
    try:
        if disk:
            disk.mount()
        else:
            town.folder.mkdir()
        storm = Storm(town, random.Random(seed), disk)
        wrong = play(town, storm, options)
    except NotRoot as problem:
        print(problem, file=sys.stderr)
        sys.exit(77)
    except Broken as problem:
        wrong = [str(problem)]
    finally:
        town.stop()
        if disk:
            disk.unmount()
        if not options.keep:
            shutil.rmtree(folder, ignore_errors=True)
    for problem in wrong:
        print(f"WRONG: {problem}")
    told = collections.Counter(storm.outcomes) if "storm" in locals() else {}
    for (program, outcome), count in sorted(told.items()):
        print(f"  {program}: {outcome} {count} times")
    print(f"{time.monotonic() - start:.0f} s; seed {seed}; " + (f"{len(wrong)} differences" if wrong else "nothing lost, nothing twice"))
    sys.exit(1 if wrong else 0)


main()
