"""Pages to WAL lines by the compiled encoder, and in Python column by column what it leaves alone.

``native/`` writes ordinary cells, byte for byte as the encoder in Python does, which stays the one
that says what is right and what is refused. A column that has another cell in some page is written
in Python for that page; a page with a cell that is refused is left to Python as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from struct import pack
from typing import NamedTuple

from orjson import dumps

from cass_snapshot.codec.column import ColumnEncoder
from cass_snapshot.codec.described import Described, describe
from cass_snapshot.codec.refusal import BadCell
from cass_snapshot.model import Cells
from cass_snapshot.planned import PlannedColumn
from cass_snapshot.wire import WireRows

try:
    from cass_snapshot.codec import _encode
except ImportError:  # built where there is a compiler
    AVAILABLE = False
else:
    AVAILABLE = True

_POWERS = range(-292, 325)
"""The powers of ten that the numbers of 64 bits with a point need: ``native/fractions.c``."""
_POWER_BITS = 128
_INT64 = (-(2**63), 2**63 - 1)
_SHAPES = (0.0, -1.0, 0.5, 1e15, 1e16, 1.5e16, 1.5e17, 1e22, 1e-4, 1.5e-5, 1e-6, 1.5e-7, 5e-324)
"""A number of each shape: with a point alone, with zeros on either side, with an exponent."""


class Made(NamedTuple):
    """The lines of a page, the nulls of each column that is read, and whether all is plain."""

    data: bytes
    nulls: Sequence[int]
    plain: bool


class CompiledEncoder:
    """Writes the rows of one table.

    Args:
        columns: those that rows hold, in order.

    Raises:
        RuntimeError: the compiled part is not there.
    """

    def __init__(self, columns: Sequence[ColumnEncoder]) -> None:
        if not AVAILABLE:
            raise RuntimeError("the compiled encoder was not built")
        self._columns = columns
        self._described = tuple(known(column.planned) for column in columns)
        self._foreign = [i for i, found in enumerate(self._described) if found is None]

    def encode(self, rows: Sequence[Cells], made: Sequence[Sequence[bytes]]) -> Made | None:
        """Return the lines of some rows, None if some cell may be refused.

        Args:
            rows: the rows.
            made: columns that stand behind those of the rows, as the texts of the lines.
        """
        page = _as_c_takes(rows)
        ready: list[Sequence[bytes] | None] = [None] * len(self._columns)
        nulls = [0] * len(ready)
        left = list(self._foreign)
        try:
            while True:
                for place in left:
                    cells = tuple([row[place] for row in rows])
                    texts, nulls[place] = self._columns[place].texts(cells)
                    ready[place] = texts if isinstance(texts, list) else list(texts)
                found = _encode.encode(page, self._described, (*ready, *made))
                if not isinstance(found, int):
                    break
                if found < 0:
                    return None
                left = [found]
        except (BadCell, IndexError):
            return None
        data, counted, odd = found
        # Of columns that were written in Python nobody has looked at the texts.
        plain = not odd and all(texts is None for texts in ready)
        return Made(
            data, [counted[i] if r is None else nulls[i] for i, r in enumerate(ready)], plain
        )


def arrange(
    data: bytes, rows: int, parts: str, *, cut_bytes: int, rows_max: int
) -> tuple[bytes, list[tuple[int, int]]] | None:
    """Return lines sorted by their first values, and size and rows of their stretches.

    None where a line has an escape in its key, or another kind of value there.

    Args:
        data: one or more lines.
        rows: how many.
        parts: a letter for each value of the key, t for a text and i for an integer.
        cut_bytes: a stretch ends with the line that brings it to this size,
        rows_max: or to so many lines.
    """
    return _encode.arrange(data, rows, parts, cut_bytes, rows_max)


def merge(
    pieces: tuple[bytes, ...],
    parts: str,
    bounds: tuple[bytes | None, bytes | None],
    *,
    cut_bytes: int,
    rows_max: int,
) -> Iterator[tuple[bytes, int]] | None:
    """Return stretches of the lines of sorted pieces, each with its rows; None as ``arrange``.

    Args:
        pieces: lines sorted by ``arrange``.
        parts: as for ``arrange``.
        bounds: the first key that is wanted, and the first above it that is not, as lines.
        cut_bytes: as for ``arrange``.
        rows_max: as for ``arrange``.
    """
    return _encode.merge(pieces, parts, *bounds, cut_bytes, rows_max)


def _as_c_takes(rows: Sequence[Cells]) -> list[Cells] | tuple[bytes, int, int, int]:
    """Return rows as a list, or the place, number and width of those that are not taken apart."""
    if isinstance(rows, WireRows):
        return rows.parts
    return rows if isinstance(rows, list) else list(rows)


def known(planned: PlannedColumn) -> Described | None:
    """Return a column as the compiled encoder takes it; None for one that is left to Python."""
    found = describe(planned)
    return None if found and found.kind == "number" and not _numbers_alike() else found


@cache
def _numbers_alike() -> bool:
    """Tell whether numbers with a point look as orjson's, whose shapes are its own affair.

    It writes 1e16 or 1e+16, by its release.
    """
    _encode.prepare(b"".join(map(_power, _POWERS)), b"+" in dumps(1e16))
    form = Described("number", 8, *(False,) * 4, *(0,) * 4, *_INT64, 0, 1, 0, -1)
    found = _encode.encode([(pack(">d", n),) for n in _SHAPES], (form,), (None,))
    lines = b"".join(b"[%b]\n" % dumps(n) for n in _SHAPES)
    return found == (lines, (0,), 0)


def _power(exponent: int) -> bytes:
    """Return a power of ten as 128 bits of which the first is set, rounded up."""
    if exponent < 0:
        divisor: int = 10**-exponent
        scaled = -(-(1 << (_POWER_BITS - 1 + divisor.bit_length())) // divisor)
    else:
        power: int = 10**exponent
        spare = _POWER_BITS - power.bit_length()
        scaled = power << spare if spare >= 0 else -(-power >> -spare)
    return scaled.to_bytes(_POWER_BITS // 8, "big")
