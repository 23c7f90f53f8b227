"""How files, syncs and memory grow with the rows stored."""

import shutil

# A change of so many rows is pushed, whatever is stored.
CHANGED = 20_000
MOST_ABOVE_IDLE = 64 << 20


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
    city, county = place.found(rows)
    for side, home, name in [("city", city, "master.sqlite"), ("county", county, "replica.sqlite")]:
        size = place.path(home, name).stat().st_size
        table.add(f"{rows:,} rows: {side}'s file, bytes a row", [size / rows], unit="bytes")
    seconds = quiet(place, table, rows, small)
    pushed(place, table, rows)
    started(place, table, rows)
    return seconds


def quiet(place, table, rows, small):
    city, county = place.found(rows)
    seconds = []
    with place.serving(city) as url:
        for _ in range(max(place.rounds, 5)):
            seconds.append(place.timed(place.programs / "county", "sync", "--server", url, "--home", place.path(county)))
    table.add(f"{rows:,} rows: nothing to sync", seconds, floor=small or seconds, against="1,000 rows", reach=1.2)
    return seconds


def pushed(place, table, rows):
    """Changes that do not depend on what is stored."""
    city, county = place.found(rows)
    changed = min(CHANGED, rows)
    place.workload(place.path(county, "replica.sqlite"), "update", changed)
    serving = place.serving(city)
    with serving as url:
        idle = serving.peak()
        above = place.above_idle(county, "sync", "--server", url, "--home", place.path(county))
        served = serving.peak() - idle
    told(table, f"{rows:,} rows: {changed:,} changes pushed", above, served)


def started(place, table, rows):
    """A new machine that takes a snapshot."""
    city, county = place.found(rows)
    code = place.city(city, "enroll", "--org", "A").strip()
    serving = place.serving(city)
    with serving as url:
        idle = serving.peak()
        above = place.above_idle(
            county, "init", "--server", url, "--code", code, "--actor", "x", "--home", place.path("another"))
        served = serving.peak() - idle
    shutil.rmtree(place.path("another"))
    told(table, f"{rows:,} rows: first sync", above, served)


def told(table, words, county, city):
    table.add(f"{words}: county's memory above idle", [county], unit="bytes", most=MOST_ABOVE_IDLE)
    table.add(f"{words}: city's memory above idle", [city], unit="bytes", most=MOST_ABOVE_IDLE)
