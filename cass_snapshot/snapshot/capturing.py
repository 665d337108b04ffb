"""``run --capture-only``: every range goes into the WAL to its end, and no row into the target.

The target is asked who else holds the run, and told its plan and how it ended; its checkpoints stay
where they are. So all that is captured stays too (I4), and whoever applies it later, ``replay-wal``
or the same ``run`` without the option, finds an ordinary WAL that is ahead of its target.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import cached_property

from cass_snapshot.errors import UsageError
from cass_snapshot.model import Checkpoint
from cass_snapshot.settings import Settings
from cass_snapshot.settings.sizes import size_text
from cass_snapshot.snapshot.copying import Copying
from cass_snapshot.snapshot.messages import Captured, FromWorker, Gathered, GatherRange, RangeTask
from cass_snapshot.snapshot.supervisor import Pool, WorkerDeath


class Capturing(Copying):
    """Hands out ranges to be captured, and counts what the WAL holds that the target lacks.

    A range that was captured before is read through in the WAL, which proves and counts it.
    """

    @cached_property
    def _counted(self) -> dict[int, int]:
        """Return the newest batch of each range that was counted."""
        return {}

    @cached_property
    def _refused(self) -> dict[int, set[str]]:
        """Return the ids of the rows of each table that the encoder set aside."""
        return {}

    def run(self, pool: Pool) -> None:
        """Capture every range, of all tables."""
        self.pool = pool
        pool.run(self.tasks, self.hear)
        self._once_more(pool)

    @property
    def refused_ids(self) -> Mapping[int, Collection[str]]:
        """Return the ids of the rows of each table that the encoder set aside."""
        return self._refused

    def hear(self, message: FromWorker | WorkerDeath) -> None:
        """Take what a worker says, or its death."""
        match message:
            case Captured():
                # Its rows count as it is told as part of the WAL, by whoever does that first.
                super().hear(replace(message, rows=0))
            case Gathered():
                self._gathered(message)
            case _:
                super().hear(message)

    def finished(self, task: int) -> None:
        """Take a range whose closing batch is in the WAL, in a sealed segment."""
        found = self._tasks[task]
        self.done.add(task)
        t = self._progress.tables[found.table]
        self._progress.change(found.table, ranges_captured=t.ranges_captured + 1)
        number = found.range.number
        text = f"range {number} captured; nothing of it is applied"
        self._journal.emit("range", "finished", text, table=self._name(found), range=number)

    def _gathered(self, message: Gathered) -> None:
        """Count a batch once, however often its range is begun anew: what is durable stays so."""
        task, batch = self._tasks[message.task], message.batch
        if batch.seq <= self._counted.get(task.id, 0):
            return
        self._counted[task.id] = batch.seq
        tally = batch.lines.tally
        self._refused.setdefault(task.table, set()).update(tally.ids)
        self._progress.kept(task.table, batch, fresh=message.fresh)
        if tally.refused and message.fresh:
            self.set_aside(task.id, tally.refused)

    def _task(self, number: int, table: int, checkpoint: Checkpoint) -> RangeTask:
        return GatherRange(
            id=number,
            table=table,
            checkpoint=checkpoint,
            index=None,
            arranged=self._plan.tables[table].ordering.order == "key",
        )


def refuse_ceiling(settings: Settings) -> None:
    """Refuse a ceiling of the WAL: without a target that has them no segments may go (I4).

    Raises:
        UsageError: [run] wal_bytes_max is set.
    """
    ceiling = settings.run.wal_bytes_max
    if ceiling is not None:
        raise UsageError(
            "--capture-only and [run] wal_bytes_max exclude each other",
            where=f"[run] wal_bytes_max = {size_text(ceiling)}; nothing was written",
            why="what is captured and not applied must stay, so that reading would wait for ever",
            fix="leave wal_bytes_max out for this run, or leave out --capture-only",
        )
