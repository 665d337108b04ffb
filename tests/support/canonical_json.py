"""Reads the canonical JSON of collections back into serialized cells; see ``wire.py``.

Written from the description of the format alone. Strict: a text that is valid JSON but not in the
form that the description gives for the type fails, naming type and text.
"""

from __future__ import annotations

import base64
import json
import re
import struct
from collections.abc import Callable
from datetime import date
from ipaddress import ip_address
from uuid import UUID

from tests.support import wire
from tests.support.cql_tree import Tree

_EPOCH = date(1970, 1, 1).toordinal()
_SPECIAL = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}
_WIDTHS = {"tinyint": "b", "smallint": "h", "int": "i", "bigint": "q", "counter": "q"}


class Digits(str):
    """A number's own characters in the JSON text."""

    __slots__ = ()


def cell_of_json(kind: Tree, text: str) -> bytes | None:
    """Return the cell that a collection's canonical JSON stands for."""
    node = json.loads(text, parse_int=Digits, parse_float=Digits, object_pairs_hook=_unique)
    return _cell(kind, node)


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    assert len(found) == len(pairs), "a name twice in one object"
    return found


def _cell(kind: Tree, node: object) -> bytes | None:
    if node is None:
        return None
    if isinstance(node, dict) and set(node) == {"$cell"}:
        return _hex(node["$cell"])
    if isinstance(node, list | dict) and kind.name in _NESTED:
        return _NESTED[kind.name](kind, node)
    return scalar(kind.name, node)


def _hex(text: object) -> bytes:
    assert isinstance(text, str), f"hexadecimal of a cell: {text!r}"
    assert re.fullmatch("(?:[0-9a-f]{2})*", text), f"hexadecimal of a cell: {text!r}"
    return bytes.fromhex(text)


def scalar(name: str, node: object) -> bytes:
    """Return the cell of a scalar type from its JSON."""
    if name == "boolean":
        assert isinstance(node, bool), f"boolean: {node!r}"
        return bytes([node])
    if name in _WIDTHS:
        far = isinstance(node, str) and not isinstance(node, Digits)
        assert isinstance(node, str), f"{name}: {node!r}"
        assert far == (abs(int(node)) > 2**53), f"{name}: {node!r}"
        return struct.pack(f">{_WIDTHS[name]}", int(node))
    if name in ("float", "double"):
        return _floating(name, node)
    if name == "blob":
        assert isinstance(node, dict), f"blob: {node!r}"
        assert set(node) == {"$base64"}, f"blob: {node!r}"
        return base64.b64decode(node["$base64"], validate=True)
    assert isinstance(node, str), f"{name}: {node!r}"
    assert not isinstance(node, Digits), f"{name}: {node!r}"
    return SCALARS[name](node)


def _floating(name: str, node: object) -> bytes:
    code = ">f" if name == "float" else ">d"
    if isinstance(node, dict):
        assert set(node) == {"$number"}, f"{name}: {node!r}"
        return struct.pack(code, _SPECIAL[node["$number"]])
    assert isinstance(node, Digits), f"{name}: {node!r}"
    assert "." in node or "e" in node, f"{name}: {node!r}"
    return struct.pack(code, float(node))


def whole(text: str) -> int:
    """Return an integer of any length; CPython itself reads no more than 4,300 digits."""
    sign, digits = (-1, text[1:]) if text.startswith("-") else (1, text)
    assert re.fullmatch("[0-9]+", digits), f"not a whole number: {text[:80]}"
    number = 0
    for first in range(0, len(digits), 4000):
        part = digits[first : first + 4000]
        number = number * 10 ** len(part) + int(part)
    return sign * number


def decimal_cell(text: str) -> bytes:
    """Return the cell of a decimal from the text that keeps unscaled value and scale."""
    unscaled, marked, exponent = text.partition("E")
    if marked:
        return wire.decimal(whole(unscaled), -int(exponent))
    before, _, after = text.partition(".")
    return wire.decimal(whole(before + after), len(after))


