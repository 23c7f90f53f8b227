"""WIRE.md section 4: the bodies of each kind, by the shapes of body.json. Whatever is not allowed raises `Refused`."""

import hashlib
import json
import struct

import bodies
import ed25519
import probes
import snapshot
import tables
from values import NULL, Refused, encode, encode_row, spelled

BATCH, SECRETS, PAGE, RECEIPT, PROBE, ANSWER = 2, 7, 4, 3, 12, 13
SYNCED = {BATCH: "changeset", RECEIPT: "patchset", PAGE: "patchset", SECRETS: "patchset", PROBE: "patchset",
          ANSWER: "patchset"}


def changes_of(kind: int, data: bytes) -> list[dict]:
    return bodies.read(data, SYNCED[kind])


def check_synced(kind: int, data: bytes, records: dict) -> None:
    changes = changes_of(kind, data)
    if kind == BATCH:
        tables.batch(changes, records)
    elif kind in (PROBE, ANSWER):
        (probes.probe if kind == PROBE else probes.answer)(changes, records)
    else:
        {RECEIPT: tables.receipt, PAGE: tables.page, SECRETS: secrets}[kind](changes, records)


def secrets(changes: list[dict], _records: dict) -> None:
    seen = set()
    for item in changes:
        commitment, salt, value = tables.row(item, "sync_secret", (1, 0, 0), "blob", "blob", None)
        if len(salt) != 16 or value == NULL or hashlib.sha256(salt + encode(value)).digest() != commitment:
            raise Refused("another value")
        if commitment in seen:
            raise Refused("twice")
        seen.add(commitment)


def hello(data: bytes) -> dict:
    if len(data) not in (16, 32):
        raise Refused("length")
    last, seen = struct.unpack(">qq", data[:16])
    if last < 0 or seen < 0:
        raise Refused("below 0")
    asking = {"asking": ("blob", data[16:])} if data[16:] else {}
    return {"last": ("integer", last), "seen": ("integer", seen)} | asking


def manifest(data: bytes) -> dict:
    return {
        name: ("blob" if isinstance(value, bytes) else "integer", value)
        for name, value in snapshot.manifest(data).items()
    }


def parsed(data: bytes) -> dict:
    try:
        value = json.loads(data)
    except ValueError as error:
        raise Refused("no JSON") from error
    if not isinstance(value, dict):
        raise Refused("no object")
    return value


def standing(data: bytes) -> dict:
    value = parsed(data)
    numbers = {name: value.get(name) for name in ("batch", "own", "missing", "unheard")}
    if any(type(number) is not int or not -(2**63) <= number < 2**63 for number in numbers.values()):
        raise Refused("no number")
    if numbers["batch"] < 0 or numbers["own"] < 0 or type(value.get("isComplete")) is not bool:
        raise Refused("numbers")
    numbers["isComplete"] = int(value["isComplete"])
    return {name: ("integer", number) for name, number in numbers.items()}


def texts(data: bytes) -> dict:
    return {
        name: ("integer", value) if isinstance(value, int) else ("text", value.encode())
        for name, value in parsed(data).items()
    }


def schema(data: bytes) -> dict:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refused("not UTF-8") from error
    return {"text": ("text", data)}


FIXED = {1: hello, 5: texts, 6: texts, 8: schema, 9: manifest, 10: standing}


def check_enrol(fields: dict, file: dict) -> list[str]:
    """Section 5: the proof of a code cannot be checked without its secret, the voucher of a former key can."""
    if "voucher" not in fields:
        return []
    public, agreement, voucher, formerly = (
        bytes.fromhex(fields[name][1].decode()) for name in ("publicKey", "agreementKey", "voucher", "formerly"))
    former = bytes.fromhex(file["formerKey"])
    signed = b"tributary rejoin" + public + agreement + struct.pack(">q", fields["kept"][1])
    if hashlib.sha256(former).digest()[:16] != formerly or not ed25519.verify(former, signed, voucher):
        return ["its voucher"]
    return []


def check_case(case: dict, file: dict, records: dict) -> list[str]:
    data, kind = bytes.fromhex(case["hex"]), case["kind"]
    if kind in FIXED:
        fields = FIXED[kind](data)
        wanted = {name: spelled(value) for name, value in case["fields"].items()}
        failures = [] if fields == wanted else [f"other fields: {fields}"]
        return failures + (check_enrol(fields, file) if kind == 5 else [])
    check_synced(kind, data, records)
    wanted = [
        dict(item, old=[spelled(value) for value in item["old"]], new=[spelled(value) for value in item["new"]])
        for item in case["changes"]
    ]
    return [] if changes_of(kind, data) == wanted else ["other changes"]


def check_places(file: dict) -> list[str]:
    failures = []
    for item in file["places"]:
        key = encode_row([spelled(value) for value in item["key"]])
        row = encode_row([spelled(value) for value in item["row"]])
        found = hashlib.sha256(key).digest()[:8].hex(), hashlib.sha256(row).hexdigest()
        if found != (item["place"], item["hash"]):
            failures.append(f"the place of {item['key']} is {found}")
    return failures


def check(file: dict) -> tuple[int, list[str]]:
    records = {item["name"]: item for item in file["records"]}
    failures = check_places(file)
    for case in file["cases"]:
        name = f"kind {case['kind']}, {case['name']}"
        try:
            failures += [f"{name}: {what}" for what in check_case(case, file, records)]
        except Refused as error:
            failures.append(f"{name}: refused, {error}")
    for case in file["refused"]:
        data, kind = bytes.fromhex(case["hex"]), case["kind"]
        try:
            FIXED[kind](data) if kind in FIXED else check_synced(kind, data, records)
        except Refused:
            continue
        failures.append(f"kind {kind}, {case['name']}: is to be refused")
    return len(file["cases"]) + len(file["refused"]) + len(file["places"]), failures
