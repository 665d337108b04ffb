"""Cells of every CQL type as hypothesis draws them, a few hundred a type.

``fits`` draws what the readable profile holds unchanged, else anything that Cassandra stores and
the exact profile promises to keep. Inside collections it is always anything.
"""

from __future__ import annotations

import struct
import warnings
from collections.abc import Callable

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import HypothesisDeprecationWarning

from tests.support import wire
from tests.support.canonical_json import width
from tests.support.cql_tree import Tree

Cells = st.SearchStrategy[bytes]
POOL = 250
_PARTS_MAX = 4
_DAY_NS = 86_400 * 10**9
_TEXT_MAX = 40


def pool(kind: Tree, number: int, *, fits: bool) -> list[bytes]:
    """Return different cells of a type; the same number gives the same ones."""
    found: dict[bytes, None] = {}

    @seed(number)
    @settings(
        max_examples=POOL,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(cells(kind, fits=fits))
    def draw(cell: bytes) -> None:
        found[cell] = None

    with warnings.catch_warnings():
        # A driver's thread that draws a random number meanwhile is taken for a strategy's.
        warnings.simplefilter("ignore", HypothesisDeprecationWarning)
        draw()
    return list(found)


def cells(kind: Tree, *, fits: bool = False) -> Cells:
    """Return the strategy for the cells of a type."""
    if kind.name in _NESTED:
        return _NESTED[kind.name](kind)
    fitting = _FITTING.get(kind.name)
    return fitting if fits and fitting is not None else _ANY[kind.name]


def _packed(code: str, low: int, high: int) -> Cells:
    return st.integers(low, high).map(struct.Struct(f">{code}").pack)


def _decimals(digits: int, low: int, high: int) -> Cells:
    numbers = st.integers(-(10**digits) + 1, 10**digits - 1)
    return st.tuples(numbers, st.integers(low, high)).map(lambda pair: wire.decimal(*pair))


def _whole(bits: int) -> Cells:
    half: int = 2 ** (bits - 1)
    return _packed({8: "b", 16: "h", 32: "i", 64: "q"}[bits], -half, half - 1)


def _durations() -> Cells:
    months = st.integers(0, 2**31 - 1)
    parts = st.tuples(months, months, st.integers(0, 2**63 - 1), st.sampled_from((1, -1)))
    return parts.map(lambda p: wire.duration(p[0] * p[3], p[1] * p[3], p[2] * p[3]))


def _floats(code: str, bits: int) -> Cells:
    """Return finite numbers but -0.0, which MariaDB does not hold."""
    numbers = st.floats(allow_nan=False, allow_infinity=False, width=bits)  # type: ignore[arg-type]  # 32 or 64
    return numbers.map(lambda number: struct.pack(f">{code}", number + 0.0))


def _exactly(size: int) -> Cells:
    return st.binary(min_size=size, max_size=size)


_TEXTS = st.text(max_size=_TEXT_MAX).map(str.encode)
_TIMEUUID = _exactly(16).map(lambda b: b[:6] + bytes([0x10 | b[6] & 15]) + b[7:])
_FITTING: dict[str, Cells] = {
    "varint": st.integers(1 - 10**65, 10**65 - 1).map(wire.varint),
    "decimal": _decimals(35, 0, 30),
    "float": _floats("f", 32),
    "double": _floats("d", 64),
    "date": _packed("I", 2**31 - 354_285, 2**31 + 2_932_896),
    "time": st.integers(0, _DAY_NS // 1000 - 1).map(lambda us: struct.pack(">q", us * 1000)),
    "timestamp": _packed("q", -30_610_224_000_000, 253_402_300_799_999),
    "text": _TEXTS,
}
_ANY: dict[str, Cells] = {
    "ascii": st.text(st.characters(max_codepoint=127), max_size=_TEXT_MAX).map(str.encode),
    "text": _TEXTS,
    "blob": st.binary(max_size=60),
    "boolean": st.sampled_from((b"\0", b"\1")),
    "tinyint": _whole(8),
    "smallint": _whole(16),
    "int": _whole(32),
    "bigint": _whole(64),
    "varint": st.integers(-(10**90), 10**90).map(wire.varint),
    "decimal": _decimals(90, -(2**31), 2**31 - 1),
    "float": _exactly(4),
    "double": _exactly(8),
    "date": _exactly(4),
    "time": _packed("q", 0, _DAY_NS - 1),
    "timestamp": _exactly(8),
    "uuid": _exactly(16),
    "timeuuid": _TIMEUUID,
    "inet": st.one_of(_exactly(4), _exactly(16)),
    "duration": _durations(),
}


def _list(kind: Tree) -> Cells:
    return st.lists(cells(kind.parts[0]), max_size=_PARTS_MAX).map(wire.elements)


def _set(kind: Tree) -> Cells:
    return st.lists(cells(kind.parts[0]), max_size=_PARTS_MAX, unique=True).map(wire.elements)


def _map(kind: Tree) -> Cells:
    key, value = (cells(part) for part in kind.parts)
    return st.dictionaries(key, value, max_size=_PARTS_MAX).map(
        lambda d: wire.pairs(list(d.items()))
    )


def _fields(kind: Tree) -> Cells:
    """Return short ones too: fields at the end may be missing."""
    parts = st.tuples(*(st.one_of(st.none(), cells(part)) for part in kind.parts))
    return st.tuples(parts, st.integers(1, len(kind.parts))).map(
        lambda drawn: wire.fields(drawn[0][: drawn[1]])
    )


def _vector(kind: Tree) -> Cells:
    bare = width(kind.parts[0]) is not None
    return st.lists(cells(kind.parts[0]), min_size=kind.size, max_size=kind.size).map(
        lambda parts: wire.vector(parts, bare=bare)
    )


_NESTED: dict[str, Callable[[Tree], Cells]] = {
    "list": _list,
    "set": _set,
    "map": _map,
    "tuple": _fields,
    "udt": _fields,
    "vector": _vector,
}
