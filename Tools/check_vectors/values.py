"""WIRE.md section 1: values, varints and row keys. A value is (type, content): ("integer", 5), ("null", None)."""

import math
import struct

NULL = ("null", None)


class Refused(Exception):
    """The bytes are not what the protocol allows."""


class Reader:
    def __init__(self, data: bytes):
        self.data, self.at = data, 0

    @property
    def is_at_end(self) -> bool:
        return self.at == len(self.data)

    def take(self, count: int) -> bytes:
        if self.at + count > len(self.data):
            raise Refused("truncated")
        self.at += count
        return self.data[self.at - count:self.at]

    def byte(self) -> int:
        return self.take(1)[0]

    def varint(self) -> int:
        number = 0
        for place in range(5):
            byte = self.byte()
            if place == 0 and byte == 0x80:
                raise Refused("longer than it needs to be")
            number = number << 7 | byte & 0x7F
            if byte < 0x80:
                if number > 2**31 - 1:
                    raise Refused("too large")
                return number
        raise Refused("too long")

    def value(self):
        """A value, or None where it is undefined."""
        kind = self.byte()
        if kind == 0:
            return None
        if kind == 1:
            return "integer", struct.unpack(">q", self.take(8))[0]
        if kind == 2:
            bits = self.take(8)
            number = struct.unpack(">d", bits)[0]
            if math.isnan(number) or bits == b"\x80" + bytes(7):
                raise Refused("no real that is sent")
            return "real", bits
        if kind == 3:
            return "text", text(self.take(self.varint()))
        if kind == 4:
            return "blob", self.take(self.varint())
        if kind == 5:
            return NULL
        raise Refused("a value of no type")


def text(data: bytes) -> bytes:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refused("not UTF-8") from error
    if b"\x00" in data:
        raise Refused("U+0000")
    return data


def varint(number: int) -> bytes:
    groups = [number & 0x7F]
    while number := number >> 7:
        groups.append(number & 0x7F | 0x80)
    return bytes(reversed(groups))


def encode(value) -> bytes:
    if value is None:
        return b"\x00"
    kind, content = value
    if kind == "integer":
        return b"\x01" + struct.pack(">q", content)
    if kind == "real":
        return b"\x02" + content
    if kind in ("text", "blob"):
        return (b"\x03" if kind == "text" else b"\x04") + varint(len(content)) + content
    return b"\x05"


def encode_row(row) -> bytes:
    return b"".join(encode(value) for value in row)


def spelled(name: str | None):
    """A value as the vectors spell it."""
    if name is None:
        return None
    kind, _, content = name.partition(":")
    if kind == "integer":
        return kind, int(content)
    if kind == "text":
        return kind, content.encode("utf-8")
    if kind in ("real", "blob"):
        return kind, bytes.fromhex(content)
    if name != "null":
        raise ValueError(name)
    return NULL


def read_key(data: bytes) -> list:
    reader = Reader(data)
    key = []
    while not reader.is_at_end:
        value = reader.value()
        if value is None or value == NULL:
            raise Refused("undefined or NULL in a key")
        key.append(value)
    return key


def check(file: dict) -> tuple[int, list[str]]:
    failures = []
    for case in file["keys"]:
        data, key = bytes.fromhex(case["hex"]), [spelled(value) for value in case["values"]]
        if read_key(data) != key or encode_row(key) != data:
            failures.append(f"{case['hex']} is not {case['values']}")
    for data in file["refused"]:
        try:
            key = read_key(bytes.fromhex(data))
        except Refused:
            continue
        failures.append(f"{data} is no key, but reads as {key}")
    return len(file["keys"]) + len(file["refused"]), failures
