"""The rows of a page as they came over the wire, taken apart only where somebody looks at one.

A page of ten columns is fifty thousand cells; making an object of each costs as much as writing
them all. The compiled encoder reads them where they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import overload

try:
    from cass_snapshot import _wire
except ImportError:  # built where there is a compiler
    AVAILABLE = False
else:
    AVAILABLE = True

Row = tuple[bytes | None, ...]
"""A row's serialized cells, None for a null."""
_COUNT_BYTES = 4


def taken(rows: Sequence[Row]) -> Sequence[Row]:
    """Return rows, and leave nothing of them in the list or page that they were in.

    The driver keeps each answer as long as its request might have taken, which is half a minute, in
    a timer that is cancelled and not yet due.
    """
    if isinstance(rows, WireRows):
        return rows.move()
    if isinstance(rows, list):
        kept = rows[:]
        rows.clear()
        return kept
    return rows


class WireRows(Sequence[Row]):
    """Rows of CQL's native protocol: a sequence of tuples.

    Args:
        content: a message with the rows at its end.
        start: where their number stands, which comes before them.
        columns: how many cells a row has.

    Raises:
        ValueError: there are fewer bytes than the rows need, or more.
    """

    __slots__ = ("_last", "_rows", "parts")

    def __init__(self, content: bytes, start: int, columns: int) -> None:
        first = start + _COUNT_BYTES
        number = int.from_bytes(content[start:first], "big", signed=True)
        self.parts = (content, first, number, columns)
        """The message, where its first row begins, the number of rows and of their cells."""
        self._last = _wire.last(*self.parts)
        self._rows: list[Row] | None = None

    def move(self) -> WireRows:
        """Return the rows, which are not here any more."""
        moved = object.__new__(WireRows)
        moved.parts, moved._last, moved._rows = self.parts, self._last, self._rows
        self.parts, self._rows = (b"", 0, 0, self.parts[-1]), []
        return moved

    @property
    def size(self) -> int:
        """Return how many bytes the rows have."""
        return len(self.parts[0]) - self.parts[1]

    def __len__(self) -> int:
        """Return how many rows there are."""
        return self.parts[2]

    @overload
    def __getitem__(self, place: int) -> Row: ...
    @overload
    def __getitem__(self, place: slice) -> list[Row]: ...
    def __getitem__(self, place: int | slice) -> Row | list[Row]:
        """Return a row; the last one costs no other."""
        content, _, number, columns = self.parts
        if place == -1 and number and self._rows is None:
            return _wire.rows(content, self._last, 1, columns)[0]
        return self._apart()[place]

    def __iter__(self) -> Iterator[Row]:
        """Yield the rows."""
        return iter(self._apart())

    def _apart(self) -> list[Row]:
        """Return the rows as tuples, made once."""
        if self._rows is None:
            self._rows = _wire.rows(*self.parts)
        return self._rows
