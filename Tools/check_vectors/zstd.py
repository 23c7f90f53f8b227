"""Zstandard frames (RFC 8878): the header read here, the content by the system's library where there is one."""

import ctypes
import ctypes.util

from values import Refused

NAME = ctypes.util.find_library("zstd")
LIBRARY = ctypes.CDLL(NAME) if NAME else None


def stated_size(frame: bytes) -> int | None:
    """Section 3.1.1.1: the content size of a frame's header; None where it states none."""
    if frame[:4] != bytes.fromhex("28b52ffd") or len(frame) < 6:
        raise Refused("no frame")
    descriptor = frame[4]
    is_single = descriptor >> 5 & 1
    at = 5 + (0 if is_single else 1) + (0, 1, 2, 4)[descriptor & 3]
    count = (1 if is_single else 0, 2, 4, 8)[descriptor >> 6]
    if count == 0:
        return None
    return int.from_bytes(frame[at:at + count], "little") + (256 if count == 2 else 0)


def unpack(frame: bytes, length: int) -> bytes | None:
    """The content, of that length exactly; None without a library."""
    if not LIBRARY:
        return None
    LIBRARY.ZSTD_decompress.restype = ctypes.c_size_t
    out = ctypes.create_string_buffer(max(length, 1))
    count = LIBRARY.ZSTD_decompress(out, ctypes.c_size_t(length), frame, ctypes.c_size_t(len(frame)))
    if count != length:
        raise Refused("does not unpack to its length")
    return out.raw[:length]
