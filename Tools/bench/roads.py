"""First sync, a sync with nothing to do, and starts."""

from .place import MOST_ABOVE_IDLE


def snapshot(place, table):
    ours, floor, county_memory, city_memory = [], [], [], []
    city, county = place.found(place.rows)
    for n in range(place.rounds):
        code = place.city(city, "enroll", "--org", "A").strip()
        serving = place.serving(city)
        with serving as url:
            seconds, above = place.weighed(
                county, "init", "--server", url, "--code", code, "--actor", "x", "--home", place.path(f"new{n}"))
            city_memory.append(serving.above_idle())
        ours.append(seconds)
        county_memory.append(above)
        target = place.path(f"vacuum{n}.sqlite")
        vacuum = place.timed("sqlite3", place.path(county, "replica.sqlite"), f"VACUUM INTO '{target}'")
        floor.append(vacuum + place.timed("zstd", "-q", "-3", target, "-o", f"{target}.zst"))
    table.add(f"first sync of {place.rows:,} rows", ours, floor=floor, against="VACUUM INTO and zstd -3", reach=1.5)
    table.add("the county's memory above idle", county_memory, unit="bytes", most=MOST_ABOVE_IDLE)
    table.add("the city's memory above idle", city_memory, unit="bytes", most=MOST_ABOVE_IDLE)


def noop(place, table):
    small = quiet(place, 1_000)
    table.add("nothing to sync, 1,000 rows", small)
    table.add(
        f"nothing to sync, {place.rows:,} rows", quiet(place, place.rows), floor=small, against="1,000 rows", reach=1.2)


def quiet(place, rows):
    """Seconds of syncs that have nothing to do, so many rows being stored."""
    city, county = place.found(rows)
    with place.serving(city) as url:
        return [
            place.timed(place.programs / "county", "sync", "--server", url, "--home", place.path(county))
            for _ in range(max(place.rounds, 5))]


def start(place, table):
    city, county = place.found(1_000)
    file = place.path(county, "replica.sqlite")
    status, floor, official = [], [], []
    for _ in range(max(place.rounds, 9)):
        status.append(place.timed(place.programs / "county", "status", "--home", place.path(county)))
        floor.append(place.timed("sqlite3", file, "select 1"))
        official.append(place.timed(place.programs / "city", "replicas", "--home", place.path(city)))
    table.add("county status", status, floor=floor, against="sqlite3 FILE 'select 1'", reach=3)
    table.add("city replicas", official, floor=floor, against="sqlite3 FILE 'select 1'")
