"""Reads token ranges: in one go where Cassandra manages that, else in the steps that it manages.

Order: Cassandra returns partitions by token, then by the bytes of the partition key, and rows by
clustering key. To go on after (token, partition key, clustering key) the rest of that partition is
read first, then the other partitions of that very token, then the tokens above it; so nothing is
read twice and nothing is left out. Where a page of one row still takes too long:

    rows were given:  on after the last of them, inside its partition by clustering key
    none yet:         fewer tokens, down to one  ->  its partitions one by one  ->  stop, naming it

Steps follow each other in token order, so that the range, its WAL and its positions know nothing
of them. What worked is remembered for the next ranges (``amounts.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from struct import Struct

from cass_snapshot.errors import RangeFailed, Transient
from cass_snapshot.model import Cells, Position, Table, TokenRange
from cass_snapshot.protocols import Following
from cass_snapshot.reader import statements
from cass_snapshot.reader.amounts import SpanWidth
from cass_snapshot.reader.fetch import RawPage, Stream
from cass_snapshot.reader.requests import Requests
from cass_snapshot.reader.statements import Selected
from cass_snapshot.reader.tries import SAME_PAGE_MAX, TooMuch
from cass_snapshot.ring.tokens import serialize_partition_key

_TOKEN = Struct(">q")
_NOTHING = RawPage(rows=[], state=None, seconds=0.0)
ALONE_MAX = 8
"""Tokens in a row of which no range could be read: it is not they that are large."""


@dataclass(slots=True)
class _Left:
    """What is left of a range, while it is read.

    Tokens up to ``start`` are read, except that ``after`` is where to go on inside that token.
    ``given`` counts rows above ``start`` that were handed out: where rows do not tell their
    position, they are passed over when what is above ``start`` is read anew.
    """

    range: TokenRange
    start: int
    after: Position | None
    given: int = 0
    newest: Cells | None = None
    alone: bool = False
    """Whether the next token is read partition by partition."""
    alone_in_a_row: int = 0
    stuck: Position | None = None
    """Where reading inside a partition was begun because of trouble."""
    over: bool = False


class RangeReader:
    """Reads the ranges of one table, one after the other.

    Args:
        requests: sends what is asked for.
        table: the table.
        columns: what is read of it.
        width: how many tokens to read at once.
        locate: tells where a row stands, None where its columns do not say so.
    """

    def __init__(
        self,
        requests: Requests,
        table: Table,
        columns: Sequence[Selected],
        width: SpanWidth,
        locate: Callable[[Cells], Position | None],
    ) -> None:
        self._requests = requests
        self._table = table
        self._columns = columns
        self._width = width
        self._locate = locate
        self._ahead: tuple[tuple[int, int], Stream] | None = None
        """Tokens that are to be read next, with their first page on the way."""

    def read(
        self, token_range: TokenRange, after: Position | None, following: Following | None
    ) -> Iterator[tuple[RawPage, bool]]:
        """Yield the pages of a range after a position, each with whether it is the last.

        Raises:
            RangeFailed: some token of it cannot be read however little is asked for.
        """
        left = _Left(token_range, token_range.start, after)
        while not left.over:
            try:
                yield from self._step(left, following)
            except TooMuch as error:
                self._ask_for_less(left, error)

    def _step(self, left: _Left, following: Following | None) -> Iterator[tuple[RawPage, bool]]:
        """Yield what is left, up to the first trouble or to the end of a span."""
        where = f"{self._table.name}, {left.range}"
        end = left.range.end
        if left.after is not None:
            stop = left.after.token
            for raw in _noted(left, self._rest_of_token(left.after)):
                yield raw, False
        elif left.start >= end:
            left.over = True
            yield _NOTHING, True
            return
        elif left.alone:
            stop = left.start + 1
            for raw in _noted(left, self._whole_token(stop)):
                yield raw, False
            self._width.forget()
            left.alone_in_a_row += 1
        else:
            stop = self._width.end(left.start, end)
            for raw in _noted(left, self._span(left.start, stop, where)):
                left.over = raw.state is None and stop == end
                if left.over and following is not None:
                    self._ask_ahead(following())
                yield raw, left.over
            self._width.passed()
            left.alone_in_a_row = 0
        left.start, left.after, left.newest, left.alone = stop, None, None, False

    def _span(self, start: int, stop: int, where: str) -> Iterator[RawPage]:
        """Return the pages of the tokens above one and up to another."""
        ahead, self._ahead = self._ahead, None
        begun = ahead[1] if ahead is not None and ahead[0] == (start, stop) else None
        troubled = self._requests.size.troubled or self._width.limit is not None
        return self._requests.pages(
            statements.select_range(self._table, self._columns),
            _bounds(start, stop),
            where,
            begun=begun,
            same_max=1 if troubled else SAME_PAGE_MAX,
        )

    def _ask_ahead(self, token_range: TokenRange | None) -> None:
        """Ask for the first page of a range that is read next."""
        if token_range is None or self._requests.size.gentle:
            return
        start, stop = token_range.start, self._width.end(token_range.start, token_range.end)
        cql = statements.select_range(self._table, self._columns)
        where = f"{self._table.name}, {token_range}"
        self._ahead = (start, stop), self._requests.begin(cql, _bounds(start, stop), where)

    def _rest_of_token(self, after: Position) -> Iterator[RawPage]:
        """Yield what comes after a row and has its token: its partition, then its neighbours."""
        where = f"{self._table.name}, token {after.token}"
        # A partition without a row is finished by itself: its position has no clustering key.
        for depth in reversed(range(len(after.clustering))):
            cql = statements.select_rest_of_partition(self._table, self._columns, depth)
            yield from self._requests.pages(
                cql, after.partition_key + after.clustering[: depth + 1], where
            )
        yield from self._whole_token(after.token, serialize_partition_key(after.partition_key))

    def _whole_token(self, token: int, behind: bytes = b"") -> Iterator[RawPage]:
        """Yield the partitions of a token, those behind a partition key alone."""
        where = f"{self._table.name}, token {token}"
        cql = statements.select_partition(self._table, self._columns)
        for key in self._partitions(token, behind, where):
            yield from self._requests.pages(cql, key, where)

    def _partitions(self, token: int, behind: bytes, where: str) -> list[tuple[bytes, ...]]:
        """Return the partition keys of a token that sort behind one, in Cassandra's order."""
        cql = statements.select_partitions_at_token(self._table)
        keys = [
            tuple(cell for cell in row if cell is not None)  # a partition key has no NULL
            for page in self._requests.pages(cql, (_TOKEN.pack(token),), where)
            for row in page.rows
        ]
        found = [key for key in keys if serialize_partition_key(key) > behind]
        return sorted(found, key=serialize_partition_key)

    def _ask_for_less(self, left: _Left, error: TooMuch) -> None:
        """Take a smaller step from here on, and tell so.

        Raises:
            RangeFailed: there is none.
            Transient: somebody wants this process to stop.
        """
        patience = self._requests.patience
        if patience.stop.is_set():
            raise Transient(error.what, where=error.where, why=error.why) from error
        position = left.after if left.newest is None else self._locate(left.newest)
        left.newest = None
        tokens = self._width.end(left.start, left.range.end) - left.start
        if position is not None:
            if position == left.stuck:
                raise self._stopped(left, position.token, error) from error
            left.after = left.stuck = position
            left.given = 0
            step = f"inside a partition, at token {position.token}"
        elif tokens > 1 and not left.alone:
            self._width.narrow(tokens)
            step = f"{self._width.limit} of {tokens} tokens at once"
        elif left.alone or left.alone_in_a_row == ALONE_MAX:
            raise self._stopped(left, left.start + 1, error) from error
        else:
            left.alone = True
            step = f"token {left.start + 1} partition by partition"
        patience.tell(
            Transient(f"{error.what}; now reading {step}", where=error.where, why=error.why), 0.0
        )

    def _stopped(self, left: _Left, token: int, error: TooMuch) -> RangeFailed:
        """Return the error that names the token at which nothing less is left to ask for."""
        return RangeFailed(
            f"{error.what}, not even for a row of a single partition",
            where=f"{self._table.name}, {left.range}, token {token}",
            why=error.why,
            fix=error.fix
            or "look at that partition (SELECT ... WHERE token(...) = the token), or raise"
            " [cassandra] request_timeout_s and the nodes' range_request_timeout",
        )


def _noted(left: _Left, pages: Iterator[RawPage]) -> Iterator[RawPage]:
    """Yield pages without the rows that were given before, and note how far they go."""
    seen = 0
    for raw in pages:
        known = min(len(raw.rows), max(0, left.given - seen))
        seen += len(raw.rows)
        left.given = max(left.given, seen)
        if raw.rows:
            left.newest = raw.rows[-1]
        yield raw if not known else replace(raw, rows=raw.rows[known:])
    left.given = max(0, left.given - seen)


def _bounds(start: int, stop: int) -> tuple[bytes, bytes]:
    return _TOKEN.pack(start), _TOKEN.pack(stop)
