"""How much of a disk a run's WAL takes."""

from __future__ import annotations

import os
from pathlib import Path

from cass_snapshot.wal.names import parse_segment


def wal_bytes(directory: Path) -> int:
    """Return the bytes of all segments below the ``wal`` folder of a run, 0 where it is not there.

    Segments that go while they are counted may be counted or not.

    Raises:
        OSError: the disk refused.
    """
    try:
        with os.scandir(directory) as entries:
            folders = [Path(e) for e in entries if e.is_dir(follow_symlinks=False)]
    except FileNotFoundError:
        return 0
    return sum(map(_folder_bytes, folders))


def _folder_bytes(folder: Path) -> int:
    total = 0
    with os.scandir(folder) as entries:
        for entry in entries:
            if parse_segment(entry.name):
                try:
                    total += entry.stat(follow_symlinks=False).st_size
                except FileNotFoundError:  # removed since it was listed
                    continue
    return total