def duration_cell(text: str) -> bytes:
    """Return the cell of a duration such as ``-1mo2d3ns``."""
    found = re.fullmatch(r"(-?)(?:(\d+)mo)?(?:(\d+)d)?(?:(\d+)ns)?", text)
    assert found is not None, f"duration: {text!r}"
    assert any(found.groups()[1:]), f"duration: {text!r}"
    sign = -1 if found[1] else 1
    months, days, nanoseconds = (sign * int(part or 0) for part in found.groups()[1:])
    return wire.duration(months, days, nanoseconds)


def date_days(text: str) -> int:
    """Return the days from 1970-01-01 to a date given as YYYY-MM-DD."""
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", text), f"date: {text!r}"
    return date.fromisoformat(text).toordinal() - _EPOCH


def clock(text: str, digits: int) -> int:
    """Return HH:MM:SS.f as a number of its last fraction's units."""
    found = re.fullmatch(rf"(\d\d):(\d\d):(\d\d)\.(\d{{{digits}}})", text)
    assert found is not None, f"time: {text!r}"
    hours, minutes, seconds, fraction = map(int, found.groups())
    return ((hours * 60 + minutes) * 60 + seconds) * int(10**digits) + fraction


def _timestamp(text: str) -> bytes:
    day, _, rest = text.partition("T")
    assert rest.endswith("Z"), f"timestamp: {text!r}"
    return struct.pack(">q", date_days(day) * 86_400_000 + clock(rest[:-1], 3))


SCALARS: dict[str, Callable[[str], bytes]] = {
    "ascii": lambda text: text.encode("ascii"),
    "text": lambda text: text.encode("utf-8"),
    "varint": lambda text: wire.varint(whole(text)),
    "decimal": decimal_cell,
    "date": lambda text: struct.pack(">I", date_days(text) + 2**31),
    "time": lambda text: struct.pack(">q", clock(text, 9)),
    "timestamp": _timestamp,
    "uuid": lambda text: UUID(text).bytes,
    "timeuuid": lambda text: UUID(text).bytes,
    "inet": lambda text: ip_address(text).packed,
    "duration": duration_cell,
}


def _sequence(kind: Tree, node: object) -> bytes:
    assert isinstance(node, list), f"{kind.name}: {node!r}"
    return wire.elements([_cell(kind.parts[0], part) for part in node])


def _map(kind: Tree, node: object) -> bytes:
    assert isinstance(node, list), f"map: {node!r}"
    key, value = kind.parts
    return wire.pairs([(_cell(key, k), _cell(value, v)) for k, v in node])


def _tuple(kind: Tree, node: object) -> bytes:
    assert isinstance(node, list), f"tuple: {node!r}"
    return wire.fields([_cell(of, v) for of, v in zip(kind.parts, node, strict=False)])


def _udt(kind: Tree, node: object) -> bytes:
    assert isinstance(node, dict), f"user type: {node!r}"
    there = kind.fields[: len(node)]
    assert list(node) == list(there), f"fields {list(node)} of {list(kind.fields)}"
    return wire.fields([_cell(of, node[f]) for of, f in zip(kind.parts, there, strict=False)])


def width(kind: Tree) -> int | None:
    """Return how many bytes every value of a type has inside a vector, None where they differ."""
    if kind.name == "vector":
        inner = width(kind.parts[0])
        return None if inner is None else inner * kind.size
    return wire.FIXED_WIDTHS.get(kind.name)


def _vector(kind: Tree, node: object) -> bytes:
    assert isinstance(node, list), f"vector: {node!r}"
    assert len(node) == kind.size, f"vector of {kind.size}: {len(node)} elements"
    parts = [_cell(kind.parts[0], part) for part in node]
    bare = width(kind.parts[0]) is not None
    return wire.vector([part for part in parts if part is not None], bare=bare)


_NESTED: dict[str, Callable[[Tree, object], bytes]] = {
    "list": _sequence,
    "set": _sequence,
    "map": _map,
    "tuple": _tuple,
    "udt": _udt,
    "vector": _vector,
}
