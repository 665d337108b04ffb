"""What ``replay-wal`` and ``find-missing`` hand back; the command line shows these alone.

Exit codes stand in here because scripts read them from ``--output json``.
"""

from __future__ import annotations

from dataclasses import dataclass

from cass_snapshot.snapshot.status import RejectedRows


@dataclass(frozen=True, slots=True, kw_only=True)
class TableReplay:
    """What replaying the WAL of one table came to.

    Of the ranges that were asked for: ``batches_found`` are those that the WAL holds,
    ``batches_applied`` those of them that were written; in a dry run they are the ones that would
    be. ``rejected`` counts all rows that were read and that the target lacks by now, because it
    does not take them. ``rows_captured``, all that were read, are ``rows_there``, which were in and
    left as they were, ``rows_applied`` and ``rejected`` together.
    """

    table: str
    batches_found: int
    batches_applied: int
    rows_applied: int
    ranges: int
    rejected: int = 0
    rows_captured: int = 0
    rows_there: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayReport:
    """What replaying the WAL of a run came to.

    Exit code 4 where rows are rejected, 6 where they are more than may be, 130 or 143 where a
    signal ended it after the batch in hand; 0 in a dry run. Where a signal ended a wait for the
    target, ``reason`` tells for what, and ``tables`` are those that were through.
    """

    run_id: str
    tables: tuple[TableReplay, ...]
    exit_code: int
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TableMend:
    """What trying the rejected rows of one table again came to.

    ``rejected`` rows were lacking before and ``left`` are lacking now; of those ``tried``, which
    are the ones whose row is kept here, ``rows_refused`` are still not taken and ``refused`` tells
    why: a row with several bad columns is counted under each of them.
    """

    table: str
    rejected: int
    tried: int
    left: int
    rows_refused: int
    refused: tuple[RejectedRows, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MendReport:
    """What trying the rejected rows of a run again came to; exit code 4 where some are left."""

    run_id: str
    tables: tuple[TableMend, ...]
    exit_code: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingKey:
    """A primary key that Cassandra has and the target lacks, as pairs of column and text."""

    table: str
    range: int
    token: int
    key: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TableMissing:
    """How many rows of one table the target lacks."""

    table: str
    source_rows_seen: int
    missing: int
    ranges_total: int
    ranges_with_missing: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingReport:
    """How many rows the target lacks, per table; exit code 5 where it is any."""

    tables: tuple[TableMissing, ...]
    exit_code: int
