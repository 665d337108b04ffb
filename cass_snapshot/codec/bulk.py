"""Canonical JSON of whole columns of collections: elements of all cells at once. Pure.

The same texts as ``collections.teller`` gives cell by cell, which takes over wherever an element is
not ordinary.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from struct import Struct, unpack

from orjson import dumps

from cass_snapshot.codec.collections import Tell, teller
from cass_snapshot.codec.json_scalars import DAYS_MIN
from cass_snapshot.codec.parts import Parts, entries
from cass_snapshot.codec.quick import DATETIME, apart, instants, uuids
from cass_snapshot.codec.refusal import Encode, Values
from cass_snapshot.cql import CqlType
from cass_snapshot.forms import Limits

Bulk = Callable[[Sequence[bytes]], list[str]]

_APART = "\x7f"
_PAIR = "[{}, {}]".format
_NUMBERS = {"tinyint": "b", "smallint": "h", "int": "i"}
_WHOLE: dict[str, Callable[[Sequence[bytes]], bytes | None]] = {
    "uuid": uuids,
    "timeuuid": uuids,
    "timestamp": partial(instants, DATETIME.replace(b" ", b"T")[:-1] + b'Z"', DAYS_MIN),
}
_TEXTS = frozenset({"ascii", "text", "varchar"})


def encode_json(cql: CqlType) -> Encode:
    """Return the encoder of a type's canonical JSON."""
    tell = bulk(cql)

    def encode(cells: Sequence[bytes], limits: Limits) -> Values:  # noqa: ARG001 - one signature
        return tell(cells)

    return encode


def bulk(cql: CqlType) -> Bulk:
    """Return what makes JSON of many cells of a type; it takes any bytes."""
    tell = teller(cql)
    if cql.name in _TEXTS:
        return _texts(tell)
    if cql.name in _NUMBERS:
        return _numbers(_NUMBERS[cql.name], tell)
    if cql.name in _WHOLE:
        return _cut(_WHOLE[cql.name], tell)
    if cql.name in ("list", "set"):
        return _arrays(bulk(cql.of[0]), tell)
    if cql.name == "map":
        return _maps(bulk(cql.of[0]), bulk(cql.of[1]), tell)
    return lambda cells: list(map(tell, cells))


def _texts(tell: Tell) -> Bulk:
    def texts(cells: Sequence[bytes]) -> list[str]:
        found = apart(cells) if cells else None
        if found is None:
            return list(map(tell, cells))
        return dumps(found[1]).decode().replace(_APART, f'"{_APART}"').split(_APART)

    return texts


def _numbers(code: str, tell: Tell) -> Bulk:
    width = Struct(f">{code}").size

    def numbers(cells: Sequence[bytes]) -> list[str]:
        if not {width}.issuperset(map(len, cells)):
            return list(map(tell, cells))
        return list(map(str, unpack(f">{len(cells)}{code}", b"".join(cells))))

    return numbers


def _cut(whole: Callable[[Sequence[bytes]], bytes | None], tell: Tell) -> Bulk:
    def cut(cells: Sequence[bytes]) -> list[str]:
        found = whole(cells) if cells else None
        return list(map(tell, cells)) if found is None else found.decode().split(",")

    return cut


def _arrays(of: Bulk, tell: Tell) -> Bulk:
    def arrays(cells: Sequence[bytes]) -> list[str]:
        each = zip(cells, _told(of, list(map(entries, cells))), strict=True)
        return [tell(c) if texts is None else f"[{', '.join(texts)}]" for c, texts in each]

    return arrays


def _maps(key: Bulk, value: Bulk, tell: Tell) -> Bulk:
    def maps(cells: Sequence[bytes]) -> list[str]:
        cut = [entries(cell, 2) for cell in cells]
        keys = [None if parts is None else parts[::2] for parts in cut]
        values = [None if parts is None else parts[1::2] for parts in cut]
        each = zip(cells, _told(key, keys), _told(value, values), strict=True)
        return [
            tell(cell) if k is None or v is None else f"[{', '.join(map(_PAIR, k, v))}]"
            for cell, k, v in each
        ]

    return maps


def _told(of: Bulk, cut: Sequence[Parts | None]) -> Iterator[list[str] | None]:
    """Yield the texts of the parts of each cell, None for a cell that has no parts."""
    told = of([part for parts in cut if parts for part in parts if part is not None])
    at = 0
    for parts in cut:
        if parts is None:
            yield None
        elif None in parts:
            rest = iter(told[at : at + len(parts)])
            texts = ["null" if part is None else next(rest) for part in parts]
            at += len(parts) - parts.count(None)
            yield texts
        else:
            start, at = at, at + len(parts)
            yield told[start:at]
