"""Cuts the cell of a type that has parts into the cells of the parts. Pure.

    list, set     count, then each element: length and bytes
    map           count, then each key and value: length and bytes
    tuple, udt    each field: length and bytes; fields at the end may be missing
    vector        elements of fixed width without anything between; others with their length before
                  them as an unsigned vint (``vints.py``)

Counts and lengths are signed, 4 bytes, big-endian; -1 is the length of a null. Whatever is not that
to its last byte has no parts: None. Native protocol v5, section 6; vectors as Cassandra 5.0.6 sends
them, for which tinyint, smallint, date and time are not of fixed width.
"""

from __future__ import annotations

from struct import Struct
from struct import error as StructError  # noqa: N812 - a class, whatever its name

from cass_snapshot.codec.vints import read_vint
from cass_snapshot.cql import CqlType

Parts = list[bytes | None]
_SIZE = Struct(">i")
_WIDTHS = {
    "boolean": 1,
    "int": 4,
    "float": 4,
    "bigint": 8,
    "double": 8,
    "timestamp": 8,
    "uuid": 16,
    "timeuuid": 16,
}
"""Bytes of what stands in a vector without its length."""


def entries(cell: bytes, each: int = 1) -> Parts | None:
    """Return the elements of a collection, ``each`` to an entry."""
    if len(cell) < _SIZE.size:
        return None
    (count,) = _SIZE.unpack_from(cell)
    if not 0 <= count * each <= len(cell) // _SIZE.size:
        return None
    found = _sized(cell, _SIZE.size)
    return found if found is not None and len(found) == count * each else None


def fields(cell: bytes, count: int) -> Parts | None:
    """Return the fields of a tuple or user type, at most ``count``."""
    found = _sized(cell, 0)
    return found if found is not None and len(found) <= count else None


def vector(cell: bytes, of: CqlType, dimension: int) -> Parts | None:
    """Return the elements of a vector."""
    width = fixed_width(of)
    if width:
        if len(cell) != width * dimension:
            return None
        return [cell[at : at + width] for at in range(0, len(cell), width)]
    found: Parts = []
    at = 0
    while at < len(cell):
        read = read_vint(cell, at)
        if read is None:
            return None
        size, start = read
        at = start + size
        if at > len(cell):
            return None
        found.append(cell[start:at])
    return found if len(found) == dimension else None


def fixed_width(of: CqlType) -> int:
    """Return how many bytes a value takes in a vector without its length, 0 where it has one."""
    if of.name == "vector":
        return fixed_width(of.of[0]) * of.dimension
    return _WIDTHS.get(of.name, 0)


def _sized(cell: bytes, at: int) -> Parts | None:
    """Return what follows, each part with its length before it."""
    found: Parts = []
    end = len(cell)
    read, add, width = _SIZE.unpack_from, found.append, _SIZE.size
    try:
        while at < end:
            (size,) = read(cell, at)
            start = at + width
            if size >= 0:
                at = start + size
                add(cell[start:at])  # shorter than it says only if it goes beyond the end
            elif size == -1:
                at = start
                add(None)
            else:
                return None
    except StructError:  # a length that is cut
        return None
    return found if at == end else None
