"""A Cassandra that manages little at once: pages, ranges and scans beyond its limits time out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Container
from dataclasses import dataclass, field
from struct import unpack

from cassandra import OperationTimedOut

from tests.support.small_cassandra import Answer, Request, Rows


@dataclass(slots=True)
class Frail:
    """Answers as ``there`` does, within its limits.

    Args:
        there: the rows.
        rows_max: how many rows a page may have.
        tokens_max: how wide a range may be.
        offset_max: behind how many rows a page of a range may begin; None: any.
        hot: tokens of which no range can be read.
        error: makes what goes beyond a limit.
    """

    there: Rows
    rows_max: int = 2**31
    tokens_max: int = 2**64
    offset_max: int | None = None
    hot: Collection[int] = ()
    dead: Container[bytes] = ()
    """Partition keys that cannot be read at all."""
    error: Callable[[], Exception] = OperationTimedOut
    refused: int = field(default=0, init=False)

    def __call__(self, request: Request) -> Answer:
        """Return a page, or the error of what was too much."""
        if self._too_much(request):
            self.refused += 1
            return self.error()
        return self.there.answer(request)

    def _too_much(self, request: Request) -> bool:
        if request.rows > self.rows_max:
            return True
        if "> ? AND token(" not in request.cql:
            return request.values[0] in self.dead
        start, stop = (unpack(">q", value)[0] for value in request.values)
        deep = self.offset_max is not None and int(request.state or 0) > self.offset_max
        return deep or stop - start > self.tokens_max or self._hot(start, stop)

    def _hot(self, start: int, stop: int) -> bool:
        return any(start < token <= stop for token in self.hot)
