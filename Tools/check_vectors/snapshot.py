"""WIRE.md section 4, "snapshot": the manifest, and the file as SQLite reads it."""

import hashlib
import sqlite3
import struct
import tempfile

import envelope
import zstd
from values import Refused

LENGTH, MOST_FILE, MOST_PLAIN, APPLICATION = 72, 16 << 30, 64 << 30, 0x54524273
ENGINE = ("sync_conflict", "sync_contender", "sync_parked", "sync_erasure", "sync_own", "sync_meta")


def manifest(body: bytes) -> dict:
    if len(body) != LENGTH:
        raise Refused("length")
    packed, raw = struct.unpack(">qq", body[16:32])
    arrival = struct.unpack(">q", body[64:])[0]
    if not 0 < packed <= MOST_FILE or not 0 < raw <= MOST_PLAIN or arrival < 0:
        raise Refused("numbers")
    return {"id": body[:16], "packed": packed, "raw": raw, "hash": body[32:64], "arrival": arrival}


def differences(message: bytes, file: bytes) -> list[str]:
    """What the file of a snapshot is not."""
    says = manifest(envelope.body(message))
    if len(file) != says["packed"] or hashlib.sha256(file).digest() != says["hash"]:
        return ["the file is not that of its manifest"]
    plain = zstd.unpack(file, says["raw"])
    if plain is None:
        return []
    # A rollback journal, whatever the header says later.
    if plain[18:20] != b"\x01\x01" or struct.unpack(">I", plain[68:72])[0] != APPLICATION:
        return ["the header of the file"]
    with tempfile.NamedTemporaryFile() as place:
        place.write(plain)
        place.flush()
        database = sqlite3.connect(f"file:{place.name}?mode=ro&immutable=1", uri=True)
        try:
            return inspect(database, message, says)
        finally:
            database.close()


def inspect(database: sqlite3.Connection, message: bytes, says: dict) -> list[str]:
    failures = []
    schema = database.execute("SELECT type, name, sql FROM sqlite_schema").fetchall()
    if {name for _, name, _ in schema} != {*ENGINE, "unit", "指标值"} or any(kind != "table" for kind, *_ in schema):
        failures.append("its tables")
    if not all(sql.endswith(") STRICT, WITHOUT ROWID") for *_, sql in schema):
        failures.append("how its tables are made")
    meta = dict(database.execute("SELECT name, value FROM sync_meta"))
    cursor = struct.unpack(">q", message[48:56])[0]
    wanted = {"epoch": message[24:40], "schema": message[64:96], "cursor": cursor, "arrival": says["arrival"]}
    if {name: meta.get(name) for name in wanted} != wanted or not isinstance(meta.get("org"), str):
        failures.append("its sync_meta")
    if database.execute("PRAGMA quick_check").fetchone() != ("ok",):
        failures.append("its pages")
    return failures
