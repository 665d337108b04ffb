"""The independent reader: a value of MySQL, as it comes over the wire, back to a Cassandra cell.

Shares no code with the tool: it is written from the table of types in the README. Values are the
bytes of a raw cursor, so that no driver converts them. Where the readable profile promises the same
number but not the same bytes, both sides are brought to one form (``told``):

    boolean    any byte but 0 is 1
    varint     the shortest two's complement
    decimal    no zeros at the end of the unscaled value; zero has scale 0

Everything else is compared by the bytes of the cell.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable

from tests.support import wire
from tests.support.canonical_json import (
    SCALARS,
    cell_of_json,
    clock,
    date_days,
    decimal_cell,
    duration_cell,
    whole,
)
from tests.support.cql_tree import Tree

READABLE, EXACT = "readable", "exact"
_INTEGERS = {"tinyint": "b", "smallint": "h", "int": "i", "bigint": "q", "counter": "q"}
_JSON = frozenset({"list", "set", "map", "tuple", "udt", "vector"})
_DAY = 10 + 1


def told(kind: Tree, profile: str, cell: bytes | None, *, in_key: bool = False) -> bytes | None:
    """Return what the profile promises to keep of a cell; see the module."""
    if cell is None or profile == EXACT or in_key:
        return cell
    if kind.name == "boolean":
        return bytes([any(cell)])
    if kind.name == "varint":
        return wire.varint(int.from_bytes(cell, "big", signed=True))
    if kind.name == "decimal":
        return _same_number(cell)
    return cell


def _same_number(cell: bytes) -> bytes:
    (scale,) = struct.unpack(">i", cell[:4])
    unscaled = int.from_bytes(cell[4:], "big", signed=True)
    if not unscaled:
        return wire.decimal(0, 0)
    while unscaled % 10 == 0:
        unscaled, scale = unscaled // 10, scale - 1
    return struct.pack(">q", scale) + wire.varint(unscaled)


def cell_of(kind: Tree, profile: str, value: bytes | None, *, in_key: bool = False) -> bytes | None:
    """Return what the profile keeps of the cell that a value of MySQL stands for."""
    if value is None:
        return None
    if kind.name in _INTEGERS:
        return struct.pack(f">{_INTEGERS[kind.name]}", int(value))
    if profile == EXACT:
        return _exact(kind, value, in_key=in_key)
    return _readable(kind, value, in_key=in_key)


def _exact(kind: Tree, value: bytes, *, in_key: bool) -> bytes | None:
    if kind.name in _EXACT_NUMBERS:
        return _EXACT_NUMBERS[kind.name](int(value))
    if in_key or kind.name not in {*_JSON, "decimal", "duration"} or kind.name == "vector":
        return value if kind.name != "ascii" or in_key else _text(value)
    if kind.name == "decimal":
        return decimal_cell(value.decode("ascii"))
    if kind.name == "duration":
        return duration_cell(value.decode("ascii"))
    return cell_of_json(kind, value.decode("utf-8"))


_EXACT_NUMBERS: dict[str, Callable[[int], bytes]] = {
    "boolean": lambda number: struct.pack(">b", number),
    "date": lambda number: struct.pack(">I", number + 2**31),
    "time": lambda number: struct.pack(">q", number),
    "timestamp": lambda number: struct.pack(">q", number),
}


def _readable(kind: Tree, value: bytes, *, in_key: bool) -> bytes | None:
    if kind.name in _JSON:
        return value if in_key else cell_of_json(kind, value.decode("utf-8"))
    if kind.name in ("blob", "custom"):
        return value
    text = _text(value).decode("utf-8")
    if kind.name == "decimal":
        return decimal_cell(text) if in_key else _same_number(decimal_cell(text))
    if kind.name in _READABLE:
        return _READABLE[kind.name](text)
    return SCALARS[kind.name](text)


def _text(value: bytes) -> bytes:
    value.decode("utf-8")
    return value


def _datetime(text: str) -> bytes:
    days = date_days(text[:10])
    assert re.fullmatch(r".{10} .{12}", text), f"DATETIME(3): {text!r}"
    return struct.pack(">q", days * 86_400_000 + clock(text[_DAY:], 3))


_READABLE: dict[str, Callable[[str], bytes]] = {
    "boolean": lambda text: bytes([int(text) != 0]),
    "varint": lambda text: wire.varint(whole(text)),
    "float": lambda text: struct.pack(">f", float(text)),
    "double": lambda text: struct.pack(">d", float(text)),
    "time": lambda text: struct.pack(">q", clock(text, 6) * 1000),
    "timestamp": _datetime,
}
