r"""Cuts the marks of many lines' keys from their text, by the key's place in the line. Pure.

    first, of fixed width    ["6f0c2a4e-...",    a slice
    first, quoted or bare    ["Ann",  [-7,       up to the next quote or comma
    among the first few      ["Ann",7,           one regular expression
    a digest at the end      ,"9f86...",-12]     the digits before the last quote
    elsewhere                                    orjson decodes the line

A line whose key has an escape (a backslash) is decoded, whatever its place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

import orjson

from cass_snapshot.codec.sortable import DIGEST_WIDTH, Part, part_of
from cass_snapshot.forms import Form
from cass_snapshot.planned import PlannedColumn, Reading

Marker = Callable[[Sequence[bytes]], Sequence[Any]]
DECODED_ROWS = 500
"""Lines that are decoded at once: a slice as Python objects would take gigabytes."""
PASSED_MAX = 12
"""A key behind more columns than these is cheaper decoded than sought."""
_QUOTED = rb'"([^"\\]*)"'
_BARE = rb'([^",\]]+)'
_PASSED = rb'(?:"[^"\\]*"|[^",\]]+)'
_TEXT_AT = len(b'["')


def leading_span(columns: Sequence[PlannedColumn], places: Sequence[int]) -> tuple[int, int] | None:
    """Return where the key stands in every line and how many bytes it has, None where that differs.

    Args:
        columns: those of a line.
        places: as for ``marker``.
    """
    widths = [part_of(columns[place]).width for place in places]
    known = [width for width in widths if width is not None]
    if list(places) != list(range(len(places))) or len(known) < len(widths):
        return None
    return _TEXT_AT, sum(known) + len(b'","') * (len(known) - 1)


def leading_parts(columns: Sequence[PlannedColumn], places: Sequence[int]) -> str | None:
    """Return a letter for each value of a key that compiled code compares, None for another key.

    The key is the first values of a line, each a ``t``ext that sorts as it stands or an
    ``i``nteger.

    Args:
        columns: those of a line.
        places: as for ``marker``.
    """
    kinds = [part_of(columns[place]).kind for place in places]
    known = [kind for kind in kinds if kind is not None]
    leading = list(places) == list(range(len(places)))
    return "".join(known) if leading and len(known) == len(kinds) else None


def marker(columns: Sequence[PlannedColumn], places: Sequence[int]) -> Marker:
    """Return what makes the marks of lines, of whatever is cheapest.

    Args:
        columns: those of a line.
        places: where the columns of the key stand in it, in the order of the key.
    """
    parts = [part_of(columns[place]) for place in places]
    span = leading_span(columns, places)
    if span is not None:
        at, width = span
        cut = itemgetter(slice(at, at + width))
        return lambda rows: list(map(cut, rows))
    if places[0] == 0 and len(parts) == 1 and len(columns) > 1:
        return _leading(parts[0])
    if _ends_in_digest(columns, places):
        return _digests
    if max(places) <= PASSED_MAX:
        return _matched(places, parts)
    return _decoding(places, parts)


def _leading(part: Part) -> Marker:
    if not part.quoted:
        return lambda rows: part.marks([row[1 : row.index(b",")] for row in rows])
    decode = _decoding((0,), (part,))

    def cut(rows: Sequence[bytes]) -> Sequence[Any]:
        texts = [row[_TEXT_AT : row.index(b'"', _TEXT_AT)] for row in rows]
        if b"\\" not in b"".join(texts):
            return part.marks(texts)
        return _joined(
            part.marks([text for text in texts if b"\\" not in text]),
            decode([row for row, text in zip(rows, texts, strict=True) if b"\\" in text]),
            [b"\\" not in text for text in texts],
        )

    return cut


def _ends_in_digest(columns: Sequence[PlannedColumn], places: Sequence[int]) -> bool:
    """Tell whether the last quoted value of a line is a digest, and the whole key."""
    key = columns[places[0]]
    behind = columns[places[0] + 1 :]
    return (
        len(places) == 1
        and key.reading is Reading.DIGEST
        and all(p.form is Form.INTEGER for p in behind)
    )


def _digests(rows: Sequence[bytes]) -> Sequence[bytes]:
    ends = [row.rindex(b'"') for row in rows]
    return [row[end - DIGEST_WIDTH : end] for row, end in zip(rows, ends, strict=True)]


def _matched(places: Sequence[int], parts: Sequence[Part]) -> Marker:
    by_place = dict(zip(places, parts, strict=True))
    items = (
        _PASSED if place not in by_place else _QUOTED if by_place[place].quoted else _BARE
        for place in range(max(places) + 1)
    )
    match = re.compile(rb"\[" + b",".join(items)).match
    groups = [sorted(places).index(place) for place in places]
    decode = _decoding(places, parts)

    def cut(rows: Sequence[bytes]) -> Sequence[Any]:
        found = [each and each.groups() for each in map(match, rows)]
        texts = list(zip(*filter(None, found), strict=True))
        marks: Sequence[Any] = ()
        if texts:
            marks = _keys([p.marks(texts[g]) for p, g in zip(parts, groups, strict=True)])
        if len(marks) == len(rows):
            return marks
        others = decode([row for row, each in zip(rows, found, strict=True) if each is None])
        return _joined(marks, others, [each is not None for each in found])

    return cut


def _decoding(places: Sequence[int], parts: Sequence[Part]) -> Marker:
    def decode(rows: Sequence[bytes]) -> Sequence[Any]:
        marks: list[list[Any]] = [[] for _ in parts]
        for start in range(0, len(rows), DECODED_ROWS):
            document = b"[" + b",".join(rows[start : start + DECODED_ROWS]) + b"]"
            values = orjson.loads(document)
            for place, part, made in zip(places, parts, marks, strict=True):
                made += [part.mark(row[place]) for row in values]
        return _keys(marks)

    return decode


def _keys(columns: Sequence[Sequence[Any]]) -> Sequence[Any]:
    """Return what lines are compared by, given the marks of each column of the key."""
    return columns[0] if len(columns) == 1 else list(zip(*columns, strict=True))


def _joined(cut: Sequence[Any], decoded: Sequence[Any], was_cut: Sequence[bool]) -> list[Any]:
    """Return marks in the order of their lines."""
    one, other = iter(cut), iter(decoded)
    return [next(one) if here else next(other) for here in was_cut]
