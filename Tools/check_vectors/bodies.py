"""WIRE.md section 2: changesets and patchsets, read here and by the session extension of the system's SQLite."""

import session
from values import Reader, Refused, encode, spelled, text

OPERATIONS = {0x12: "insert", 0x17: "update", 0x09: "delete"}


def read(data: bytes, form: str) -> list[dict]:
    """The changes of a body, in the shape of the vectors."""
    reader = Reader(data)
    table = None
    changes = []
    while not reader.is_at_end:
        byte = reader.byte()
        if byte == (0x54 if form == "changeset" else 0x50):
            table = header(reader)
        elif byte in (0x54, 0x50) or table is None:
            raise Refused("a header of another form, or none")
        else:
            changes.append(change(reader, byte, form, *table))
    return changes


def header(reader: Reader) -> tuple[bytes, list[int]]:
    columns = reader.varint()
    if not 1 <= columns <= 128:
        raise Refused("columns")
    key = list(reader.take(columns))
    if not any(key):
        raise Refused("no key")
    name = b""
    while (byte := reader.take(1)) != b"\x00":
        name += byte
    return text(name), key


def change(reader: Reader, byte: int, form: str, name: bytes, key: list[int]) -> dict:
    if byte not in OPERATIONS:
        raise Refused("an operation of no kind")
    if reader.byte() > 1:
        raise Refused("indirect")
    operation, old, new = OPERATIONS[byte], [], []
    if operation == "update":
        if form == "patchset":
            raise Refused("an update in a patchset")
        old = [reader.value() for _ in key]
    if operation == "delete":
        # A patchset's delete holds the key only.
        old = [reader.value() if form == "changeset" or place else None for place in key]
    else:
        new = [reader.value() for _ in key]
    return {"table": name.decode("utf-8"), "key": key, "operation": operation, "old": old, "new": new}


def write(changes: list[dict], form: str) -> bytes:
    out = b""
    table = None
    for item in changes:
        if table != (item["table"], item["key"]):
            table = (item["table"], item["key"])
            out += b"T" if form == "changeset" else b"P"
            out += bytes([len(item["key"])]) + bytes(item["key"]) + item["table"].encode("utf-8") + b"\x00"
        out += bytes([{name: byte for byte, name in OPERATIONS.items()}[item["operation"]], 0])
        places = [not (form == "patchset" and item["operation"] == "delete") or bool(place) for place in item["key"]]
        out += b"".join(encode(value) for value, is_written in zip(item["old"], places) if is_written)
        out += b"".join(encode(value) for value in item["new"])
    return out


def check(file: dict) -> tuple[int, list[str]]:
    failures = []
    for case in file["cases"]:
        data = bytes.fromhex(case["hex"])
        wanted = [
            dict(item, old=[spelled(value) for value in item["old"]], new=[spelled(value) for value in item["new"]])
            for item in case["changes"]
        ]
        if read(data, case["form"]) != wanted:
            failures.append(f"{case['name']}: other changes")
        if write(wanted, case["form"]) != data:
            failures.append(f"{case['name']}: other bytes")
        if difference := session.difference(data, wanted, case["form"]):
            failures.append(f"{case['name']}: SQLite reads {difference}")
    for case in file["refused"]:
        try:
            read(bytes.fromhex(case["hex"]), "changeset")
        except Refused:
            continue
        failures.append(f"{case['name']}: is to be refused")
    return len(file["cases"]) + len(file["refused"]), failures
