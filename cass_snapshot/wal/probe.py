"""How long a sync takes on a disk: one small file, written, synced a few times and removed."""

from __future__ import annotations

import os
from pathlib import Path
from statistics import median
from time import perf_counter

from cass_snapshot.wal.disk import File, Files
from cass_snapshot.wal.files import REAL

SYNCS = 5
PROBE = ".cass-snapshot-probe"
_LINE = bytes(4096)


def sync_seconds(directory: Path, files: Files = REAL) -> float:
    """Return the median of a few syncs in a directory, in seconds; nothing of it is left there.

    Raises:
        OSError: the directory cannot be written.
        StateError: it is not ours.
    """
    path = directory / f"{PROBE}-{os.getpid()}"
    file = files.create(path)
    try:
        return median(_timed(file, at) for at in range(SYNCS))
    finally:
        file.close()
        files.remove(path)


def _timed(file: File, at: int) -> float:
    began = perf_counter()
    file.write_at(at * len(_LINE), (_LINE,))
    file.sync()
    return perf_counter() - began
