"""Gauges a table before it is copied: its size, and the order in which its rows will be applied."""

from __future__ import annotations

from pathlib import Path

from cass_snapshot.errors import SnapshotError
from cass_snapshot.model import Table
from cass_snapshot.planned import PlannedTarget, Sample
from cass_snapshot.protocols import SourceAdmin, TargetAdmin
from cass_snapshot.rejection import Problem
from cass_snapshot.settings import RunSettings, Settings
from cass_snapshot.snapshot.preflight.estimate import cell_bytes, estimate
from cass_snapshot.snapshot.preflight.neighbours import share_machine
from cass_snapshot.snapshot.preflight.ordering import Facts, Ordering, decide
from cass_snapshot.snapshot.preflight.preview import Sampled
from cass_snapshot.wal.files import free_bytes
from cass_snapshot.wiring import sample_encoder

GLANCE_ROWS = 400
GLANCE_SECONDS = 1.0
"""What a run spends on a look at the size of a table: an order of magnitude is enough."""


def ordering_of(
    settings: Settings,
    table: Table,
    planned: PlannedTarget,
    source: SourceAdmin,
    target: TargetAdmin,
    run_directory: Path,
) -> Ordering:
    """Return how a run applies the rows of a table; takes a second or two at most.

    What cannot be found out is taken as not known.

    Raises:
        PreflightError: key order is asked for, and the disk has no room for the least window.
    """
    sized = _goes_by_size(settings.run)
    lines = _glance(settings, table, planned, source) if sized else None
    return decide(settings.run, facts_of(settings, lines, target.buffer_pool_bytes, run_directory))


def facts_of(
    settings: Settings, lines_bytes: int | None, buffer_pool_bytes: int | None, directory: Path
) -> Facts:
    """Return what an order is decided by.

    Args:
        settings: where both servers are.
        lines_bytes: the size of the table as WAL lines; None where it is not known.
        buffer_pool_bytes: MySQL's; None where it is not known.
        directory: where the WAL will be; it need not exist yet.
    """
    return Facts(
        lines_bytes=lines_bytes,
        buffer_pool_bytes=buffer_pool_bytes,
        free_bytes=_free(directory),
        together=share_machine(settings.cassandra.contact_points, settings.mysql.host),
    )


def measured(sample: Sample, planned: PlannedTarget) -> tuple[Sampled, dict[str, list[Problem]]]:
    """Return what a sample tells, and what would be refused of each column."""
    encoded = sample_encoder(planned).encode(sample.rows)
    problems: dict[str, list[Problem]] = {}
    for row in encoded.rejected:
        for problem in row.problems:
            problems.setdefault(problem.column, []).append(problem)
    sampled = Sampled(
        rows=len(sample.rows),
        whole=sample.whole,
        bytes=cell_bytes(sample.rows),
        wal_bytes=len(encoded.lines.data),
        refused=len(encoded.rejected),
    )
    return sampled, problems


def existing(directory: Path) -> Path:
    """Return the folder itself, or the nearest one above it that is there."""
    while not directory.exists() and directory != directory.parent:
        directory = directory.parent
    return directory


def _goes_by_size(run: RunSettings) -> bool:
    """Tell whether the size of a table matters."""
    return run.apply_order == "auto" or (run.apply_order == "key" and run.window_bytes == "auto")


def _glance(
    settings: Settings, table: Table, planned: PlannedTarget, source: SourceAdmin
) -> int | None:
    """Return the size of a table as WAL lines, by a few rows of it or by the cluster's guess."""
    try:
        sample = source.sample(
            table, planned.columns, rows_max=GLANCE_ROWS, seconds_max=GLANCE_SECONDS
        )
    except SnapshotError:
        return None
    sampled, _ = measured(sample, planned)
    batch_rows = settings.mysql.batch_rows_max
    found = estimate(sampled, sample.rows_estimated, batch_rows, None).wal_bytes_estimate
    return _hinted(table, sample) if found is None else found


def _hinted(table: Table, sample: Sample) -> int | None:
    """Return what the cluster says of the whole table, where the whole table is copied."""
    partitions, each = sample.partitions_hinted, sample.partition_bytes_hinted
    if partitions is None or each is None or table.where or table.partitions:
        return None
    return partitions * each


def _free(directory: Path) -> int | None:
    try:
        return free_bytes(existing(directory))
    except OSError:
        return None
