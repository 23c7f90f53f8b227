"""WIRE.md section 4, "own": what the city seals to itself."""

import hmac
import struct

import cipher
from values import Reader, Refused


def read(sealed: bytes, number: int, seed: bytes) -> dict:
    associated = struct.pack(">q", number)
    if len(sealed) < 28:
        raise Refused("too short")
    key = cipher.hkdf(seed, b"", b"tributary own batch")
    content = cipher.open_sealed(key, sealed[:12], sealed[12:], associated)
    reader = Reader(content)
    arrival, stamp = struct.unpack(">qq", reader.take(16))
    message = reader.take(reader.varint())
    secrets = reader.take(len(content) - reader.at)
    nonce_key = cipher.hkdf(seed, b"", b"tributary own batch nonce")
    if hmac.digest(nonce_key, associated + content, "sha256")[:12] != sealed[:12]:
        raise Refused("another nonce")
    return {
        "number": number, "sealed": sealed.hex(), "arrival": arrival, "receivedAt": stamp, "message": message.hex(),
        "secrets": secrets.hex(),
    }


def check(file: dict) -> tuple[int, list[str]]:
    failures = []
    seed = bytes.fromhex(file["seed"])
    for case in file["cases"]:
        if read(bytes.fromhex(case["sealed"]), case["number"], seed) != case:
            failures.append(f"{case['number']}: reads otherwise")
    for case in file["refused"]:
        try:
            read(bytes.fromhex(case["sealed"]), case["number"], seed)
        except Refused:
            continue
        failures.append(f"{case['name']}: is to be refused")
    return len(file["cases"]) + len(file["refused"]), failures
