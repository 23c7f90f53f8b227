"""Extraction, merge and a first push, beside the same work in C."""

from .place import MOST_ABOVE_IDLE


def extract(place, table):
    """20,800 changes in 100,000 rows, as they leave: numbered, packed, signed and durable."""
    ours, floor, bytes_, floor_bytes = [], [], [], []
    for _ in range(place.rounds):
        city, county = place.copy(place.rows)
        file = place.path(county, "replica.sqlite")
        place.workload(file, "update", place.rows // 5)
        place.workload(file, "delete", max(1, place.rows // 125))
        seconds, size, _ = place.floor("extract", file)
        floor.append(seconds)
        floor_bytes.append(size)
        found = place.sync(city, county)
        ours.append(found["extract"])
        bytes_.append(found["bytes"])
    table.add(f"{place.rows // 5 + place.rows // 125:,} changes", ours, floor=floor, against="the C floor", reach=2.0)
    table.add("their bytes", bytes_, unit="bytes", floor=floor_bytes, against="the C floor", reach=None)


def contested(place, share):
    """The city's own rows differ from the county's in a share of those that the county changed."""
    def edit(city, county):
        place.workload(place.path(county, "replica.sqlite"), "update", place.rows)
        if share:
            place.workload(place.path(city, "master.sqlite"), "update", int(place.rows * share), "--by", 9)
            place.take_in(city)
    return edit


def merge(place, table):
    for words, share, reach in [("100,000 changed rows", 0, 2.0), ("the same, 10 % contested", 0.1, None),
                                ("the same, all contested", 1, None)]:
        ours, floor, applied, memory = [], [], [], []
        for _ in range(place.rounds):
            city, county = place.copy(place.rows)
            contested(place, share)(city, county)
            floor.append(place.merged_in_c("merge", place.rows))
            found = place.sync(city, county)
            ours.append(found["merge"])
            applied.append(found["apply"])
            memory.append(found["peak"] - found["peak before"])
        table.add(words.replace("100,000", f"{place.rows:,}"), ours, floor=floor, against="the C floor", reach=reach)
        table.add("  the county takes the answer", applied)
        table.add("  memory of both above idle", memory, unit="bytes", most=2 * MOST_ABOVE_IDLE)
    ours, floor = [], []
    for _ in range(place.rounds):
        city, county = place.copy(0)
        place.workload(place.path(county, "replica.sqlite"), "insert", place.rows)
        floor.append(place.merged_in_c("insert", place.rows))
        ours.append(place.sync(city, county)["merge"])
    table.add(f"{place.rows:,} new rows", ours, floor=floor, against="the C floor", reach=2.0)


def push(place, table):
    """A first push over HTTP, by the two programs, against extraction, zstd and merge in C."""
    ours, floor, county_memory, city_memory = [], [], [], []
    for _ in range(place.rounds):
        city, county = place.copy(0)
        file = place.path(county, "replica.sqlite")
        place.workload(file, "insert", place.rows)
        floor.append(place.floor("extract", file)[0] + place.merged_in_c("insert", place.rows))
        serving = place.serving(city)
        with serving as url:
            seconds, above = place.weighed(county, "sync", "--server", url, "--home", place.path(county))
            city_memory.append(serving.above_idle())
        ours.append(seconds)
        county_memory.append(above)
    table.add(
        f"{place.rows:,} new rows over HTTP", ours, floor=floor, against="extraction, zstd and merge in C", reach=2.5)
    table.add("the county's memory above idle", county_memory, unit="bytes", most=MOST_ABOVE_IDLE)
    table.add("the city's memory above idle", city_memory, unit="bytes", most=MOST_ABOVE_IDLE)
