"""Fetches the pages of one statement: the next one is asked for while this one is handled.

The loop ends on "no more pages", never on an empty page, which is legal anywhere. A request that
fails is repeated from the last page that came, as ``tries.py`` decides and after a pause that the
caller's patience allows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from time import perf_counter
from typing import Any

from cassandra import OperationTimedOut

from cass_snapshot.model import Cells
from cass_snapshot.reader.amounts import PageSize
from cass_snapshot.reader.tries import SAME_PAGE_MAX, TRIES_MAX, Tries
from cass_snapshot.retry import Patience
from cass_snapshot.wire import taken

TIMEOUT_S = 30.0
ANSWER_MARGIN_S = 5.0
"""What the driver gets on top of its own time limit to report that it has run out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RawPage:
    """A page as it arrived; ``state`` is what asks for the next one, None after the last."""

    rows: Sequence[Cells]
    state: bytes | None
    seconds: float


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
        self._unasked = False
        """Whether the next page was not asked for when the one before came."""
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
        """Return the next page, and ask for the one after it unless the server has too much."""
        if self._unasked:
            self._ask()
        # The driver times the first page of a statement alone; the others have this limit.
        try:
            arrived = self._arrived.get(timeout=self._timeout_s + ANSWER_MARGIN_S)
        except Empty:
            raise OperationTimedOut(f"no page in {self._timeout_s:g} s") from None
        if isinstance(arrived, Exception):
            raise arrived
        self._size.observe(arrived.rows)
        if arrived.state is not None:
            self._unasked = self._size.gentle
            if not self._unasked:
                self._ask()
        return arrived

    def _ask(self) -> None:
        self._unasked = False
        self._future.message.fetch_size = self._size.rows
        self._asked = perf_counter()
        self._future.start_fetching_next_page()


def fetch(  # noqa: D417 - session and statement are the driver's
    session: Any,  # noqa: ANN401 - the driver is untyped
    statement: Any,  # noqa: ANN401 - the driver is untyped
    *,
    size: PageSize,
    patience: Patience,
    where: str,
    timeout_s: float = TIMEOUT_S,
    begun: Stream | None = None,
    same_max: int = SAME_PAGE_MAX,
) -> Iterator[RawPage]:
    """Yield the pages of a bound statement; the last one has no ``state``.

    Args:
        size: how many rows to ask for; learns from what comes, and from what fails.
        patience: how long failing requests are repeated.
        where: table and range, for messages; ``timeout_s``: how long a page may take.
        begun: this very execution, asked for before.
        same_max: how often a page that takes too long is asked for unchanged.

    Raises what ``Tries.judge`` gives in the end, such as TooMuch.
    """
    state, stream = None, begun
    while True:
        tries = Tries(size, where, same_max)

        def attempt(tries: Tries = tries) -> RawPage:
            nonlocal stream
            try:
                if stream is None:
                    stream = Stream(session, statement, state, size, timeout_s)
                return stream.next()
            except Exception as error:
                stream = None
                raise tries.judge(error) from error

        page = patience.call(attempt, transients_max=TRIES_MAX)
        yield page
        if (state := page.state) is None:
            return
