"""Reads a token range page by page, from its start or from the row after a position.

Order: Cassandra returns partitions by token, then by the bytes of the partition key, and rows by
clustering key. To go on after (token, partition key, clustering key) the rest of that partition is
read first, then the other partitions of that very token, then the tokens above it; so nothing is
read twice and nothing is left out.

A partition that holds static values alone comes as a row whose clustering columns are NULL. It is
no row: it is counted, and a page that ends with it says where that is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from struct import Struct
from typing import Any

from cass_snapshot.errors import RangeFailed
from cass_snapshot.model import Cells, ColumnKind, Page, Position, Table, TokenRange
from cass_snapshot.planned import Reading
from cass_snapshot.protocols import Following
from cass_snapshot.reader import statements
from cass_snapshot.reader.faults import translate
from cass_snapshot.reader.fetch import TIMEOUT_S, PageSize, RawPage, Stream, fetch
from cass_snapshot.reader.raw import prepare_raw
from cass_snapshot.reader.session import Connection
from cass_snapshot.reader.statements import Selected
from cass_snapshot.retry import Patience
from cass_snapshot.ring.tokens import serialize_partition_key, token

_TOKEN = Struct(">q")


class CassandraSource:
    """Gives the rows of one table, as protocols.Source and protocols.SourceKeys promise.

    Args:
        connection: a raw session, which the caller closes.
        table: the table to read.
        columns: what each row holds, in order; ``position`` needs the primary key among them.
        page_rows_max: the most rows to ask for at once.
        patience: how long requests that fail are repeated.
        timeout_s: how long a page may take.
    """

    def __init__(
        self,
        connection: Connection,
        table: Table,
        columns: Sequence[Selected],
        *,
        page_rows_max: int,
        patience: Patience,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self._connection = connection
        self._table = table
        self._columns = tuple(columns)
        self._size = PageSize(page_rows_max)
        self._patience = patience
        self._timeout_s = timeout_s
        self._prepared: dict[str, Any] = {}
        self._ahead: tuple[TokenRange, Stream] | None = None
        """A range that is to be read next, with its first page on the way."""
        places = {
            selected.column: place
            for place, selected in enumerate(self._columns)
            if selected.reading is Reading.VALUE
        }
        self._partition = [places[c] for c in table.partition_key if c in places]
        self._clustering = [places[c] for c in table.clustering if c in places]
        static = any(c.kind is ColumnKind.STATIC for c in table.columns)
        self._rowless = self._clustering if static else []
        """Places that are all NULL in what stands for a partition without a row."""

    def pages(
        self, token_range: TokenRange, after: Position | None, following: Following | None = None
    ) -> Iterator[Page]:
        """Yield the rows of a range after a position; the last page, and only it, has ``last``.

        The first page of the range that follows is asked for when the last one of this has come.
        """
        ahead, self._ahead = self._ahead, None
        start = token_range.start
        if after is not None:
            start = after.token
            for raw in self._rest_of_token(after):
                yield self._page(raw, last=False)
        if start >= token_range.end:
            yield Page(rows=[], last=True)
            return
        begun = ahead[1] if ahead and after is None and ahead[0] == token_range else None
        cql, bounds = self._range(replace(token_range, start=start))
        for raw in self._fetch(cql, bounds, token_range, begun=begun):
            if raw.state is None and following is not None:
                self._ask_ahead(following())
            yield self._page(raw, last=raw.state is None)

    def _range(self, token_range: TokenRange) -> tuple[str, tuple[bytes, bytes]]:
        """Return the statement that reads a range, and what it binds."""
        bounds = _TOKEN.pack(token_range.start), _TOKEN.pack(token_range.end)
        return statements.select_range(self._table, self._columns), bounds

    def _ask_ahead(self, token_range: TokenRange | None) -> None:
        """Ask for the first page of a range that is read next."""
        if token_range is not None:
            cql, bounds = self._range(token_range)
            statement = self._prepare(cql, f"{self._table.name}, {token_range}").bind(bounds)
            self._ahead = token_range, self._stream(statement)

    def _stream(self, statement: Any) -> Stream:  # noqa: ANN401 - the driver is untyped
        return Stream(self._connection.session, statement, None, self._size, self._timeout_s)

    def keys(self, token_range: TokenRange) -> Iterator[Sequence[Cells]]:
        """Yield the rows of a whole range, page by page."""
        return (page.rows for page in self.pages(token_range, None))

    def position(self, row: Cells) -> Position:
        """Return where a row stands."""
        partition = self._cells(row, self._partition)
        return Position(
            token=token(partition),
            partition_key=partition,
            clustering=self._cells(row, self._clustering),
        )

    def _page(self, raw: RawPage, *, last: bool) -> Page:
        """Return a page without what stands for partitions that have no row."""
        rows = raw.rows
        if not self._rowless:
            return Page(rows=rows, last=last, seconds=raw.seconds)
        kept = [row for row in rows if any(row[place] is not None for place in self._rowless)]
        end = None
        if rows and (not kept or kept[-1] is not rows[-1]):
            end = self._partition_position(rows[-1])
        return Page(
            rows=kept,
            last=last,
            seconds=raw.seconds,
            static_only=len(rows) - len(kept),
            end=end,
        )

    def _partition_position(self, row: Cells) -> Position | None:
        """Return where a partition without a row stands, None where its key was not asked for."""
        if len(self._partition) < len(self._table.partition_key):
            return None
        partition = self._cells(row, self._partition)
        return Position(token=token(partition), partition_key=partition)

    def _cells(self, row: Cells, places: list[int]) -> tuple[bytes, ...]:
        cells = [row[i] for i in places]
        present = tuple(cell for cell in cells if cell is not None)
        if len(present) != len(cells):
            raise RangeFailed(
                f"a row of {self._table.name} has a NULL in its primary key",
                where=f"column {self._columns[places[cells.index(None)]].column.name}",
                why="such rows come from tables that were made with compact storage",
                fix="leave the table out",
            )
        return present

    def _rest_of_token(self, after: Position) -> Iterator[RawPage]:
        """Yield what comes after a row and has its token: its partition, then its neighbours."""
        where = f"{self._table.name}, token {after.token}"
        # A partition without a row is finished by itself: its position has no clustering key.
        for depth in reversed(range(len(after.clustering))):
            cql = statements.select_rest_of_partition(self._table, self._columns, depth)
            yield from self._fetch(cql, after.partition_key + after.clustering[: depth + 1], where)
        cql = statements.select_partition(self._table, self._columns)
        for key in self._partitions_behind(after, where):
            yield from self._fetch(cql, key, where)

    def _partitions_behind(self, after: Position, where: str) -> list[tuple[bytes, ...]]:
        """Return the partition keys that share a position's token and sort behind its own."""
        cql = statements.select_partitions_at_token(self._table)
        own = serialize_partition_key(after.partition_key)
        keys = [
            self._cells(row, list(range(len(row))))
            for page in self._fetch(cql, (_TOKEN.pack(after.token),), where)
            for row in page.rows
        ]
        behind = [key for key in keys if serialize_partition_key(key) > own]
        return sorted(behind, key=serialize_partition_key)

    def _fetch(
        self,
        cql: str,
        values: tuple[bytes, ...],
        where: TokenRange | str,
        begun: Stream | None = None,
    ) -> Iterator[RawPage]:
        place = where if isinstance(where, str) else f"{self._table.name}, {where}"
        statement = self._patience.call(lambda: self._prepare(cql, place)).bind(values)
        return fetch(
            self._connection.session,
            statement,
            size=self._size,
            patience=self._patience,
            where=place,
            timeout_s=self._timeout_s,
            begun=begun,
        )

    def _prepare(self, cql: str, where: str) -> Any:  # noqa: ANN401 - the driver is untyped
        """Return a prepared statement, preparing it once in this process."""
        if cql not in self._prepared:
            try:
                self._prepared[cql] = prepare_raw(self._connection.session, cql)
            except Exception as error:
                raise translate(error, where=where) from error
        return self._prepared[cql]
