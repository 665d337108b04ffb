"""Canonical JSON back to the bytes of a cell, and CQL types and cells at random.

Shares no code with the tool's codec: what it makes of the JSON must be the very cell.
"""

from __future__ import annotations

import re
import struct
from base64 import b64decode
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from ipaddress import ip_address
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from cass_snapshot.cql import CqlType

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIXED_IN_VECTORS = ("boolean", "int", "float", "bigint", "double", "timestamp", "uuid", "timeuuid")


def vint(number: int) -> bytes:
    """Return an unsigned number of variable length, bit by bit."""
    for size in range(1, 9):
        if number < 2 ** (7 * size):
            bits = "1" * (size - 1) + "0" + format(number, f"0{7 * size}b")
            return int(bits, 2).to_bytes(size, "big")
    return b"\xff" + number.to_bytes(8, "big")


def zigzag(number: int) -> bytes:
    """Return a signed number of variable length."""
    return vint(2 * number if number >= 0 else -2 * number - 1)


def shortest(number: int) -> bytes:
    """Return the shortest two's complement."""
    size = 1
    while not -(2 ** (8 * size - 1)) <= number < 2 ** (8 * size - 1):
        size += 1
    return number.to_bytes(size, "big", signed=True)


def _fraction(code: str) -> Callable[[Any], bytes]:
    def cell(value: Any) -> bytes:  # noqa: ANN401 - a JSON value
        if isinstance(value, dict):
            (text,) = value.values()
            if text == "NaN":
                return {"f": b"\x7f\xc0\0\0", "d": b"\x7f\xf8" + bytes(6)}[code]
            value = float(text)
        assert isinstance(value, float)
        return struct.pack(f">{code}", value)

    return cell


def _big(value: Any) -> bytes:  # noqa: ANN401 - a JSON value
    assert isinstance(value, str) == (abs(int(value)) > 2**53)
    return struct.pack(">q", int(value))


def _decimal(text: str) -> bytes:
    sign, digits, exponent = Decimal(text).as_tuple()
    number = int("".join(map(str, digits))) * (-1 if sign else 1)
    return struct.pack(">i", -int(exponent)) + shortest(number)


def _time(text: str) -> bytes:
    hours, minutes, seconds = text.split(":")
    nanos = int(seconds.replace(".", ""))
    assert len(text) == 18
    return struct.pack(">q", (int(hours) * 60 + int(minutes)) * 60 * 10**9 + nanos)


