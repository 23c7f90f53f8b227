"""First sync, a sync with nothing to do, and starts."""


def snapshot(place, table):
    ours, floor = [], []
    city, county = place.found(place.rows)
    for n in range(place.rounds):
        code = place.city(city, "enroll", "--org", "A").strip()
        with place.serving(city) as url:
            ours.append(place.timed(
                place.programs / "county", "init", "--server", url, "--code", code, "--actor", "x", "--home",
                place.path(f"new{n}")))
        target = place.path(f"vacuum{n}.sqlite")
        vacuum = place.timed("sqlite3", place.path(county, "replica.sqlite"), f"VACUUM INTO '{target}'")
        floor.append(vacuum + place.timed("zstd", "-q", "-3", target, "-o", f"{target}.zst"))
    table.add(f"first sync of {place.rows:,} rows", ours, floor=floor, against="VACUUM INTO and zstd -3", reach=1.5)


def noop(place, table):
    small = []
    for rows in [1_000, place.rows]:
        city, county = place.copy(rows)
        seconds = []
        with place.serving(city) as url:
            for _ in range(max(place.rounds, 5)):
                seconds.append(place.timed(
                    place.programs / "county", "sync", "--server", url, "--home", place.path(county)))
        small = small or seconds
        table.add(f"nothing to sync, {rows:,} rows", seconds, floor=small, against="1,000 rows", reach=1.2)


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
