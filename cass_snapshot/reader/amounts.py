"""How much is asked for at once: rows of a page, tokens of a range. Pure.

Both shrink where a request takes too long, and grow back slowly: what worked is remembered for the
pages and ranges that follow, because each attempt at too much costs a time limit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from cass_snapshot.model import Cells
from cass_snapshot.wire import WireRows

PAGE_BYTES = 4 * 2**20
"""What a page is aimed at, so that rows of any width keep a worker's memory flat."""
PAGE_ROWS_FIRST = 16
"""A width is not known before the first page, and rows may be of megabytes."""
SHRINK = 8
"""What a page is divided by: a time limit is half a minute, and from 5,000 rows to one are four."""
CALM_PAGES = 16
"""How many pages must come before twice as many rows are asked for again."""
GENTLE_PAGES = 64
"""How many pages are asked for one by one after Cassandra said that it has too much to do."""
CALM_SPANS = 16
"""How many ranges must come before a width is tried again that was too much before."""
_SAMPLE = 64


@dataclass(slots=True)
class PageSize:
    """How many rows to ask for: few at first, then what fits PAGE_BYTES, at most ``rows_max``."""

    rows_max: int
    rows: int = field(init=False)
    _fitting: int = field(init=False)
    """What fits PAGE_BYTES, by the rows seen last."""
    _worked: int = field(init=False)
    """What a request that took too long has left of ``rows_max``."""
    _calm: int = 0
    _gentle: int = 0

    def __post_init__(self) -> None:
        self._worked = self.rows_max
        self._fitting = PAGE_ROWS_FIRST
        self.rows = min(self.rows_max, self._fitting)

    @property
    def troubled(self) -> bool:
        """Tell whether fewer rows are asked for than would be if nothing had failed."""
        return self._worked < self.rows_max

    @property
    def gentle(self) -> bool:
        """Tell whether a page is to be asked for only when the one before has been handled."""
        return self._gentle > 0

    def observe(self, rows: Sequence[Cells]) -> None:
        """Learn the width of rows from a page, or from a sample spread over it."""
        self._gentle = max(0, self._gentle - 1)
        if self.troubled:
            self._calm += 1
            if self._calm >= CALM_PAGES:
                self._calm, self._worked = 0, min(self.rows_max, self._worked * 2)
        if rows:
            self._fitting = max(1, PAGE_BYTES // (_bytes_of(rows) + 1))
        self.rows = min(self.rows_max, self._fitting, self._worked)

    def shrink(self) -> None:
        """Ask for far fewer, after requests that took too long."""
        self._worked = max(1, self.rows // SHRINK)
        self.rows, self._calm = self._worked, 0

    def ease(self) -> None:
        """Ask for one page after the other for a while."""
        self._gentle = GENTLE_PAGES


@dataclass(slots=True)
class SpanWidth:
    """How many tokens to read at once; as many as a range has, until that takes too long.

    Widths that failed divide by 2, 4, 16, 256 and so on, because tokens are 2**64 and each attempt
    costs a time limit; those that worked double, up to half of what failed, so that little is lost
    where that was too cautious.
    """

    limit: int | None = None
    _failed: int = 0
    """The narrowest that failed."""
    _divisor: int = 2
    _calm: int = 0

    def end(self, start: int, end: int) -> int:
        """Return up to which token to read at once."""
        return end if self.limit is None else min(end, start + self.limit)

    def narrow(self, tokens: int) -> None:
        """Take that so many tokens, two at least, were too many."""
        self.limit, self._failed = max(1, tokens // self._divisor), tokens
        self._divisor, self._calm = self._divisor**2, 0

    def forget(self) -> None:
        """Take that one token was what was too much, and is behind; others may be small."""
        self._failed = 2**65

    def passed(self) -> None:
        """Take that a range was read."""
        self._divisor, self._calm = 2, self._calm + 1
        if self.limit is None:
            return
        if self.limit >= 2**64:
            self.limit = None
        elif self.limit * 2 < self._failed:
            self.limit *= 2
        elif self._calm >= CALM_SPANS:
            self._calm, self._failed = 0, self._failed * 2
            self.limit *= 2


def _bytes_of(rows: Sequence[Cells]) -> int:
    """Return how many bytes a row has, about."""
    if isinstance(rows, WireRows):
        return rows.size // len(rows)
    sample = rows[:: max(1, len(rows) // _SAMPLE)]
    return sum(len(c) for row in sample for c in row if c is not None) // len(sample)
