"""What of a run's WAL ``replay-wal`` is asked to apply. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from cass_snapshot.errors import UsageError
from cass_snapshot.model import TableName
from cass_snapshot.wal.names import SegmentName, parse_segment, table_of


@dataclass(frozen=True, slots=True, kw_only=True)
class FromSegment:
    """A segment from which on its range is applied again; ``table`` where it was named with it."""

    name: SegmentName
    table: TableName | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is to be applied; without anything else, all that the target lacks.

    Args:
        run: a run id, its last part or its folder; None where there is one run only.
        table: this source table alone, as keyspace.table.
        numbers: these token ranges alone.
        whole: what the target has, again, too; a new or empty target is filled.
        segment: this range alone, and again what the target has of it from there on.
        dry_run: count, and write nothing.
        verify_only: prove WAL and checkpoints against each other, and write nothing.
    """

    run: str | None = None
    table: str | None = None
    numbers: frozenset[int] | None = None
    whole: bool = False
    segment: FromSegment | None = None
    dry_run: bool = False
    verify_only: bool = False

    @property
    def writes(self) -> bool:
        """Tell whether anything is written."""
        return not (self.dry_run or self.verify_only)

    @property
    def again(self) -> bool:
        """Tell whether what the target has is written again, too."""
        return self.whole or self.segment is not None

    @property
    def everything(self) -> bool:
        """Tell whether all that the WAL holds of a table is applied."""
        return self.whole and self.wanted is None

    @property
    def wanted(self) -> frozenset[int] | None:
        """Return the numbers of the ranges that are asked for, None for all."""
        return frozenset({self.segment.name.range_number}) if self.segment else self.numbers


def parse_from_segment(text: str) -> FromSegment:
    """Return the segment that an operator names, as ``wal inspect`` shows it, or with its folder.

    Raises:
        UsageError: this is no segment's name.
    """
    folder, _, file = text.rpartition("/")
    name, table = parse_segment(file), table_of(folder) if folder else None
    if name is None or (folder and table is None):
        raise UsageError(
            f"{text!r} is no segment of a WAL",
            where="--from-segment",
            why="a segment is called RANGE-FIRST.wal or .wal.zst, with KEYSPACE.TABLE/ in front"
            " where a run has several tables",
            fix="as in shop.orders/000017-000042.wal; cass-snapshot wal inspect lists them",
        )
    return FromSegment(name=name, table=table)
