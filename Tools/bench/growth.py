"""How files, syncs and memory grow with the rows stored."""

import shutil

from .place import MOST_ABOVE_IDLE
from .roads import quiet

# A change of so many rows is pushed, whatever is stored.
CHANGED = 20_000


def sizes(place):
    larger = [1_000_000] if place.rows >= 100_000 else []
    return sorted({1_000, place.rows, *larger, *([10_000_000] if place.options.large else [])})


def growth(place, table):
    small = []
    for rows in sizes(place):
        small = at(place, table, rows, small) or small
        if rows > place.rows:
            place.forget(rows)


def at(place, table, rows, small):
    """Every cost with so many rows stored. Returns the seconds of a sync with nothing to do."""
    seconds = quiet(place, rows)
    table.add(f"{rows:,} rows: nothing to sync", seconds, floor=small, against="1,000 rows", reach=1.2 if small else None)
    city, county = place.copy(rows)
    for side, file in [("city", place.path(city, "master.sqlite")), ("county", place.path(county, "replica.sqlite"))]:
        table.add(f"{rows:,} rows: {side}'s file, bytes a row", [file.stat().st_size / rows], unit="bytes")
    pushed(place, table, rows, city, county)
    started(place, table, rows, city, county)
    return seconds


def pushed(place, table, rows, city, county):
    """Changes that do not depend on what is stored."""
    changed = min(CHANGED, rows)
    place.workload(place.path(county, "replica.sqlite"), "update", changed)
    serving = place.serving(city)
    with serving as url:
        seconds, above = place.weighed(county, "sync", "--server", url, "--home", place.path(county))
        tell(table, f"{rows:,} rows: {changed:,} changes pushed", seconds, above, serving.above_idle())


def started(place, table, rows, city, county):
    """A new machine that takes a snapshot."""
    code = place.city(city, "enroll", "--org", "A").strip()
    serving = place.serving(city)
    with serving as url:
        seconds, above = place.weighed(
            county, "init", "--server", url, "--code", code, "--actor", "x", "--home", place.path("another"))
        tell(table, f"{rows:,} rows: first sync", seconds, above, serving.above_idle())
    shutil.rmtree(place.path("another"))


def tell(table, words, seconds, county, city):
    table.add(words, [seconds])
    table.add(f"{words}: county's memory above idle", [county], unit="bytes", most=MOST_ABOVE_IDLE)
    table.add(f"{words}: city's memory above idle", [city], unit="bytes", most=MOST_ABOVE_IDLE)
