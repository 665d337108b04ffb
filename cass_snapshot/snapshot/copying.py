"""The copying phase: every range that is not done goes to the pool; what fails is set aside.

What an error means for the run: a refused value or row fails its range and the others go on; an
error that may pass puts the range at the end of the queue a few times; a server that stayed away,
a full disk or a WAL that does not fit ends the run.
"""

from __future__ import annotations

from collections import Counter

from cass_snapshot.errors import (
    LimitReached,
    PreflightError,
    SnapshotError,
    StateError,
    Transient,
    Unavailable,
)
from cass_snapshot.model import RangeState
from cass_snapshot.snapshot.budget import Budget
from cass_snapshot.snapshot.journal import Journal
from cass_snapshot.snapshot.messages import (
    Applied,
    Captured,
    CopyRange,
    Ended,
    FromWorker,
    Waiting,
)
from cass_snapshot.snapshot.plan import RunPlan
from cass_snapshot.snapshot.progress import Progress
from cass_snapshot.snapshot.status import RangeFailure
from cass_snapshot.snapshot.supervisor import Pool, WorkerDeath
from cass_snapshot.snapshot.watch import UnexpectedError, Watch

TRIES_A_RANGE_MAX = 3
"""How often a range whose error may pass is read before it is set aside."""


class Copying:
    """Hands out ranges and judges how each ended.

    Args:
        plan: the run.
        progress: where numbers go.
        journal: where events go.
        budget: how many rows may be rejected.
    """

    def __init__(self, plan: RunPlan, progress: Progress, journal: Journal, budget: Budget) -> None:
        self._plan = plan
        self._progress = progress
        self._journal = journal
        self._budget = budget
        self._watch = Watch(progress, journal)
        self._tries: Counter[int] = Counter()
        self._tasks = {task.id: task for task in _tasks(plan)}
        self.pool: Pool | None = None
        self.halted: SnapshotError | UnexpectedError | None = None
        self.failed: dict[int, list[RangeFailure]] = {}
        self.done: set[int] = set()

    @property
    def tasks(self) -> tuple[CopyRange, ...]:
        """Return a task for each range that is not done."""
        return tuple(self._tasks.values())

    def complete(self, table: int) -> bool:
        """Tell whether every range of a table is done."""
        return all(t.id in self.done for t in self.tasks if t.table == table)

    def running(self) -> dict[int, int]:
        """Return how many ranges of each table workers hold."""
        held = self.pool.held.values() if self.pool else ()
        return Counter(task.table for tasks in held for task in tasks)

    def hear(self, message: FromWorker | WorkerDeath) -> None:
        """Take what a worker says, or its death."""
        match message:
            case Captured():
                self._progress.captured(self._tasks[message.task].table, message)
            case Applied():
                task = self._tasks[message.task]
                self._progress.applied(task.table, message)
                if message.fresh and message.rejected:
                    self._rejected(task, message.rejected)
            case Waiting() | WorkerDeath():
                self._watch.hear(message)
            case Ended():
                self._ended(self._tasks[message.task], message)

    def _rejected(self, task: CopyRange, rows: int) -> None:
        """Tell rows that were set aside, and end the run where they are too many.

        Those of earlier processes alone never end it, or nothing else could be copied.
        """
        name = str(self._plan.tables[task.table].job.table.name)
        self._journal.emit(
            "reject",
            "warning",
            f"range {task.range.number}: {rows} row{'' if rows == 1 else 's'} rejected",
            table=name,
            range=task.range.number,
            rows=rows,
        )
        error = self._budget.exceeded(copying=True)
        if error is not None:
            self._halt(error)

    def _ended(self, task: CopyRange, ended: Ended) -> None:
        name = str(self._plan.tables[task.table].job.table.name)
        if ended.bug is not None:
            self._halt(UnexpectedError(ended.bug))
        elif ended.error is not None:
            self._judge(task, name, ended.error, stopped=ended.stopped)
        elif ended.closed:
            self.done.add(task.id)
            t = self._progress.tables[task.table]
            self._progress.change(task.table, ranges_done=t.ranges_done + 1)
            self._journal.emit(
                "range",
                "applied",
                f"range {task.range.number} applied",
                table=name,
                range=task.range.number,
                attempt=self._tries[task.id] + 1,
            )

    def _judge(self, task: CopyRange, name: str, error: SnapshotError, *, stopped: bool) -> None:
        """Decide what an error of a range means for the range and for the run."""
        if isinstance(error, Unavailable | StateError | LimitReached | PreflightError):
            if not stopped:  # a wait that the operator broke off is no failure
                self._halt(error)
            return
        self._tries[task.id] += 1
        if isinstance(error, Transient) and self._tries[task.id] < TRIES_A_RANGE_MAX and self.pool:
            self._progress.retried(task.table)
            self._journal.emit("retry", "warning", str(error), table=name, range=task.range.number)
            self.pool.again(task)
            return
        failure = RangeFailure(
            range=task.range.number,
            why=str(error),
            attempts=self._tries[task.id],
            retryable=isinstance(error, Transient),
        )
        self._progress.failed(task.table, failure)
        self.failed.setdefault(task.table, []).append(failure)
        self._journal.emit(
            "range",
            "failed",
            f"range {task.range.number} failed: {error}",
            table=name,
            range=task.range.number,
            attempt=self._tries[task.id],
        )

    def _halt(self, error: SnapshotError | UnexpectedError) -> None:
        if self.halted is None:
            self.halted = error
            self._journal.emit("run", "failed", str(error))
        if self.pool is not None:
            self.pool.stop()


def _tasks(plan: RunPlan) -> list[CopyRange]:
    pending = [
        (index, checkpoint)
        for index, table in enumerate(plan.tables)
        for checkpoint in table.checkpoints
        if checkpoint.state is not RangeState.DONE
    ]
    return [
        CopyRange(id=number, table=index, range=checkpoint.range)
        for number, (index, checkpoint) in enumerate(pending)
    ]
