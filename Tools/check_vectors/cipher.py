"""ChaCha20-Poly1305 (RFC 8439), HKDF-SHA256 (RFC 5869), X25519 (RFC 7748) and HPKE's base mode (RFC 9180).

Slow, not in constant time, and for vectors only.
"""

import hashlib
import hmac
import struct

from values import Refused

PRIME = 2**255 - 19
TAG = 16


def rotate(word: int, count: int) -> int:
    return (word << count | word >> 32 - count) & 0xFFFFFFFF


def quarter(state: list[int], a: int, b: int, c: int, d: int) -> None:
    for one, two, three, count in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
        state[one] = (state[one] + state[two]) & 0xFFFFFFFF
        state[three] = rotate(state[three] ^ state[one], count)


def block(key: bytes, counter: int, nonce: bytes) -> bytes:
    start = list(struct.unpack("<4I", b"expand 32-byte k") + struct.unpack("<8I", key))
    start += [counter, *struct.unpack("<3I", nonce)]
    state = list(start)
    for _ in range(10):
        for column in range(4):
            quarter(state, column, 4 + column, 8 + column, 12 + column)
        for column in range(4):
            quarter(state, column, 4 + (column + 1) % 4, 8 + (column + 2) % 4, 12 + (column + 3) % 4)
    return struct.pack("<16I", *((a + b) & 0xFFFFFFFF for a, b in zip(state, start)))


def stream(key: bytes, nonce: bytes, data: bytes) -> bytes:
    blocks = (block(key, 1 + at // 64, nonce) for at in range(0, len(data), 64))
    return bytes(a ^ b for a, b in zip(data, b"".join(blocks)))


def poly1305(key: bytes, data: bytes) -> bytes:
    r = int.from_bytes(key[:16], "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    total = 0
    for at in range(0, len(data), 16):
        total = (total + int.from_bytes(data[at:at + 16] + b"\x01", "little")) * r % (2**130 - 5)
    return ((total + int.from_bytes(key[16:], "little")) % 2**128).to_bytes(16, "little")


def padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 16)


def open_sealed(key: bytes, nonce: bytes, sealed: bytes, associated: bytes) -> bytes:
    """The plaintext of a ciphertext and its tag."""
    if len(sealed) < TAG:
        raise Refused("no tag")
    text, tag = sealed[:-TAG], sealed[-TAG:]
    lengths = struct.pack("<QQ", len(associated), len(text))
    if poly1305(block(key, 0, nonce)[:32], padded(associated) + padded(text) + lengths) != tag:
        raise Refused("another tag")
    return stream(key, nonce, text)


def seal(key: bytes, nonce: bytes, plain: bytes, associated: bytes) -> bytes:
    text = stream(key, nonce, plain)
    lengths = struct.pack("<QQ", len(associated), len(text))
    return text + poly1305(block(key, 0, nonce)[:32], padded(associated) + padded(text) + lengths)


def extract(salt: bytes, secret: bytes) -> bytes:
    return hmac.digest(salt or bytes(32), secret, "sha256")


def expand(key: bytes, info: bytes, count: int) -> bytes:
    out = last = b""
    for number in range(1, -(-count // 32) + 1):
        last = hmac.digest(key, last + info + bytes([number]), "sha256")
        out += last
    return out[:count]


def hkdf(secret: bytes, salt: bytes, info: bytes, count: int = 32) -> bytes:
    return expand(extract(salt, secret), info, count)


def x25519(scalar: bytes, point: bytes) -> bytes:
    """Section 5 of RFC 7748: the Montgomery ladder."""
    number = int.from_bytes(scalar, "little") & (2**255 - 8) | 2**254
    x1 = int.from_bytes(point, "little") & 2**255 - 1
    x2, z2, x3, z3, swap = 1, 0, x1, 1, 0
    for place in reversed(range(255)):
        bit = number >> place & 1
        if swap ^ bit:
            x2, x3, z2, z3 = x3, x2, z3, z2
        swap = bit
        a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
        aa, bb, da, cb = a * a % PRIME, b * b % PRIME, d * a % PRIME, c * b % PRIME
        e = aa - bb
        x3, z3 = (da + cb) ** 2 % PRIME, x1 * (da - cb) ** 2 % PRIME
        x2, z2 = aa * bb % PRIME, e * (aa + 121665 * e) % PRIME
    if swap:
        x2, z2 = x3, z3
    return (x2 * pow(z2, PRIME - 2, PRIME) % PRIME).to_bytes(32, "little")


def public_key(secret: bytes) -> bytes:
    return x25519(secret, (9).to_bytes(32, "little"))


KEM = b"KEM\x00\x20"
SUITE = b"HPKE\x00\x20\x00\x01\x00\x03"


def labeled_extract(suite: bytes, salt: bytes, label: bytes, secret: bytes) -> bytes:
    return extract(salt, b"HPKE-v1" + suite + label + secret)


def labeled_expand(suite: bytes, key: bytes, label: bytes, info: bytes, count: int) -> bytes:
    return expand(key, struct.pack(">H", count) + b"HPKE-v1" + suite + label + info, count)


def hpke_open(secret: bytes, encapsulated: bytes, info: bytes, sealed: bytes, associated: bytes) -> bytes:
    """The first message of a sender in base mode (RFC 9180, sections 4.1 and 5.1)."""
    shared_point = x25519(secret, encapsulated)
    if not any(shared_point):
        raise Refused("a key of low order")
    prk = labeled_extract(KEM, b"", b"eae_prk", shared_point)
    shared = labeled_expand(KEM, prk, b"shared_secret", encapsulated + public_key(secret), 32)
    context = b"\x00" + labeled_extract(SUITE, b"", b"psk_id_hash", b"")
    context += labeled_extract(SUITE, b"", b"info_hash", info)
    schedule = labeled_extract(SUITE, shared, b"secret", b"")
    key = labeled_expand(SUITE, schedule, b"key", context, 32)
    nonce = labeled_expand(SUITE, schedule, b"base_nonce", context, 12)
    return open_sealed(key, nonce, sealed, associated)
