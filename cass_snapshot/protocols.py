"""The contracts between the rooms: who gives what to whom, and what each method promises.

    source ── pages ──> encoder ── lines ──> WAL ── batches ──> target

Nothing here knows which database stands on either side.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from cass_snapshot.model import (
    Batch,
    Cells,
    Checkpoint,
    Lines,
    Page,
    Position,
    RangeState,
    RunRecord,
    RunState,
    Table,
    TableName,
    TokenRange,
    Validation,
)


class Source(Protocol):
    """Gives the rows of a token range in the source's order."""

    def pages(self, token_range: TokenRange, after: Position | None) -> Iterator[Page]:
        """Yield the rows after ``after`` (all, where None), page by page.

        The last page, and only it, has ``last`` set; it may be empty. An empty page before it is
        legal.

        Raises:
            SourceUnavailable: the retries are spent.
            RangeFailed: this range cannot be read (tombstones, permissions, a changed schema).
        """
        ...

    def position(self, row: Cells) -> Position:
        """Return where a row stands."""
        ...

    def close(self) -> None:
        """Give the connections back."""
        ...


class Encoder(Protocol):
    """Turns rows into WAL lines."""

    def encode(self, rows: Sequence[Cells]) -> Lines:
        """Return one line a row, in the same order.

        Raises:
            ValueRefused: a value that the planned target column cannot hold unchanged.
        """
        ...


class Wal(Protocol):
    """The durable log of one token range; one writer (I5)."""

    @property
    def last_seq(self) -> int:
        """Return the sequence number of the newest batch, 0 before the first."""
        ...

    def append(self, lines: Lines, position: Position | None, *, closing: bool) -> Batch:
        """Write a batch and return it when it is durable (I1).

        A failed write or sync ends this object: every later call raises.

        Raises:
            OSError: the disk refused; nothing of this batch may reach the target.
        """
        ...

    def replay(self, after: int) -> Iterator[Batch]:
        """Yield the durable batches whose sequence number is above ``after``, oldest first.

        Raises:
            WalCorrupt: bytes that no crash explains, or a gap.
        """
        ...

    def close(self) -> None:
        """Seal the open segment, if there is one."""
        ...


class Target(Protocol):
    """Takes the batches of one table. Writing a batch again changes nothing (I3)."""

    def checkpoint(self, token_range: TokenRange) -> Checkpoint:
        """Return what the target durably holds of a registered range.

        Raises:
            StateError: the range was never registered.
            TargetUnavailable: the target did not answer.
        """
        ...

    def write(self, batch: Batch) -> bool:
        """Write rows and checkpoint in one transaction (I2); False if they were already there.

        Raises:
            TargetUnavailable: the connection is lost; whether the batch is in, the checkpoint says.
            Transient: nothing was written; the same batch may be tried at once.
            RangeFailed: the target refuses these rows.
            Fenced: a newer epoch owns the run.
        """
        ...

    def reconnect(self) -> None:
        """Drop the connection and open another.

        Raises:
            TargetUnavailable: the target did not answer.
        """
        ...

    def close(self) -> None:
        """Give the connection back."""
        ...


class Ledger(Protocol):
    """The target's own record of runs, ranges and verifications."""

    def unfinished(self, table: TableName, target: str) -> RunRecord | None:
        """Return the newest run of this table into this target that has not ended well."""
        ...

    def runs(self, run_id: str) -> list[RunRecord]:
        """Return the tables of a run."""
        ...

    def register(self, record: RunRecord, ranges: Sequence[TokenRange]) -> None:
        """Store a run and its whole plan in one transaction, before any copying (I7)."""
        ...

    def take_over(self, record: RunRecord) -> RunRecord:
        """Raise the epoch, so that writers of an earlier one are fenced; return the new record."""
        ...

    def checkpoints(self, run_id: str, table: TableName) -> list[Checkpoint]:
        """Return the checkpoint of every range, in order of their tokens."""
        ...

    def mark_range(
        self, run_id: str, table: TableName, number: int, state: RangeState, attempts: int
    ) -> None:
        """Record the state of a range that is not done."""
        ...

    def finish(self, run_id: str, table: TableName, state: RunState, exit_code: int) -> None:
        """Record how the copy of a table ended."""
        ...

    def record_validation(self, validation: Validation) -> None:
        """Store the outcome of a verification."""
        ...

    def close(self) -> None:
        """Give the connection back."""
        ...


class SourceKeys(Protocol):
    """Reads primary keys afresh from the source, for verification."""

    def keys(self, token_range: TokenRange) -> Iterator[list[Cells]]:
        """Yield the primary keys of a range, page by page, each as serialized cells."""
        ...

    def close(self) -> None:
        """Give the connections back."""
        ...


class TargetKeys(Protocol):
    """Reads primary keys back from the target, for verification."""

    def all_keys(self) -> Iterator[list[Cells]]:
        """Yield the source's primary key of every row, as serialized cells, in bounded lists."""
        ...

    def absent(self, keys: Sequence[Cells]) -> list[Cells]:
        """Return those of the given primary keys that the target lacks."""
        ...

    def close(self) -> None:
        """Give the connection back."""
        ...


class Schema(Protocol):
    """Knows the tables of the source."""

    def table(self, name: TableName) -> Table:
        """Return a table as it is now.

        Raises:
            PreflightError: there is no such keyspace or table.
        """
        ...

    def close(self) -> None:
        """Give the connections back."""
        ...
