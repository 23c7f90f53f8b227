"""WIRE.md section 4, "probe" and "answer"."""

import hashlib

import tables
from tables import require
from values import NULL, Reader, read_key

MOST_RANGES, MOST_ROWS, MOST_DIGITS = 2048, 1000, 16


def check_range(record: bytes, prefix: bytes, records: dict) -> str:
    digits = prefix.decode()
    require(record.decode() in records, "no record")
    require(len(digits) <= MOST_DIGITS and set(digits) <= set("0123456789abcdef"), "no digits")
    return digits


def check_digest(count: int, total: bytes) -> None:
    require(count >= 0 and len(total) == (32 if count else 0), "a count without its sum")


def check_row(record: bytes, key: bytes, records: dict) -> None:
    shape = records.get(record.decode())
    require(shape is not None and len(key) <= tables.MOST_KEY, "no record, or a long key")
    require(len(read_key(key)) == len(shape["key"]), "a key of another shape")


def values(data: bytes) -> list:
    """Values one after the other, spelled as a row key is."""
    reader, found = Reader(data), []
    while not reader.is_at_end:
        found.append(reader.value())
    require(None not in found and NULL not in found, "undefined or NULL")
    return found


def probe(changes: list[dict], records: dict) -> None:
    ranges, rows = set(), set()
    for item in changes:
        if item["table"] == "sync_range":
            kinds = "text", "text", "integer", "blob"
            record, prefix, count, total = tables.row(item, "sync_range", (1, 2, 0, 0), *kinds)
            check_range(record, prefix, records)
            check_digest(count, total)
            require((record, prefix) not in ranges, "twice")
            ranges.add((record, prefix))
        else:
            record, key = tables.row(item, "sync_row", (1, 2), "text", "blob")
            check_row(record, key, records)
            require((record, key) not in rows, "twice")
            rows.add((record, key))
    require(len(ranges) <= MOST_RANGES and len(rows) <= MOST_ROWS, "too many")


def split(record: bytes, prefix: bytes, data: bytes, records: dict) -> None:
    require(len(check_range(record, prefix, records)) < MOST_DIGITS, "no children")
    children = values(data)
    require(len(children) == 32, "not 16 children")
    for count, total in zip(children[::2], children[1::2]):
        check_digest(tables.typed(count, "integer"), tables.typed(total, "blob"))


def leaf(record: bytes, prefix: bytes, data: bytes, records: dict) -> None:
    digits = check_range(record, prefix, records)
    rows = values(data)
    require(len(rows) % 2 == 0, "a key without its hash")
    for key, digest in zip(rows[::2], rows[1::2]):
        read_key(tables.typed(key, "blob"))
        require(len(tables.typed(digest, "blob")) == 32, "no hash")
        require(hashlib.sha256(key[1]).digest()[:8].hex().startswith(digits), "a row of another range")


def answer(changes: list[dict], records: dict) -> None:
    newer = set()
    for item in changes:
        if item["table"] in ("sync_split", "sync_leaf"):
            found = tables.row(item, item["table"], (1, 2, 0), "text", "text", "blob")
            (split if item["table"] == "sync_split" else leaf)(*found, records)
        elif item["table"] == "sync_newer":
            record, key = tables.row(item, "sync_newer", (1, 2), "text", "blob")
            check_row(record, key, records)
            newer.add((record.decode(), key))
        else:
            name, key, _ = tables.image(item, records)
            newer.discard((name, key))
    require(not newer, "newer than nothing")
