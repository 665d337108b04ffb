"""A table's way through its windows on a played pool, and pools whose tasks fail first."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from cass_snapshot.errors import SnapshotError
from cass_snapshot.settings import LimitsSettings
from cass_snapshot.snapshot.budget import Budget
from cass_snapshot.snapshot.copying import Copying
from cass_snapshot.snapshot.journal import Journal
from cass_snapshot.snapshot.messages import CopyRange, Ended, Task
from cass_snapshot.snapshot.preflight.ordering import ApplyOrder, Ordering
from cass_snapshot.snapshot.progress import Progress
from cass_snapshot.snapshot.rundir import RunDirectory
from cass_snapshot.snapshot.status import Phase, TableStatus
from tests.support.doubles import ListView
from tests.support.plans import first_status, plan
from tests.support.played_pool import ROWS, PlayedPool, Said

RANGES = 4


@dataclass(slots=True)
class Play:
    """A copying phase of one table in key order, its pool and what it showed."""

    copying: Copying
    pool: PlayedPool
    progress: Progress
    view: ListView
    folder: Path

    def run(self) -> Play:
        """Copy, and prove what holds however it ends: nothing is told in that is not."""
        self.copying.run(cast("Any", self.pool))
        done = {t.range.number for t in self.copying.tasks if t.id in self.copying.done}
        assert done == {n for n in range(RANGES) if self.pool.checkpoints[n] == self.pool.batches}
        assert not self.folder.exists()
        return self

    @property
    def table(self) -> TableStatus:
        """Return the record of the table."""
        return self.progress.tables[0]

    def whole(self) -> None:
        """Prove that every range is in, each row counted once."""
        rows = RANGES * self.pool.batches * ROWS
        refused = sum(self.pool.refused.values())
        assert sum(self.pool.rows_in.values()) == self.table.rows_applied
        assert (rows, rows - refused) == (self.table.rows_read, self.table.rows_applied)
        assert refused == self.table.rows_rejected
        assert (self.table.ranges_done, self.table.window) == (RANGES, None)
        batches = RANGES * self.pool.batches
        assert self.table.static_only == batches
        assert self.table.replaced == (("note", 2 * batches),)
        assert (self.copying.halted, self.copying.failed) == (None, {})
        assert self.copying.complete(0)

    def kinds(self) -> Counter[str]:
        """Return how many tasks of each kind were handed out."""
        return Counter(type(task).__name__ for task in self.pool.ran)

    def events(self, kind: str) -> list[str]:
        """Return the states of the events of a kind."""
        return [e.status for e in self.view.events if e.event == kind]


def play(
    folder: Path,
    pool: PlayedPool | None = None,
    *,
    window_bytes: int = 2**30,
    overlap: bool = False,
    rejected_max: str = "0",
    known: frozenset[str] = frozenset(),
) -> Play:
    """Return the copying phase of a table of four ranges, in key order."""
    view = ListView()
    made = plan("t0", ranges=RANGES)
    ordering = Ordering(
        order=ApplyOrder.KEY,
        window_bytes=window_bytes,
        slice_bytes=2**16,
        overlap=overlap,
        why="said",
    )
    made = replace(made, tables=(replace(made.tables[0], ordering=ordering),))
    progress = Progress(first_status(tables=1, ranges=RANGES), lambda: 0.0)
    progress.phase(Phase.COPYING)
    copying = Copying(
        made,
        progress,
        Journal("r", RunDirectory(folder), view),
        Budget(LimitsSettings(rejected_max=rejected_max), progress),
        folder=folder / "window",
        known=lambda _: known,
        workers=2,
    )
    return Play(copying, pool or PlayedPool(), progress, view, folder / "window")


def fails_first(pool: PlayedPool, kind: type[Task], error: SnapshotError, times: int = 1) -> None:
    """Let the first tasks of a kind fail before they do anything."""
    step, left = pool.steps[kind], [error] * times

    def failing(task: Task) -> Said:
        if left:
            yield Ended(task=task.id, error=left.pop())
            return
        yield from step(task)

    pool.steps[kind] = failing


def fails_at_last(pool: PlayedPool, number: int, error: SnapshotError) -> None:
    """Let a range fail too when it is tried once more, after all else."""
    step = pool.steps[CopyRange]

    def failing(task: CopyRange) -> Said:
        if task.range.number == number:
            yield Ended(task=task.id, error=error)
            return
        yield from step(task)

    pool.steps[CopyRange] = failing
