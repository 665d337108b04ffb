"""What a disk that fails means for a run."""

from __future__ import annotations

import errno

from cass_snapshot.errors import LimitReached, SnapshotError, StateError


def disk_error(error: OSError) -> SnapshotError:
    """Return what a failing disk means: full is a limit, anything else is for a human."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return LimitReached(
            "the disk of the WAL is full",
            where=str(error.filename or "wal/"),
            why=error.strerror or str(error),
            fix="make room, then run the same command again",
        )
    return StateError(
        "the WAL cannot be written",
        where=str(error.filename or "wal/"),
        why=error.strerror or str(error),
        fix="see to the disk, then run the same command again",
    )
