"""What an editing program pays for being tracked, and what the tracking keeps."""

import sqlite3
from collections import defaultdict

from .table import note

# step, rows of the table and count of the step for 100,000 rows, ratio to reach
STEPS = [
    ("insert", "bulk insert", 0, 100_000, 2.5), ("insert-one", "one-row inserts", 0, 10_000, 1.7),
    ("update", "updates, 100 a transaction", 100_000, 20_000, 2.0), ("update-one", "one-row updates", 10_000, 5_000, 2.0),
    ("delete", "deletes, 100 a transaction", 100_000, 1_000, 3.5),
    ("edit-again", "the same rows 100 times", 100_000, 1_000, 1.5),
]


def tables(place):
    """Who is compared: a name, and what makes an empty or full file of it."""
    yield "plain", place.plain
    yield "tracked", lambda rows: place.path(place.copy(rows)[1], "replica.sqlite")


def capture(place, table):
    for step, words, rows, count, reach in STEPS:
        rows, count = rows * place.rows // 100_000, max(1, count * place.rows // 100_000)
        seconds = defaultdict(list)
        for _ in range(place.rounds):
            for name, make in tables(place):
                seconds[name].append(place.workload(make(rows), step, count))
        table.add(words, seconds["tracked"], floor=seconds["plain"], against="the plain table", reach=reach)


def stored(place, table):
    """Bytes that a replica keeps besides the rows themselves."""
    _, county = place.copy(place.rows)
    file = place.path(county, "replica.sqlite")
    clean = kept(file)
    if clean is None:
        return note("this Python's SQLite has no dbstat: bytes are not measured")
    table.add("kept for a clean row", [clean / place.rows], unit="bytes")
    count = place.rows // 5
    place.workload(file, "update", count)
    table.add("kept for a pending row, two columns changed", [(kept(file) - clean) / count], unit="bytes")


def kept(file):
    """Payload of the tables of the engine that grow with the rows; nil without dbstat."""
    db = sqlite3.connect(file)
    try:
        sql = "SELECT coalesce(sum(payload), 0) FROM dbstat WHERE name LIKE 'sync_base_%' OR name IN ('sync_flight', 'sync_outbox')"
        return db.execute(sql).fetchone()[0]
    except sqlite3.OperationalError:
        return None
    finally:
        db.close()