def _timestamp(text: str) -> bytes:
    moment = datetime.fromisoformat(text.removesuffix("Z") + "+00:00")
    return struct.pack(">q", (moment - _EPOCH) // timedelta(milliseconds=1))


def _duration(text: str) -> bytes:
    found = re.fullmatch(r"(-?)(?:(\d+)mo)?(?:(\d+)d)?(?:(\d+)ns)?", text)
    assert found
    sign = -1 if found[1] else 1
    return b"".join(zigzag(sign * int(part or 0)) for part in found.groups()[1:])


def _is(kind: type, code: str) -> Callable[[Any], bytes]:
    def cell(value: Any) -> bytes:  # noqa: ANN401 - a JSON value
        assert type(value) is kind
        return struct.pack(code, value)

    return cell


_SCALARS: dict[str, Callable[[Any], bytes]] = {
    "ascii": str.encode,
    "text": str.encode,
    "varchar": str.encode,
    "blob": lambda value: b64decode(value["$base64"], validate=True),
    "boolean": _is(bool, ">?"),
    "tinyint": _is(int, ">b"),
    "smallint": _is(int, ">h"),
    "int": _is(int, ">i"),
    "bigint": _big,
    "varint": lambda value: shortest(int(value)),
    "decimal": _decimal,
    "float": _fraction("f"),
    "double": _fraction("d"),
    "date": lambda text: struct.pack(
        ">I", (date.fromisoformat(text) - date(1970, 1, 1)).days + 2**31
    ),
    "time": _time,
    "timestamp": _timestamp,
    "uuid": lambda text: UUID(text).bytes,
    "timeuuid": lambda text: UUID(text).bytes,
    "inet": lambda text: ip_address(text).packed,
    "duration": _duration,
}


def cell_of(cql: CqlType, value: Any) -> bytes:  # noqa: ANN401 - a JSON value
    """Return the cell that canonical JSON, parsed, tells."""
    if isinstance(value, dict) and list(value) == ["$cell"]:
        return bytes.fromhex(value["$cell"])
    if cql.name in _SCALARS:
        return _SCALARS[cql.name](value)
    if cql.name in ("list", "set"):
        return struct.pack(">i", len(value)) + b"".join(_sized(cql.of[0], v) for v in value)
    if cql.name == "map":
        pairs = [_sized(of, v) for pair in value for of, v in zip(cql.of, pair, strict=True)]
        return struct.pack(">i", len(value)) + b"".join(pairs)
    if cql.name == "vector":
        assert cql.dimension == len(value)
        cells = [cell_of(cql.of[0], v) for v in value]
        return b"".join(c if in_line(cql.of[0]) else vint(len(c)) + c for c in cells)
    if cql.name == "udt":
        assert tuple(value) == cql.fields[: len(value)]
        value = list(value.values())
    return b"".join(_sized(of, v) for of, v in zip(cql.of, value, strict=False))


def in_line(cql: CqlType) -> bool:
    """Tell whether a type stands in a vector without its length."""
    if cql.name == "vector":
        return in_line(cql.of[0])
    return cql.name in _FIXED_IN_VECTORS


def _sized(cql: CqlType, value: Any) -> bytes:  # noqa: ANN401 - a JSON value
    return sized(None if value is None else cell_of(cql, value))


def sized(cell: bytes | None) -> bytes:
    """Return a part with its length before it."""
    return struct.pack(">i", -1) if cell is None else struct.pack(">i", len(cell)) + cell


_WIDTHS = {
    "boolean": 1,
    "tinyint": 1,
    "smallint": 2,
    "int": 4,
    "float": 4,
    "date": 4,
} | dict.fromkeys(("bigint", "double", "time", "timestamp"), 8)
_NAMES = st.one_of(
    st.sampled_from(["a", "b", "House No", 'quo"te', "$cell", "$base64", "null", "$number"]),
    st.text('ab "\\\u00e9,{}', min_size=1, max_size=4),
)


def _near(code: str, centre: int, span: int) -> st.SearchStrategy[bytes]:
    return st.integers(centre - span, centre + span).map(lambda n: struct.pack(code, n))


_LIKELY: dict[str, st.SearchStrategy[bytes]] = {
    "boolean": st.sampled_from([b"\0", b"\1", b"\2"]),
    "bigint": st.one_of(_near(">q", 2**53, 2), _near(">q", -(2**53), 2), _near(">q", 0, 300)),
    "date": st.one_of(
        _near(">I", 2**31 - 719_162, 2), _near(">I", 2**31 + 2_932_896, 2), _near(">I", 2**31, 9999)
    ),
    "time": st.one_of(
        _near(">q", 0, 2), _near(">q", 86_400 * 10**9, 2), _near(">q", 10**13, 10**10)
    ),
    "timestamp": st.one_of(
        _near(">q", -62_135_596_800_000, 2),
        _near(">q", 253_402_300_799_999, 2),
        _near(">q", 0, 10**13),
    ),
    "varint": st.one_of(st.integers().map(shortest), st.integers(-300, 300).map(shortest)),
    "decimal": st.builds(
        lambda scale, number: struct.pack(">i", scale) + shortest(number),
        st.one_of(st.integers(-3, 45), st.integers(-(2**31), 2**31 - 1)),
        st.integers(),
    ),
    "inet": st.one_of(st.binary(min_size=4, max_size=4), st.binary(min_size=16, max_size=16)),
    "uuid": st.binary(min_size=16, max_size=16),
    "timeuuid": st.binary(min_size=16, max_size=16),
    "duration": st.one_of(
        st.tuples(*[st.integers(0, 2**31 - 1)] * 3),
        st.tuples(*[st.integers(-(2**31), 0)] * 3),
        st.tuples(st.integers(-1, 1), st.integers(-1, 1), st.integers(-(2**63), 2**63 - 1)),
    ).map(lambda parts: b"".join(map(zigzag, parts))),
}
_FLOATS = st.floats(width=32, allow_nan=False)


def _scalar_cells(name: str) -> st.SearchStrategy[bytes]:
    found = [st.binary(max_size=17)]
    if name in _WIDTHS:
        found.append(st.binary(min_size=_WIDTHS[name], max_size=_WIDTHS[name]))
    if name in _LIKELY:
        found.append(_LIKELY[name])
    if name in ("ascii", "text", "varchar"):
        found.append(st.text(max_size=8).map(lambda t: t.encode("utf-8", "surrogatepass")))
    if name in ("float", "double"):
        code = {"float": ">f", "double": ">d"}[name]
        found.append(_FLOATS.map(lambda number: struct.pack(code, number)))
    return st.one_of(*found)


def _udt(draw_from: st.SearchStrategy[CqlType]) -> st.SearchStrategy[CqlType]:
    fields = st.lists(
        st.tuples(_NAMES, draw_from), min_size=1, max_size=3, unique_by=lambda f: f[0]
    )
    return fields.map(
        lambda pairs: CqlType(
            name="udt",
            label="My type",
            fields=tuple(name for name, _ in pairs),
            of=tuple(of for _, of in pairs),
        )
    )


def _composed(of: st.SearchStrategy[CqlType]) -> st.SearchStrategy[CqlType]:
    frozen = st.booleans()
    return st.one_of(
        st.builds(
            lambda n, t, f: CqlType(name=n, of=(t,), frozen=f),
            st.sampled_from(["list", "set"]),
            of,
            frozen,
        ),
        st.builds(lambda k, v, f: CqlType(name="map", of=(k, v), frozen=f), of, of, frozen),
        st.builds(
            lambda ts: CqlType(name="tuple", of=tuple(ts)), st.lists(of, min_size=1, max_size=3)
        ),
        st.builds(lambda t, n: CqlType(name="vector", of=(t,), dimension=n), of, st.integers(1, 3)),
        _udt(of),
    )


_LEAVES = st.one_of(
    st.sampled_from(sorted(_SCALARS)).map(lambda name: CqlType(name=name)),
    st.just(CqlType(name="custom", label="org.example.It's")),
)
TYPES: st.SearchStrategy[CqlType] = st.recursive(_LEAVES, _composed, max_leaves=6)
"""Any type, custom ones among them."""


def cells(cql: CqlType) -> st.SearchStrategy[bytes]:
    """Return cells of a type: most of them whole, some broken, with nulls and missing fields."""
    if not cql.of:
        return _scalar_cells(cql.name)
    parts = [st.one_of(cells(of), st.none()) for of in cql.of]
    if cql.name in ("list", "set", "map"):
        entries = st.lists(st.tuples(*parts), max_size=3)
        whole = entries.map(
            lambda found: (
                struct.pack(">i", len(found))
                + b"".join(sized(part) for entry in found for part in entry)
            )
        )
    elif cql.name == "vector":
        whole = st.lists(cells(cql.of[0]), min_size=cql.dimension, max_size=cql.dimension).map(
            lambda found: b"".join(c if in_line(cql.of[0]) else vint(len(c)) + c for c in found)
        )
    else:
        whole = st.builds(
            lambda found, kept: b"".join(map(sized, found[:kept])),
            st.tuples(*parts),
            st.integers(0, len(parts)),
        )
    broken = st.builds(
        lambda cell, cut, tail: cell[:cut] + tail, whole, st.integers(0, 20), st.binary(max_size=5)
    )
    return st.one_of(whole, whole, whole, broken)
