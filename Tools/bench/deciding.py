"""What an official waits for: decisions, and the past of a row."""

import sqlite3


def decide(place, table):
    """Decisions about contested cells, beside the same writes in C: the cell, a place in the feed, a line of history."""
    count = min(1000, place.rows // 8)
    together, alone, merged, durable = [], [], [], []
    for _ in range(place.rounds):
        city, county = place.copy(place.rows)
        place.workload(place.path(county, "replica.sqlite"), "update", 2 * count)
        place.workload(place.path(city, "master.sqlite"), "update", 2 * count, "--by", 9)
        place.take_in(city)
        place.sync(city, county)
        merged.append(place.merged_in_c("merge", count))
        durable.append(place.floor("durable", count, place.plain(place.rows))[0])
        found = place.measure("decide", city, "--count", count)
        together.append(found["at once"])
        alone.append(found["one by one"])
    table.add(f"{count:,} conflicts decided at once", together, floor=merged, against="the C floor of a merge")
    table.add(f"{count:,} conflicts decided one by one", alone, floor=durable, against="one-row durable transactions in C")


def history(place, table):
    """The past of rows, beside reading the rows themselves: of rows that ten small syncs changed, and of one that came in a
    great batch."""
    count = min(100, place.rows // 8)
    city, county = place.copy(place.rows)
    file = place.path(county, "replica.sqlite")
    for turn in range(10):
        place.workload(file, "update", count, "--by", 7 + 2 * turn)
        place.sync(city, county)
    chosen = moved(place.path(city, "master.sqlite"), count)
    look_up(place, table, city, chosen, f"the past of {count} rows, from 10 syncs of {count} rows")
    place.workload(file, "update", place.rows)
    place.sync(city, county)
    look_up(place, table, city, chosen[:1], f"the past of a row that was in a sync of {place.rows:,} rows, too")


def look_up(place, table, city, keys, words):
    ours, floor = [], []
    for _ in range(place.rounds):
        floor.append(place.floor("select", len(keys), place.plain(place.rows))[0])
        arguments = [word for key in keys for word in ("--key", key)]
        ours.append(place.measure("history", city, "--record", "enterprise", *arguments)["seconds"])
    table.add(words, ours, floor=floor, against="a SELECT of each row by its key")


def moved(file, count):
    """Keys of rows that the workload's updates changed."""
    db = sqlite3.connect(file)
    found = db.execute("SELECT id FROM enterprise WHERE status = '迁出' LIMIT ?", [count]).fetchall()
    db.close()
    return [key for key, in found]
