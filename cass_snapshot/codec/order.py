"""Sorts WAL lines as the target's key does, and cuts sorted lines into blocks.

A line is sorted by its ``SortKey``, made of JSON values, where an index holds it; and by its mark
where many lines are sorted at once. ``sortable.py`` says how both compare, ``marks.py`` how marks
come out of lines.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import accumulate

import orjson

from cass_snapshot.blocks import Cut
from cass_snapshot.codec.compiled import AVAILABLE, arrange, merge
from cass_snapshot.codec.marks import leading_parts, marker
from cass_snapshot.codec.plain import Plainness, plain_line, words_of
from cass_snapshot.codec.sortable import part_of
from cass_snapshot.forms import Form
from cass_snapshot.model import Lines
from cass_snapshot.planned import PlannedColumn
from cass_snapshot.protocols import SortKey

CUT_BYTES = 2**15
"""Small beside a slice, so that little is read that belongs to another; large beside a seek."""
_WORDED = frozenset({Form.TEXT, Form.JSON})
"""The forms whose strings may hold a comma, a bracket or a control character."""


class LineOrder:
    """The order of one table's lines, as protocols.Order promises.

    Args:
        columns: those of a line.
        key: the target columns that its rows are told apart by, in the order of the key.
        cut_bytes: how large a block is, or a little more.
        compiled: use the compiled part where it knows the key; for tests.
    """

    def __init__(
        self,
        columns: Sequence[PlannedColumn],
        key: Sequence[str],
        *,
        cut_bytes: int = CUT_BYTES,
        compiled: bool = AVAILABLE,
    ) -> None:
        places = {p.name.casefold(): place for place, p in enumerate(columns)}
        self._places = tuple(places[name.casefold()] for name in key)
        self._parts = tuple(part_of(columns[place]) for place in self._places)
        self._cut_bytes = cut_bytes
        self._marks = marker(columns, self._places)
        self._kinds = leading_parts(columns, self._places) if compiled else None
        first = columns[0]
        self._worded = any(p.form in _WORDED for p in columns)
        self._words_first = first.form is Form.BOOLEAN or not first.column.in_key

    def arrange(self, lines: Lines) -> Lines:
        """Return the same lines sorted and cut into blocks."""
        if not lines.rows:
            return lines
        if self._kinds and (lines.plain or not self._worded):
            made = arrange(
                lines.data, lines.rows, self._kinds, cut_bytes=self._cut_bytes, rows_max=lines.rows
            )
            if made is not None:
                cuts = tuple(Cut(size=size, plain=True) for size, _ in made[1])
                return replace(lines, data=made[0], cuts=cuts)
        rows = lines.data[:-1].split(b"\n")
        self.sort(rows)
        data = b"\n".join(rows) + b"\n"
        cut = _cuts(rows, self._judge(data, lines), self._cut_bytes)
        return replace(lines, data=data, cuts=tuple(cut))

    def key(self, line: bytes) -> SortKey:
        """Return what a line is sorted by: numbers as numbers, anything else as text."""
        values = orjson.loads(line)
        return tuple(
            part.value(values[place]) for place, part in zip(self._places, self._parts, strict=True)
        )

    def merge(
        self,
        pieces: Iterable[bytes],
        *,
        low: SortKey | None,
        high: SortKey | None,
        rows_max: int,
        bytes_max: int,
    ) -> Iterator[tuple[bytes, int]]:
        """Yield lines of sorted pieces in order, a stretch at a time, and how many it has."""
        if self._kinds:
            held = list(pieces)
            bounds = _bound(low), _bound(high)
            made = merge(tuple(held), self._kinds, bounds, cut_bytes=bytes_max, rows_max=rows_max)
            if made is not None:
                held.clear()
                yield from made
                return
            pieces = _emptied(held)
        rows: list[bytes] = []
        for piece in pieces:  # of which each is gone when the next one comes
            rows += _between(piece, low, high, self.key).split(b"\n")[:-1]
        self.sort(rows)
        start = 0
        for count in _stretches(rows, rows_max=rows_max, bytes_max=bytes_max):
            yield b"\n".join([*rows[start : start + count], b""]), count
            start += count

    def sort(self, rows: list[bytes]) -> None:
        """Sort lines in place; of equal keys the later one stays later."""
        # Called as next(marks, row), once a row, in the order of the list.
        rows.sort(key=partial(next, iter(self._marks(rows))))

    def plain(self, line: bytes) -> bool:
        """Tell whether a line by itself is plain."""
        return plain_line(line)

    def words(self, line: bytes) -> int:
        """Return how many bare words a line holds."""
        return words_of(line)

    def _judge(self, data: bytes, lines: Lines) -> Callable[[Sequence[bytes]], bool]:
        """Return what tells whether some of the lines are plain."""
        if lines.plain or not self._worded:
            return lambda _rows: True
        return Plainness(data, rows=lines.rows, words=lines.words, words_first=self._words_first).of


def _cuts(
    rows: Sequence[bytes], plain: Callable[[Sequence[bytes]], bool], cut_bytes: int
) -> Iterator[Cut]:
    """Yield the cuts of sorted lines, each ending with a line."""
    ends = list(accumulate([len(row) + 1 for row in rows]))
    first = start = 0
    while first < len(rows):
        last = min(bisect_left(ends, start + cut_bytes, first), len(rows) - 1)
        yield Cut(size=ends[last] - start, plain=plain(rows[first : last + 1]))
        first, start = last + 1, ends[last]


def _emptied(pieces: list[bytes]) -> Iterator[bytes]:
    """Yield pieces, each of which is not in the list any more."""
    pieces.reverse()
    while pieces:
        yield pieces.pop()


def _stretches(rows: Sequence[bytes], *, rows_max: int, bytes_max: int) -> Iterator[int]:
    """Yield the number of lines of stretches, which end as those of compiled code."""
    size = count = 0
    for row in rows:
        size, count = size + len(row) + 1, count + 1
        if size >= bytes_max or count >= rows_max:
            yield count
            size = count = 0
    if count:
        yield count


def _bound(key: SortKey | None) -> bytes | None:
    """Return a key as a line begins that has it; integers may have any size."""
    if key is None:
        return None
    return b"[%s]" % b",".join(
        orjson.dumps(value) if isinstance(value, str) else str(value).encode() for value in key
    )


def _between(
    data: bytes, low: SortKey | None, high: SortKey | None, key: Callable[[bytes], SortKey]
) -> bytes:
    """Return the lines of sorted ones whose key is at least ``low`` and below ``high``."""
    start = 0 if low is None else _first_at(data, low, key)
    end = len(data) if high is None else _first_at(data, high, key)
    return data[start:end]


def _first_at(data: bytes, bound: SortKey, key: Callable[[bytes], SortKey]) -> int:
    """Return where the first line begins whose key is at least ``bound``."""
    low, high = 0, len(data)  # a line begins at either, and the one that is sought in between
    while low < high:
        middle = data.rfind(b"\n", low, (low + high) // 2) + 1 or low
        end = data.index(b"\n", middle) + 1
        if key(data[middle:end]) < bound:
            low = end
        else:
            high = middle
    return low
