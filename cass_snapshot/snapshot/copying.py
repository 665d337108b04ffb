"""The copying phase: every range that is not done goes to the pool; what fails is set aside.

What an error means for the run: a refused value or row fails its range and the others go on; an
error that may pass puts the range at the end of the queue a few times; a server that stayed away,
a full disk or a WAL that does not fit ends the run.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Container
from itertools import count
from pathlib import Path

from cass_snapshot.errors import SnapshotError, Transient
from cass_snapshot.model import Checkpoint, RangeState
from cass_snapshot.snapshot.budget import Budget
from cass_snapshot.snapshot.journal import Journal
from cass_snapshot.snapshot.messages import (
    Applied,
    Captured,
    CopyRange,
    Ended,
    FromWorker,
    GatherRange,
    Loaded,
    RangeTask,
    Task,
    Waiting,
)
from cass_snapshot.snapshot.plan import RunPlan
from cass_snapshot.snapshot.progress import Progress
from cass_snapshot.snapshot.status import RangeFailure
from cass_snapshot.snapshot.supervisor import Pool, WorkerDeath
from cass_snapshot.snapshot.watch import CONCERNS_ALL, UnexpectedError, Watch
from cass_snapshot.snapshot.windows.course import Course

TRIES_A_RANGE_MAX = 3
"""How often a range whose error may pass is read before it is set aside."""


class Copying:
    """Hands out ranges and judges how each ended.

    Args:
        plan: the run.
        progress: where numbers go.
        journal: where events go.
        budget: how many rows may be rejected.
        folder: for scratch files of windows.
        known: tells the ids of a table's rows that were set aside before this process.
        workers: how many there are at most.
        removes: whether segments go that the target has wholly (I4).
    """

    def __init__(
        self,
        plan: RunPlan,
        progress: Progress,
        journal: Journal,
        budget: Budget,
        *,
        folder: Path,
        known: Callable[[int], Container[str]],
        workers: int,
        removes: bool = False,
    ) -> None:
        self._plan = plan
        self._folder = folder
        self._known = known
        self._refused_before: Container[str] = ()
        self.workers = workers
        self.removes = removes
        self._progress = progress
        self._journal = journal
        self._budget = budget
        self.watch = Watch(progress, journal)
        self._tries: Counter[int] = Counter()
        self._set_aside: set[int] = set()
        """Tasks that failed and are not tried any more, but for once at the end."""
        self._last_try: frozenset[int] = frozenset()
        self._checkpoints = dict(enumerate(_pending(plan)))
        self._tasks = {
            number: self._task(number, table, checkpoint)
            for number, (table, checkpoint) in self._checkpoints.items()
        }
        self._ids = count(len(self._tasks))
        self.pool: Pool | None = None
        self.halted: SnapshotError | UnexpectedError | None = None
        self.failed: dict[int, list[RangeFailure]] = {}
        self.done: set[int] = set()

    @property
    def tasks(self) -> tuple[RangeTask, ...]:
        """Return a task for each range that is not done."""
        return tuple(self._tasks.values())

    def _task(self, number: int, table: int, checkpoint: Checkpoint) -> RangeTask:
        return CopyRange(id=number, table=table, range=checkpoint.range)

    def run(self, pool: Pool) -> None:
        """Copy every range: tables in token order first, then one in key order after the other."""
        self.pool = pool
        keyed = [i for i, t in enumerate(self._plan.tables) if t.ordering.order == "key"]
        pool.run([t for t in self.tasks if t.table not in keyed], self.hear)
        for table in keyed:
            self._refused_before = self._known(table)
            course = Course(
                table,
                {task: c for task, (of, c) in self._checkpoints.items() if of == table},
                self._plan.tables[table].ordering,
                self._folder / str(table),
                pool=pool,
                progress=self._progress,
                host=self,
            )
            course.run()
            pool.run([self._tasks[one] for one in sorted(course.as_read)], self.hear)
        self._once_more(pool)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _once_more(self, pool: Pool) -> None:
        """Try what failed once more, after all else: what stood in its way may be gone by now."""
        self._last_try = frozenset(self._set_aside)
        if not self._last_try or pool.stopping:
            return
        for table in self.failed:
            self._progress.change(table, failures=())
        self.failed.clear()
        again = [self._tasks[task] for task in sorted(self._last_try)]
        for task in again:
            number = task.range.number
            text = f"range {number} is tried once more, after all others"
            self._journal.emit("retry", "started", text, table=self._name(task), range=number)
        pool.run(again, self.hear)

    def complete(self, table: int) -> bool:
        """Tell whether every range of a table is done."""
        return all(t.id in self.done for t in self.tasks if t.table == table)

    def running(self) -> dict[int, int]:
        """Return how many ranges of each table workers hold."""
        held = self.pool.held.values() if self.pool else ()
        return Counter(
            task.table
            for tasks in held
            for task in tasks
            if isinstance(task, CopyRange | GatherRange)
        )

    def hear(self, message: FromWorker | WorkerDeath) -> None:
        """Take what a worker says, or its death."""
        match message:
            case Captured():
                self._progress.captured(self._tasks[message.task].table, message)
            case Applied():
                task = self._tasks[message.task]
                self._progress.applied(task.table, message)
                if message.fresh and message.rejected:
                    self.set_aside(task.id, message.rejected)
            case Waiting() | WorkerDeath():
                self.watch.hear(message)
            case Ended():
                self._ended(self._tasks[message.task], message)

    def next_id(self) -> int:
        """Return the number of a task that is none of a range's."""
        return next(self._ids)

    def refused(self, message: Loaded) -> None:
        """Take the rows of a slice that the target refused, now or to an earlier process."""
        new = sum(one.id not in self._refused_before for one in message.unwritten)
        if new:
            self.set_aside(message.task, new)

    def set_aside(self, task: int, rows: int) -> None:
        """Tell rows that were set aside, and end the run where they are too many.

        Those of earlier processes alone never end it, or nothing else could be copied.
        """
        known = self._tasks.get(task)  # a slice has rows of many ranges
        where = f"range {known.range.number}: " if known else ""
        self._journal.emit(
            "reject",
            "warning",
            f"{where}{rows} row{'' if rows == 1 else 's'} rejected",
            **({"table": self._name(known), "range": known.range.number} if known else {}),
            rows=rows,
        )
        error = self._budget.exceeded(copying=True)
        if error is not None:
            self.halt(error)

    def finished(self, task: int) -> None:
        """Take a range whose checkpoint is at its end."""
        found = self._tasks[task]
        self.done.add(task)
        t = self._progress.tables[found.table]
        self._progress.change(found.table, ranges_done=t.ranges_done + 1)
        self._journal.emit(
            "range",
            "applied",
            f"range {found.range.number} applied",
            table=self._name(found),
            range=found.range.number,
            attempt=self._tries[task] + 1,
        )

    def _name(self, task: RangeTask) -> str:
        return str(self._plan.tables[task.table].job.table.name)

    def _ended(self, task: RangeTask, ended: Ended) -> None:
        if ended.bug is not None:
            self.halt(UnexpectedError(ended.bug))
        elif ended.error is not None:
            self.judge(task, ended)
        elif ended.closed:
            self.finished(task.id)

    def judge(self, task: Task, ended: Ended) -> bool:
        """Decide what an error means for the range and the run; True where it is tried again."""
        error, found = ended.error, self._tasks[task.id]
        name = self._name(found)
        if isinstance(error, CONCERNS_ALL):
            if not ended.stopped:  # a wait that the operator broke off is no failure
                self.halt(error)
            return False
        self._tries[task.id] += 1
        left = self._tries[task.id] < TRIES_A_RANGE_MAX and task.id not in self._last_try
        if isinstance(error, Transient) and left and self.pool:
            self._progress.retried(found.table)
            self._journal.emit("retry", "warning", str(error), table=name, range=found.range.number)
            self.pool.add(task)
            return True
        failure = RangeFailure(
            range=found.range.number,
            why=str(error),
            attempts=self._tries[task.id],
            retryable=isinstance(error, Transient),
        )
        self._set_aside.add(task.id)
        self._progress.failed(found.table, failure)
        self.failed.setdefault(found.table, []).append(failure)
        self._journal.emit(
            "range",
            "failed",
            f"range {found.range.number} failed: {error}",
            table=name,
            range=found.range.number,
            attempt=self._tries[task.id],
        )
        return False

    def halt(self, error: SnapshotError | UnexpectedError) -> None:
        """End the run for an error that concerns all of it."""
        if self.halted is None:
            self.halted = error
            self._journal.emit("run", "failed", str(error))
        if self.pool is not None:
            self.pool.stop()


def _pending(plan: RunPlan) -> list[tuple[int, Checkpoint]]:
    """Return the ranges that are not done, each with the number of its table."""
    return [
        (index, checkpoint)
        for index, table in enumerate(plan.tables)
        for checkpoint in table.checkpoints
        if checkpoint.state is not RangeState.DONE
    ]
