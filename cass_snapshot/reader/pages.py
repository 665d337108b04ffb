"""Gives the rows of one table as the rest of the program takes them: pages, keys, positions.

A partition that holds static values alone comes as a row whose clustering columns are NULL. It is
no row: it is counted, and a page that ends with it says where that is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cass_snapshot.errors import RangeFailed
from cass_snapshot.model import Cells, ColumnKind, Page, Position, Table, TokenRange
from cass_snapshot.planned import Reading
from cass_snapshot.protocols import Following
from cass_snapshot.reader.amounts import PageSize, SpanWidth
from cass_snapshot.reader.drift import Drift
from cass_snapshot.reader.fetch import TIMEOUT_S, RawPage
from cass_snapshot.reader.ranges import RangeReader
from cass_snapshot.reader.requests import Requests
from cass_snapshot.reader.session import Connection
from cass_snapshot.reader.statements import Selected
from cass_snapshot.reader.tries import Refused
from cass_snapshot.retry import Patience
from cass_snapshot.ring.tokens import token


class CassandraSource:
    """Gives the rows of one table, as protocols.Source and protocols.SourceKeys promise.

    Args:
        connection: a raw session, which the caller closes.
        table: the table to read.
        columns: what each row holds, in order; ``position`` needs the primary key among them.
        page_rows_max: the most rows to ask for at once.
        patience: how long requests that fail are repeated.
        timeout_s: how long a page may take.
        width: how many tokens to read at once, for all that read this table.
        drift: notices that the table is no longer what it was; None where nobody cares.
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
        width: SpanWidth | None = None,
        drift: Drift | None = None,
    ) -> None:
        self._table = table
        self._columns = tuple(columns)
        self._drift = drift
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
        self._ranges = RangeReader(
            Requests(connection.session, PageSize(page_rows_max), patience, timeout_s),
            table,
            self._columns,
            width or SpanWidth(),
            self._locate,
        )

    def pages(
        self, token_range: TokenRange, after: Position | None, following: Following | None = None
    ) -> Iterator[Page]:
        """Yield the rows of a range after a position; the last page, and only it, has ``last``.

        The first page of the range that follows is asked for when the last one of this has come.
        None is given before the table was seen to be what it was.
        """
        look = None if self._drift is None else self._drift.look()
        try:
            for raw, last in self._ranges.read(token_range, after, following):
                if self._drift is not None and look is not None:
                    self._drift.check(look)
                    look = None
                yield self._page(raw, last=last)
        except Refused as error:
            if self._drift is not None:
                self._drift.check(afresh=True)
            raise RangeFailed(
                error.what,
                where=error.where,
                why=f"{error.why}; the table's columns are what they were when the run was planned",
                fix=error.fix,
            ) from error

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

    def _locate(self, row: Cells) -> Position | None:
        """Return where what a row stands for is; None where its columns do not say so."""
        if len(self._clustering) < len(self._table.clustering):
            return None
        if self._rowless and all(row[place] is None for place in self._rowless):
            return self._partition_position(row)
        return (
            self.position(row) if len(self._partition) == len(self._table.partition_key) else None
        )

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
