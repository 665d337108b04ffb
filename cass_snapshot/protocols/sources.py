"""What the source's side promises: rows, keys, and what is said of it before a run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from cass_snapshot.model import Cells, Page, Position, Table, TableName, TokenRange
from cass_snapshot.planned import Finding, PlannedColumn, Sample

SAMPLE_SECONDS = 6.0
"""A guess is not worth a longer wait."""
Following = Callable[[], TokenRange | None]
"""Tells which range is read next, from its start; None where that is not known."""


class Source(Protocol):
    """Gives the rows of a token range in the source's order."""

    def pages(
        self, token_range: TokenRange, after: Position | None, following: Following | None = None
    ) -> Iterator[Page]:
        """Yield the rows after ``after`` (all, where None), page by page.

        The last page, and only it, has ``last`` set; it may be empty. An empty page before it is
        legal. When it has come, ``following`` is asked, and that range's first page may be on its
        way while the last one of this is handled; nothing is lost where it is never read.

        Raises:
            SourceUnavailable: the retries are spent.
            RangeFailed: this range cannot be read, however little of it is asked for at once.
            StateError: the table is no longer what the run was planned with (I9).
            PreflightError: nothing can be read (login, permissions).
        """
        ...

    def position(self, row: Cells) -> Position:
        """Return where a row stands."""
        ...


class SourceKeys(Protocol):
    """Reads primary keys afresh from the source, for verification."""

    def keys(self, token_range: TokenRange) -> Iterator[Sequence[Cells]]:
        """Yield the primary keys of a range, page by page, each as serialized cells."""
        ...


class SourceAdmin(Protocol):
    """Examines the source side."""

    @property
    def heading(self) -> str:
        """Return the cluster in a few words, for the first lines of a run."""
        ...

    @property
    def datacenter(self) -> str:
        """Return the data centre to read from."""
        ...

    @property
    def protocol_version(self) -> int:
        """Return the version of the native protocol that both sides speak."""
        ...

    def table(
        self,
        name: TableName,
        *,
        where: str = "",
        allow_filtering: bool = False,
        partitions: bool = False,
    ) -> Table:
        """Return a table, or a view, as it is now, with what is wanted of it.

        Args:
            name: the table.
            where: a condition on rows, as the source's language spells it.
            allow_filtering: the condition may make the source read rows that it leaves out.
            partitions: one row a partition, of partition key and static columns.

        Raises:
            PreflightError: there is no such keyspace or table, or the source refuses the condition.
        """
        ...

    def prove(self, table: Table, columns: Sequence[PlannedColumn]) -> None:
        """Have the source accept every read of a plan, without reading.

        Raises:
            PreflightError: it refuses one.
        """
        ...

    def refuse_changed(self, table: Table) -> None:
        """Return where a table is still what the run was planned with.

        Raises:
            StateError: it is not; what changed is named (I9).
            SourceUnavailable: the source does not answer.
        """
        ...

    def sample(
        self,
        table: Table,
        columns: Sequence[PlannedColumn],
        *,
        rows_max: int,
        seconds_max: float = SAMPLE_SECONDS,
    ) -> Sample:
        """Return some rows from all over a table, with an estimate of how many it has.

        Takes seconds at most, however large the table.

        Args:
            table: the table, as ``table`` returned it.
            columns: what the rows hold, the primary key among them; what is made from the row is
                left out, as in pages.
            rows_max: how many rows to read at most.
            seconds_max: after which what was read has to do; a request under way ends first.

        Raises:
            SourceUnavailable: the source does not answer.
            RangeFailed: it refuses to read.
        """
        ...

    def findings(self, tables: Sequence[Table]) -> list[Finding]:
        """Return what was seen of the cluster, of reading from it, and of some tables."""
        ...

    def close(self) -> None:
        """Give the connections back."""
        ...
