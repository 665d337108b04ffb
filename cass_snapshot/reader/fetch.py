"""Fetches the pages of one statement: the next one is asked for while this one is handled.

The loop ends on "no more pages", never on an empty page, which is legal anywhere. A request that
fails is repeated from the last page that came, after a pause that the caller's patience allows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from time import perf_counter
from typing import Any

from cassandra import OperationTimedOut

from cass_snapshot.errors import SnapshotError, Transient
from cass_snapshot.model import Cells
from cass_snapshot.reader.faults import translate
from cass_snapshot.retry import Patience
from cass_snapshot.wire import WireRows, taken

PAGE_BYTES = 4 * 2**20
"""What a page is aimed at, so that rows of any width keep a worker's memory flat."""
PAGE_ROWS_FIRST = 50
"""A width is not known before the first page, and rows may be of megabytes."""
PAGE_ROWS_MIN = 10
TIMEOUT_S = 30.0
ANSWER_MARGIN_S = 5.0
"""What the driver gets on top of its own time limit to report that it has run out."""
_SAMPLE = 64


@dataclass(slots=True)
class PageSize:
    """How many rows to ask for: few at first, then what fits PAGE_BYTES, at most ``rows_max``."""

    rows_max: int
    rows: int = field(init=False)

    def __post_init__(self) -> None:
        self.rows = min(self.rows_max, PAGE_ROWS_FIRST)

    def observe(self, rows: Sequence[Cells]) -> None:
        """Learn the width of rows from a page, or from a sample spread over it."""
        if rows:
            width = _bytes_of(rows) + 1
            self.rows = min(self.rows_max, max(PAGE_ROWS_MIN, PAGE_BYTES // width))

    def shrink(self) -> None:
        """Ask for half as many, after a request that timed out."""
        self.rows = min(self.rows_max, max(PAGE_ROWS_MIN, self.rows // 2))


@dataclass(frozen=True, slots=True, kw_only=True)
class RawPage:
    """A page as it arrived; ``state`` is what asks for the next one, None after the last."""

    rows: Sequence[Cells]
    state: bytes | None
    seconds: float


def _bytes_of(rows: Sequence[Cells]) -> int:
    """Return how many bytes a row has, about."""
    if isinstance(rows, WireRows):
        return rows.size // len(rows)
    sample = rows[:: max(1, len(rows) // _SAMPLE)]
    return sum(len(c) for row in sample for c in row if c is not None) // len(sample)


class Stream:
    """The pages of one execution, one request in flight at most; the first is asked for at once.

    A request that cannot be sent fails where its page is taken.
    """

    def __init__(
        self,
        session: Any,  # noqa: ANN401 - the driver is untyped
        statement: Any,  # noqa: ANN401 - the driver is untyped
        state: bytes | None,
        size: PageSize,
        timeout_s: float,
    ) -> None:
        self._arrived: SimpleQueue[RawPage | Exception] = SimpleQueue()
        self._size = size
        self._timeout_s = timeout_s
        self._asked = perf_counter()
        statement.fetch_size = size.rows
        try:
            self._future = session.execute_async(statement, paging_state=state)
            self._future.add_callbacks(self._on_page, self._arrived.put)
        except Exception as error:  # noqa: BLE001 - raised by next, where it can be repeated
            self._arrived.put(error)

    def _on_page(self, rows: Sequence[Cells]) -> None:
        # The driver keeps the paging state of the newest page only, so it is noted as pages come.
        state = self._future._paging_state if self._future.has_more_pages else None  # noqa: SLF001 - ResultSet.paging_state reads the same
        seconds = perf_counter() - self._asked
        self._arrived.put(RawPage(rows=taken(rows), state=state, seconds=seconds))

    def next(self) -> RawPage:
        """Return the next page, and ask for the one after it."""
        # The driver times the first page of a statement alone; the others have this limit.
        try:
            arrived = self._arrived.get(timeout=self._timeout_s + ANSWER_MARGIN_S)
        except Empty:
            raise OperationTimedOut(f"no page in {self._timeout_s:g} s") from None
        if isinstance(arrived, Exception):
            raise arrived
        if arrived.state is not None:
            self._size.observe(arrived.rows)
            self._future.message.fetch_size = self._size.rows
            self._asked = perf_counter()
            self._future.start_fetching_next_page()
        return arrived


def fetch(  # noqa: D417 - session and statement are the driver's
    session: Any,  # noqa: ANN401 - the driver is untyped
    statement: Any,  # noqa: ANN401 - the driver is untyped
    *,
    size: PageSize,
    patience: Patience,
    where: str,
    timeout_s: float = TIMEOUT_S,
    begun: Stream | None = None,
) -> Iterator[RawPage]:
    """Yield the pages of a bound statement; the last one has no ``state``.

    Args:
        size: how many rows to ask for; learns from what comes.
        patience: how long failing requests are repeated.
        where: table and range, for messages; ``timeout_s``: how long a page may take.
        begun: an execution of this very statement, asked for before.

    Raises:
        SourceUnavailable: Cassandra stayed away longer than the patience lasts.
        Transient: the request failed too often.
        RangeFailed: repeating it cannot help.
    """
    state, stream = None, begun

    def attempt() -> RawPage:
        nonlocal stream
        try:
            if stream is None:
                stream = Stream(session, statement, state, size, timeout_s)
            return stream.next()
        except Exception as error:
            stream = None
            raise _failed(error, size, where) from error

    while True:
        page = patience.call(attempt)
        yield page
        if (state := page.state) is None:
            return


def _failed(error: Exception, size: PageSize, where: str) -> SnapshotError:
    """Return the error to raise, after asking for less where that may help."""
    ours = translate(error, where=where)
    if isinstance(ours, Transient):
        size.shrink()
    return ours
