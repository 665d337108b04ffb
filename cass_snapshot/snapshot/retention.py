"""Removes the WAL of runs that succeeded long enough ago: ``[run] wal_retention = "7d"``.

No daemon does it: each ``run`` looks at the runs that lie beside it before it begins. How long a
run's WAL stays was said when it ended, in its ``result.json``, and later settings do not change it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import orjson

from cass_snapshot.errors import LockedError, PreflightError
from cass_snapshot.exits import Exit
from cass_snapshot.settings.retention import kept_for
from cass_snapshot.snapshot.rundir import scan, table_lock
from cass_snapshot.wal.files import REAL
from cass_snapshot.wal.names import parse_segment, table_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Expired:
    """A run whose WAL was removed."""

    folder: Path
    retention: str
    segments: int


def remove_expired(runs: Path, now: datetime) -> list[Expired]:
    """Remove the WAL of runs whose time is over; return which, oldest first.

    A run whose table another process holds is left alone until next time, and so is a folder
    without a readable ``result.json``: whatever is not known to have succeeded stays.

    Args:
        runs: the folder of runs.
        now: the moment to compare with, with its time zone.

    Raises:
        OSError: the disk refused.
    """
    found = []
    for folder in scan(runs):
        over = _over(folder / "result.json", now)
        if over is not None and (segments := _remove(runs, folder, over.tables)):
            found.append(Expired(folder=folder, retention=over.retention, segments=segments))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Over:
    """A run whose time is over: its retention, and the tables that it brought in."""

    retention: str
    tables: frozenset[str]


def _over(result: Path, now: datetime) -> _Over | None:
    """Return what may go of a run that succeeded, where its time is over.

    One that captured alone has no success: its WAL is all that there is of it (I4). Neither has a
    table of the run that its last process had nothing to do with.
    """
    try:
        record = orjson.loads(result.read_bytes())
        retention, ended = record["wal_retention"], datetime.fromisoformat(record["updated_at"])
        succeeded = record["exit_code"] == Exit.OK and not record.get("capture_only")
        time = kept_for(retention) if succeeded else None
        tables = frozenset(
            one["table"] for one in record["tables"] if one["ranges_done"] == one["ranges_total"]
        )
    except (OSError, ValueError, KeyError, TypeError):  # not ended, or by another version
        return None
    if time is None or now - ended < time:
        return None
    return _Over(retention=retention, tables=tables)


def _remove(runs: Path, folder: Path, tables: frozenset[str]) -> int:
    """Remove the segments of some tables of a run; 0 where somebody works with them."""
    removed = 0
    for directory in _tables(folder / "wal"):
        table = table_of(directory.name)
        with contextlib.ExitStack() as stack:
            if table is None or directory.name not in tables:
                continue
            try:
                stack.enter_context(table_lock(runs, table))
            except (LockedError, PreflightError):
                continue
            names = [name for name in REAL.names(directory) if parse_segment(name)]
            for name in sorted(names):
                REAL.remove(directory / name)
                removed += 1
            if names:
                REAL.sync_directory(directory)
    return removed


def _tables(wal: Path) -> Iterator[Path]:
    if wal.is_dir():
        yield from sorted(path for path in wal.iterdir() if path.is_dir())
