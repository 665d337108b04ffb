"""Opens the logs of a table's ranges."""

from __future__ import annotations

from pathlib import Path

from cass_snapshot.model import TokenRange
from cass_snapshot.settings import RunSettings
from cass_snapshot.wal.log import SEGMENT_BYTES_MAX, RangeWal
from cass_snapshot.wiring.jobs import TableJob, wal_identity


def open_wal(
    directory: Path, job: TableJob, token_range: TokenRange, run: RunSettings, checkpoint_seq: int
) -> RangeWal:
    """Return a range's log, recovered (I6)."""
    return RangeWal.open(
        directory,
        wal_identity(job, token_range, run.compression),
        checkpoint_seq=checkpoint_seq,
        segment_bytes_max=_segment_bytes(run),
    )


def _segment_bytes(run: RunSettings) -> int:
    """Return when a segment is sealed: so that those being written stay below the WAL's ceiling.

    Each worker writes one and may have another applied, and only sealed ones go (I4).
    """
    if run.wal_bytes_max is None:
        return SEGMENT_BYTES_MAX
    return min(SEGMENT_BYTES_MAX, run.wal_bytes_max // (4 * run.workers))
