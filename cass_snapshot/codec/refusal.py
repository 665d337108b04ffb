"""A cell that cannot become a value, and what every encoder takes and gives. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any

from cass_snapshot.forms import Limits

Values = Sequence[Any]
Encode = Callable[[Sequence[bytes], Limits], Values]


class Refusal(Enum):
    """Why a cell is refused: the number of the error that MySQL would raise, and our code.

    ``FORM``: no value of this form tells it. The others fit the form and not the target column.
    """

    FORM = (1366, "CS-D01")
    LENGTH = (1406, "CS-D02")
    RANGE = (1264, "CS-D02")
    DATE = (1292, "CS-D02")
    NULL = (1048, "CS-D03")
    VECTOR = (6136, "CS-D01")


class BadCell(ValueError):
    """A cell that cannot become a value: its index in the column, what it is (never its value)."""

    def __init__(self, index: int, what: str, why: Refusal = Refusal.FORM) -> None:
        super().__init__(what)
        self.index = index
        self.what = what
        self.why = why


def first_index(cells: Sequence[Any], bad: Callable[[Any], bool]) -> int:
    """Return the index of the first cell that is bad; the caller knows that there is one."""
    return next(i for i, cell in enumerate(cells) if bad(cell))


def width_message(cell: bytes, width: int) -> str:
    """Return what is wrong with a cell whose type has another width."""
    if not cell:
        return "an empty (zero-length) value, which is not NULL and not a number"
    return f"a value of {len(cell)} bytes where its type has {width}"
