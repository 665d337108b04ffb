"""Serialized cells of Cassandra, made from plain parts; shares no code with the tool or a driver.

decimal    4 bytes scale, then the unscaled value as the shortest two's complement
duration   months, days, nanoseconds, each as a zigzag vint
list, set  4 bytes count, then each element with 4 bytes length, -1 for null
map        4 bytes count, then keys and values in turn
tuple, UDT each field with 4 bytes length, without a count
vector     elements of fixed width bare, others each behind an unsigned vint
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

Element = bytes | None

FIXED_WIDTHS = {
    "boolean": 1,
    "int": 4,
    "float": 4,
    "bigint": 8,
    "double": 8,
    "timestamp": 8,
    "uuid": 16,
    "timeuuid": 16,
}
"""The types whose elements a vector holds without a length, as Cassandra 5.0 does."""


def varint(number: int) -> bytes:
    """Return the shortest two's complement."""
    bits = (number if number >= 0 else -number - 1).bit_length()
    return number.to_bytes(bits // 8 + 1, "big", signed=True)


def decimal(unscaled: int, scale: int) -> bytes:
    """Return scale and unscaled value."""
    return struct.pack(">i", scale) + varint(unscaled)


def unsigned_vint(number: int) -> bytes:
    """Return Cassandra's variable-length integer: leading one bits count the bytes that follow."""
    for more in range(9):
        if more == 8 or number < 1 << (7 * (more + 1)):
            break
    body = number.to_bytes(8, "big")[8 - more :] if more == 8 else number.to_bytes(more + 1, "big")
    if more == 8:
        return b"\xff" + body
    lead = (0xFF00 >> more) & 0xFF
    return bytes([body[0] | lead]) + body[1:]


def duration(months: int, days: int, nanoseconds: int) -> bytes:
    """Return a duration."""
    zigzags = ((n << 1) ^ (n >> 63) for n in (months, days, nanoseconds))
    return b"".join(unsigned_vint(z & (2**64 - 1)) for z in zigzags)


def fields(values: Sequence[Element]) -> bytes:
    """Return a tuple or a user type with these fields and no others."""
    return b"".join(
        struct.pack(">i", -1) if v is None else struct.pack(">i", len(v)) + v for v in values
    )


def elements(values: Sequence[Element]) -> bytes:
    """Return a list or a set."""
    return struct.pack(">i", len(values)) + fields(values)


def pairs(values: Sequence[tuple[Element, Element]]) -> bytes:
    """Return a map."""
    return struct.pack(">i", len(values)) + fields([part for pair in values for part in pair])


def vector(values: Sequence[bytes], *, bare: bool) -> bytes:
    """Return a vector, its elements bare or each behind its length."""
    return b"".join(v if bare else unsigned_vint(len(v)) + v for v in values)
