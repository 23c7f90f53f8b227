"""WIRE.md section 8: bundles, opened with an X25519 key or an enrolment code."""

import hashlib
import struct

import cipher
import ed25519
import envelope
import snapshot
from values import Refused

INFO = b"tributary bundle"
SLOT, FIXED, MOST_CHUNK, TAG = 97, 28, 1 << 20, 16
KEY_SLOT, CODE_SLOT = 1, 2


class Failure(Exception):
    """Why a bundle is not read, as bundle.json spells it."""


def agreement_secret(seed: bytes) -> bytes:
    return cipher.hkdf(seed, b"", b"tributary key agreement")


def code_secret(spelled: str) -> bytes:
    number = 0
    for letter in spelled.replace("-", ""):
        number = number << 5 | envelope.ALPHABET.index(letter)
    return number.to_bytes(20, "big")[:10]


class Header:
    """The head of a part."""

    def __init__(self, data: bytes):
        if data[:4] != b"TRBU"[:len(data)]:
            raise Failure("notABundle")
        if len(data) < FIXED:
            raise Failure("torn")
        version, self.direction, count, zero = data[4:8]
        if version != 1:
            raise Failure("newer")
        if self.direction not in (1, 2, 3) or not 1 <= count <= 64 or zero:
            raise Failure("damaged")
        self.id, self.part = data[8:24], struct.unpack(">I", data[24:28])[0]
        self.bytes = data[:FIXED + SLOT * count]
        if len(self.bytes) < FIXED + SLOT * count:
            raise Failure("torn")
        self.slots = [self.bytes[at:at + SLOT] for at in range(FIXED, len(self.bytes), SLOT)]
        if any(slot[0] not in (KEY_SLOT, CODE_SLOT) for slot in self.slots):
            raise Failure("damaged")

    @property
    def binding(self) -> bytes:
        return self.bytes[:6] + self.id


def content_key(header: Header, opener: dict) -> bytes:
    """By the first slot that is the opener's."""
    if seed := opener.get("seed"):
        secret = agreement_secret(bytes.fromhex(seed))
        kind, name = KEY_SLOT, hashlib.sha256(cipher.public_key(secret)).digest()[:16]
    else:
        secret = code_secret(opener["code"])
        kind, name = CODE_SLOT, hashlib.sha256(secret).digest()[:8] + bytes(8)
    for slot in header.slots:
        if slot[0] != kind or slot[1:17] != name:
            continue
        encapsulated, sealed = slot[17:49], slot[49:]
        try:
            if kind == KEY_SLOT:
                return cipher.hpke_open(secret, encapsulated, INFO, sealed, header.binding)
            key = cipher.hkdf(secret, encapsulated, INFO)
            return cipher.open_sealed(key, bytes(12), sealed, header.binding)
        except Refused as error:
            raise Failure("damaged") from error
    raise Failure("receiver")


def chunks(data: bytes, header: Header, key: bytes) -> tuple[list[bytes], bool]:
    """The plaintexts of a part, and whether another part follows."""
    at, plain = len(header.bytes), []
    while True:
        head = data[at:at + 5]
        if len(head) < 5:
            raise Failure("torn")
        following, count = struct.unpack(">BI", head)
        if following > 2 or count > MOST_CHUNK:
            raise Failure("damaged")
        sealed = data[at + 5:at + 5 + count + TAG]
        if len(sealed) < count + TAG:
            raise Failure("torn")
        at += 5 + count + TAG
        nonce = struct.pack(">IQ", header.part, len(plain))
        try:
            plain.append(cipher.open_sealed(key, nonce, sealed, header.bytes + head))
        except Refused as error:
            raise Failure("damaged") from error
        if following and at != len(data):
            raise Failure("damaged")
        if following:
            return plain, following == 1


def read(parts: list[bytes | None], direction: int, opener: dict) -> bytes:
    """The content. Raises `Failure`."""
    if parts[0] is None:
        raise Failure("missing")
    first = header = Header(parts[0])
    if header.part != 1:
        raise Failure("renamed")
    if header.direction != direction:
        raise Failure("direction")
    key = content_key(header, opener)
    content, has_next = chunks(parts[0], header, key)
    number = 1
    while has_next:
        number += 1
        data = parts[number - 1] if number <= len(parts) else None
        if data is None:
            raise Failure("missingPart")
        header = Header(data)
        if header.id != first.id:
            raise Failure("otherBundle")
        if header.part != number:
            raise Failure("renamed")
        if (header.direction, header.slots) != (first.direction, first.slots):
            raise Failure("damaged")
        more, has_next = chunks(data, header, key)
        content += more
    return b"".join(content)


def messages(content: bytes) -> tuple[list[bytes], bytes]:
    """Messages, up to the manifest of a snapshot if there is one, and what follows that."""
    found, at = [], 0
    while len(content) - at >= 200 and content[at:at + 4] == b"TRIB":
        count = 200 + struct.unpack(">I", content[at + 100:at + 104])[0]
        found.append(content[at:at + count])
        at += count
        if found[-1][5] == 9:
            break
    return found, content[at:]


def check_case(case: dict, public: dict[str, bytes]) -> list[str]:
    parts = [bytes.fromhex(part) for part in case["parts"]]
    try:
        content = read(parts, case["direction"], case["opener"])
    except Failure as failure:
        return [f"{failure}"]
    found, rest = messages(content)
    failures = [
        name for name, value in (
            ("content", content.hex()), ("messages", [message[5] for message in found]), ("rest", rest.hex()),
            ("id", parts[0][8:24].hex()),
        ) if case[name] != value
    ]
    sender = public["replica" if case["direction"] == 1 else "city"]
    failures += [f"message {n}" for n, message in enumerate(found) if envelope.refusal(message, sender)]
    if found and found[-1][5] == 9:
        failures += snapshot.differences(found[-1], rest)
    return failures


def check(file: dict) -> tuple[int, list[str]]:
    failures = []
    for key in file["keys"]:
        secret = agreement_secret(bytes.fromhex(key["seed"]))
        if (secret.hex(), cipher.public_key(secret).hex()) != (key["secret"], key["publicKey"]):
            failures.append(f"the key of {key['seed']}")
    city, replica = (ed25519.public_key(bytes.fromhex(key["seed"])) for key in file["keys"])
    for case in file["cases"]:
        failures += [f"{case['name']}: {what}" for what in check_case(case, {"city": city, "replica": replica})]
    for case in file["refused"]:
        parts = [bytes.fromhex(part) if part is not None else None for part in case["parts"]]
        try:
            read(parts, case["direction"], case["opener"])
            word = "taken"
        except Failure as failure:
            word = str(failure)
        if word != case["reason"]:
            failures.append(f"{case['name']}: {word} instead of {case['reason']}")
    return len(file["cases"]) + len(file["refused"]), failures
