"""Cassandra's numbers of variable length, and durations, which are three of them. Pure.

An unsigned number: as many leading one bits in the first byte as bytes follow it, then the number,
big-endian. A signed one is folded first: 0, -1, 1, -2 become 0, 1, 2, 3. Apache Cassandra,
``VIntCoding``; native protocol v5, section 6.
"""

from __future__ import annotations

from collections.abc import Sequence

from cass_snapshot.codec.refusal import BadCell, Values
from cass_snapshot.forms import Limits

_BITS_A_BYTE = 7
_BYTES_MAX = 9
_UNITS = ("mo", "d", "ns")
_BITS = (31, 31, 63)
"""Magnitudes that a duration's months, days and nanoseconds can have."""


def write_vint(number: int) -> bytes:
    """Return an unsigned number of at most 64 bits, in as few bytes as it takes."""
    size = min(max(number.bit_length() - 1, 0) // _BITS_A_BYTE + 1, _BYTES_MAX)
    marks = (0xFF00 >> (size - 1)) & 0xFF
    if size == _BYTES_MAX:
        return b"\xff" + number.to_bytes(_BYTES_MAX - 1, "big")
    return (number | marks << 8 * (size - 1)).to_bytes(size, "big")


def read_vint(data: bytes, at: int) -> tuple[int, int] | None:
    """Return an unsigned number and where it ends; None where it is cut or longer than it need be.

    Args:
        data: the bytes.
        at: where the number begins.
    """
    if at >= len(data):
        return None
    first = data[at]
    size = 9 - (first ^ 0xFF).bit_length()
    end = at + size
    if end > len(data):
        return None
    number = int.from_bytes(data[at:end], "big")
    if size > 1:
        number &= (1 << (_BITS_A_BYTE * size if size < _BYTES_MAX else 64)) - 1
    return (number, end) if write_vint(number) == data[at:end] else None


def fold(number: int) -> int:
    """Return the unsigned number that stands for a signed one."""
    return number << 1 if number >= 0 else (~number << 1) | 1


def unfold(number: int) -> int:
    """Return the signed number that an unsigned one stands for."""
    return (number >> 1) ^ -(number & 1)


def duration_text(cell: bytes) -> str | None:
    """Return a duration as ``1mo2d3ns``, without parts that are zero; None where that is not it.

    CQL's own literal: one sign for all parts. The text tells every byte of the cell.
    """
    parts = []
    at = 0
    for bits in _BITS:
        found = read_vint(cell, at)
        if found is None:
            return None
        folded, at = found
        number = unfold(folded)
        if number.bit_length() > bits and number != -(1 << bits):
            return None
        parts.append(number)
    if at != len(cell) or (min(parts) < 0 < max(parts)):
        return None
    named = [f"{abs(n)}{unit}" for n, unit in zip(parts, _UNITS, strict=True) if n]
    return ("-" if min(parts) < 0 else "") + "".join(named) if named else "0ns"


def encode_duration(cells: Sequence[bytes], limits: Limits) -> Values:  # noqa: ARG001 - one signature
    """Return durations as text."""
    texts = list(map(duration_text, cells))
    if None in texts:
        raise BadCell(texts.index(None), "bytes that are no duration of one sign")
    return texts
