"""``wal``: what the WAL of a run holds, and whether it can be read whole. Needs no server."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from cass_snapshot.errors import PreflightError, SnapshotError
from cass_snapshot.exits import Exit, exit_code_for
from cass_snapshot.settings import Settings
from cass_snapshot.snapshot.rundir import choose, run_id_of
from cass_snapshot.wal.survey import RangeFacts, survey


@dataclass(frozen=True, slots=True, kw_only=True)
class WalReport:
    """What reading the WAL of a run came to. Exit code 9 where any of it is damaged."""

    run_id: str
    folder: str
    ranges: tuple[RangeFacts, ...]
    exit_code: int

    @property
    def faults(self) -> tuple[SnapshotError, ...]:
        """Return the first fault of each range that has one."""
        return tuple(one.fault for one in self.ranges if one.fault is not None)


def examine_wal(
    settings: Settings,
    *,
    run: str | None,
    table: str | None = None,
    numbers: Collection[int] | None = None,
) -> WalReport:
    """Read all segments of a run and return what they hold.

    Args:
        settings: the folder of the runs.
        run: a run id, its last part or its folder; None where there is one run only.
        table: this source table alone, as keyspace.table.
        numbers: these token ranges alone.

    Raises:
        PreflightError: there is no such run here, or nothing of what was asked for is in its WAL.
    """
    folder = choose(settings.run.directory, run)
    found = tuple(survey(folder / "wal", table=table, numbers=numbers))
    if not found:
        raise PreflightError(
            "the WAL of this run holds nothing of that",
            where=str(folder / "wal"),
            why="no segment is there: none was asked for, or they went when MySQL had them",
            fix="see cass-snapshot status, and [run] wal_bytes_max",
        )
    codes = [exit_code_for(one.fault) for one in found if one.fault is not None]
    return WalReport(
        run_id=run_id_of(folder),
        folder=str(folder / "wal"),
        ranges=found,
        exit_code=max(codes, default=Exit.OK),
    )
