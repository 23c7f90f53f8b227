"""Bodies as SQLite's session extension reads them (sqlite3changeset_start and _next), through ctypes."""

import ctypes
import ctypes.util
import struct

LIBRARY = ctypes.CDLL(ctypes.util.find_library("sqlite3") or "libsqlite3.so.0")
LIBRARY.sqlite3_value_int64.restype = ctypes.c_int64
LIBRARY.sqlite3_value_double.restype = ctypes.c_double
for name in ("sqlite3_value_blob", "sqlite3_value_text"):
    getattr(LIBRARY, name).restype = ctypes.c_void_p
for name in ("int64", "double", "blob", "text", "bytes", "type"):
    getattr(LIBRARY, f"sqlite3_value_{name}").argtypes = [ctypes.c_void_p]
OPERATIONS = {18: "insert", 23: "update", 9: "delete"}
ROW, DONE = 100, 101


def value(pointer: int | None):
    if not pointer:
        return None
    kind = LIBRARY.sqlite3_value_type(pointer)
    if kind == 1:
        return "integer", LIBRARY.sqlite3_value_int64(pointer)
    if kind == 2:
        return "real", struct.pack(">d", LIBRARY.sqlite3_value_double(pointer))
    if kind == 5:
        return "null", None
    source = LIBRARY.sqlite3_value_text(pointer) if kind == 3 else LIBRARY.sqlite3_value_blob(pointer)
    count = LIBRARY.sqlite3_value_bytes(pointer)
    return ("text" if kind == 3 else "blob"), ctypes.string_at(source, count) if count else b""


def read(data: bytes) -> list[tuple]:
    """Table, operation and the defined values of every change."""
    iterator = ctypes.c_void_p()
    buffer = ctypes.create_string_buffer(data, len(data))
    if LIBRARY.sqlite3changeset_start(ctypes.byref(iterator), len(data), buffer):
        raise ValueError("not a changeset")
    changes = []
    try:
        while (step := LIBRARY.sqlite3changeset_next(iterator)) == ROW:
            changes.append(current(iterator))
        if step != DONE:
            raise ValueError(f"SQLite stops with {step}")
    finally:
        LIBRARY.sqlite3changeset_finalize(iterator)
    return changes


def current(iterator) -> tuple:
    table, columns, operation, indirect = ctypes.c_char_p(), ctypes.c_int(), ctypes.c_int(), ctypes.c_int()
    LIBRARY.sqlite3changeset_op(iterator, *map(ctypes.byref, (table, columns, operation, indirect)))
    rows = []
    for which, absent in (("old", "insert"), ("new", "delete")):
        row = []
        for column in range(columns.value if OPERATIONS[operation.value] != absent else 0):
            found = ctypes.c_void_p()
            getattr(LIBRARY, f"sqlite3changeset_{which}")(iterator, column, ctypes.byref(found))
            row.append(value(found.value))
        rows.append(row)
    return table.value.decode("utf-8"), OPERATIONS[operation.value], *rows


def difference(data: bytes, wanted: list[dict], form: str):
    """What SQLite reads otherwise; None: the same."""
    if not data:
        return None
    found = read(data)
    expected = [(item["table"], item["operation"], item["old"], item["new"]) for item in wanted]
    return next(((a, b) for a, b in zip(found, expected) if a != b), None) or (
        None if len(found) == len(expected) else f"{len(found)} changes")
