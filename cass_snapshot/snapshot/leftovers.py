"""Removes what a process that died had yet to remove: the WAL of ranges that are done (I4)."""

from __future__ import annotations

from pathlib import Path

from cass_snapshot.model import RangeState
from cass_snapshot.snapshot.disk import disk_error
from cass_snapshot.snapshot.plan import RunPlan
from cass_snapshot.wal.removal import remove_applied


def remove_leftovers(plan: RunPlan, wal_directory: Path) -> None:
    """Remove every segment of the ranges that were done before this process began.

    A worker removes them after the COMMIT of the closing batch; a range that is done is nobody's
    task any more, so what a crash between the two left would stay for ever.

    Raises:
        SnapshotError: the disk refused.
    """
    for table in plan.tables:
        for checkpoint in table.checkpoints:
            if checkpoint.state is RangeState.DONE:
                try:
                    remove_applied(
                        wal_directory,
                        table.job.table.name,
                        checkpoint.range.number,
                        checkpoint_seq=checkpoint.batch_seq,
                        closed=True,
                    )
                except OSError as error:
                    raise disk_error(error) from error
