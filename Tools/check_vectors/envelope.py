"""WIRE.md sections 3, 5 and 7: envelopes, their signatures, and enrolment codes."""

import hashlib
import hmac
import struct

import ed25519
import zstd
from values import Refused

VERSION, KINDS, FLAGS = 6, range(1, 14), range(0, 32)
MOST_RAW = {1: 32, 5: 64 << 10, 9: 72, 11: (32 << 20) + 64, 12: 4 << 20}
FLAG_NAMES = ("more", "tentative", "returning", "stale", "carried")
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def refusal(data: bytes, public: bytes) -> str | None:
    """Why a receiver refuses the message; None: it does not. In the order that the specification gives."""
    if len(data) < 200 or data[:4] != b"TRIB":
        return "notAMessage"
    if data[4] != VERSION:
        return "unknownVersion"
    if data[5] not in KINDS or data[6] > 1 or data[7] not in FLAGS:
        return "unknownKind"
    raw, sent = struct.unpack(">II", data[96:104])
    if raw > MOST_RAW.get(data[5], 256 << 20) or sent > 64 << 20:
        return "tooLarge"
    if len(data) != 200 + sent:
        return "notAMessage"
    if hashlib.sha256(data[200:]).digest() != data[104:136] or (data[6] == 0 and raw != sent):
        return "tampered"
    if not ed25519.verify(public, data[:136], data[136:200]):
        return "badSignature"
    try:
        body(data)
    except Refused:
        return "badCompression"
    return None


def body(data: bytes) -> bytes | None:
    """The body; None where it is compressed and there is no Zstandard library."""
    if data[6] == 0:
        return data[200:]
    length = struct.unpack(">I", data[96:100])[0]
    if zstd.stated_size(data[200:]) != length:
        raise Refused("states another length")
    return zstd.unpack(data[200:], length)


def differences(case: dict, data: bytes) -> list[str]:
    number, cursor, stamp = struct.unpack(">qqq", data[40:64])
    found = {
        "kind": data[5], **{name: bool(data[7] & 1 << bit) for bit, name in enumerate(FLAG_NAMES)},
        "compressed": data[6] == 1,
        "replica": data[8:24].hex(), "epoch": data[24:40].hex(), "number": number, "cursor": cursor, "stamp": stamp,
        "schema": data[64:96].hex(), "hash": hashlib.sha256(data[:136]).hexdigest(),
    }
    content = body(data)
    if content is not None:
        found["body"] = content.hex()
    return [f"{case['name']}: {name} is {value}" for name, value in found.items() if case[name] != value]


def check_code(code: dict) -> list[str]:
    secret, fingerprint = bytes.fromhex(code["secret"]), bytes.fromhex(code["fingerprint"])
    bits = int.from_bytes(secret + fingerprint, "big")
    letters = "".join(ALPHABET[bits >> 5 * place & 31] for place in reversed(range(32)))
    proof = hmac.digest(secret, bytes.fromhex(code["replica"] + code["publicKey"]), "sha256").hex()
    found = {
        "spelled": "-".join(letters[at:at + 4] for at in range(0, 32, 4)),
        "name": hashlib.sha256(secret).digest()[:8].hex(), "proof": proof,
    }
    return [f"code: {name} is {value}" for name, value in found.items() if code[name] != value]


def check(file: dict) -> tuple[int, list[str]]:
    public = bytes.fromhex(file["publicKey"])
    failures = check_code(file["code"])
    for case in file["messages"]:
        data = bytes.fromhex(case["message"])
        if reason := refusal(data, public):
            failures.append(f"{case['name']}: {reason}")
        else:
            failures += differences(case, data)
    for case in file["refused"]:
        reason = refusal(bytes.fromhex(case["message"]), public)
        if reason != case["reason"]:
            failures.append(f"{case['name']}: {reason} instead of {case['reason']}")
    return len(file["messages"]) + len(file["refused"]) + 1, failures
