"""Plays a year of the plan with the real programs. See Tools/play-year."""

import argparse
import shutil
import sys
import tempfile
import time

import check_figures
import check_replicas
import people
from town import Broken, Town
from year import Year


def main():
    parser = argparse.ArgumentParser(prog="Tools/play-year")
    parser.add_argument("--seed", type=int, default=2020, help="order and values follow from it")
    parser.add_argument("--small", action="store_true", help="three counties, thirty enterprises each, three months")
    parser.add_argument("--keep", metavar="DIR", help="play in this new folder and keep it")
    options = parser.parse_args()
    folder = options.keep or tempfile.mkdtemp(prefix="play-year-")
    start = time.monotonic()
    town = Town(folder)
    town.folder.mkdir(parents=True, exist_ok=True)
    if any(town.folder.iterdir()):
        parser.error(f"{folder} is not empty")
    try:
        year = Year(town, people.Scale(options.small, options.seed))
        year.play()
        wrong = check_replicas.differences(year) + check_figures.differences(year)
    except Broken as problem:
        wrong = [str(problem)]
    finally:
        town.stop()
        if not options.keep:
            shutil.rmtree(folder, ignore_errors=True)
    for problem in wrong:
        print(f"WRONG: {problem}")
    print(f"{town.commands} commands in {time.monotonic() - start:.0f} s; seed {options.seed};",
          f"{len(wrong)} differences" if wrong else "all figures agree")
    sys.exit(1 if wrong else 0)


main()
