"""A supervised pool of worker processes. It never sees a row.

The parent knows which worker holds which tasks, hands the next task to a worker that has room,
notices a death at once by the process's sentinel, gives the dead worker's tasks to another, and
waits with a time limit always.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from multiprocessing.connection import wait
from time import monotonic

from cass_snapshot.errors import SnapshotError, StateError
from cass_snapshot.snapshot.member import Member
from cass_snapshot.snapshot.messages import (
    Applied,
    Captured,
    Ended,
    FromWorker,
    Leave,
    Loaded,
    Stop,
    Task,
)
from cass_snapshot.snapshot.process import Assignment, Standby, start
from cass_snapshot.snapshot.queue import TaskQueue
from cass_snapshot.wiring import Job

TASKS_A_WORKER = 2
"""One that is captured while the end of the other is applied."""
RANGES_A_WORKER = 3
"""One more, which is known when the last page of the captured one has come: its first page is asked
for then. While there are ranges for the other workers too."""
DEATHS_A_TASK_MAX = 5
"""Deaths without any progress on a task, after which it is set aside."""
DEATHS_IN_A_ROW_MAX = 20
"""Deaths without any task ended, after which the pool gives up."""
TICK_S = 0.25
END_S = 30.0
"""How long a worker may take to end when it was asked to, before it is killed, which is safe."""
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerDeath:
    """A worker ended unasked; its tasks go to another."""

    worker: str
    exit_code: int | None
    tasks: tuple[Task, ...]


Hear = Callable[[FromWorker | WorkerDeath], None]


def _deaf(_message: FromWorker | WorkerDeath) -> None:
    """Stand in before the first tasks."""


class Pool:
    """Runs tasks on up to ``size`` workers.

    Args:
        job: what every worker gets.
        size: how many workers at most.
        tick: called about four times a second, and when all tasks have ended.
        standby: processes that wait already; others are started when they are wanted.
    """

    def __init__(
        self,
        job: Job,
        *,
        size: int,
        tick: Callable[[], None],
        standby: Standby | None = None,
    ) -> None:
        self._job = job
        self._standby = standby
        self.size = size
        """How many workers are given tasks at most; may change at any time."""
        self._hear: Hear = _deaf
        self._tick = tick
        self._workers: list[Member] = []
        self._pending = TaskQueue()
        self._task_deaths: Counter[int] = Counter()
        self._deaths_in_a_row = 0
        self._spawned = 0
        self._stopping = False

    @property
    def stopping(self) -> bool:
        """Tell whether no more tasks are handed out."""
        return self._stopping

    @property
    def held(self) -> dict[str, tuple[Task, ...]]:
        """Return which worker holds which tasks."""
        return {w.name: tuple(w.tasks.values()) for w in self._workers}

    def run(self, tasks: Iterable[Task], hear: Hear) -> None:
        """Run tasks until each has ended, or until ``stop`` let the workers leave off.

        Args:
            tasks: what to do, in order.
            hear: called with every message of a worker, and with every death.

        Raises:
            StateError: workers die faster than they get anything done.
        """
        self._hear = hear
        self._task_deaths.clear()
        self._pending.extend(tasks)
        next_tick = monotonic()  # not after every message: there may be thousands a second
        while (self._pending and not self._stopping) or any(w.tasks for w in self._workers):
            self._fill()
            self._attend(max(0.0, next_tick - monotonic()))
            if monotonic() >= next_tick:
                self._tick()
                next_tick = monotonic() + TICK_S
        self._tick()

    def add(self, task: Task) -> None:
        """Put a task at the end of the queue: a new one, or one that ended, once more."""
        self._pending.extend([task])

    def leave(self, tasks: Collection[int]) -> set[int]:
        """Have some tasks left off after the batches in hand; return those that nobody holds."""
        waiting = self._pending.remove(tasks)
        for worker in self._workers:
            for task in worker.tasks:
                if task in tasks:
                    worker.tell(Leave(task=task))
        return waiting

    def stop(self) -> None:
        """Ask every worker to leave off after the batches in hand; hand out nothing more."""
        if self._stopping:
            return
        self._stopping = True
        self._pending.clear()
        for worker in self._workers:
            worker.tell(Stop())

    def kill(self) -> None:
        """End every worker at once; safe at every instruction."""
        for worker in self._workers:
            worker.process.kill()

    def close(self) -> None:
        """Let the workers end, and see to it that each has."""
        for worker in self._workers:
            worker.tell(None)
        deadline = monotonic() + END_S
        for worker in self._workers:
            worker.process.join(max(0.0, deadline - monotonic()))
            if worker.process.is_alive():
                log.warning("worker %s did not end in %g s and is killed", worker.name, END_S)
                worker.process.kill()
                worker.process.join()
            worker.pipe.close()
        self._workers.clear()

    def _fill(self) -> None:
        """Start workers that are missing and hand out tasks, evenly."""
        wanted = len(self._pending) + sum(1 for w in self._workers if w.tasks)
        while not self._stopping and len(self._workers) < min(self.size, wanted):
            self._spawn()
        for depth in range(1, RANGES_A_WORKER + 1):
            for worker in self._workers[: self.size]:
                if len(worker.tasks) < depth and (task := self._next_for(worker, depth)):
                    worker.give(task)

    def _next_for(self, worker: Member, depth: int) -> Task | None:
        """Take the task that a worker does next, from the queue.

        Where there is something to read and something to write, half of the workers do either, so
        that both servers are kept busy; a worker that holds a task of one kind gets no other, which
        would wait behind it.
        """
        kinds = self._pending.kinds
        if not kinds:
            return None
        wanted = self._lighter(worker) if len(kinds) > 1 else kinds[0]
        held = {task.writes for task in worker.tasks.values()}
        writes = wanted if not held else held.pop()
        if depth > TASKS_A_WORKER and (writes or not self._pending.follows(len(self._workers))):
            return None
        return self._pending.take(writes=writes)

    def _lighter(self, worker: Member) -> bool:
        """Tell whether fewer of the other workers write than read."""
        others = [w for w in self._workers if w is not worker and w.tasks]
        writing = sum(any(task.writes for task in w.tasks.values()) for w in others)
        return writing < len(others) - writing

    def _spawn(self) -> None:
        self._spawned += 1
        name = f"worker-{self._spawned}"
        started = self._standby.take() if self._standby else start()
        worker = Member(name, started.process, started.pipe)
        self._workers.append(worker)
        worker.tell(Assignment(name=name, job=self._job))

    def _attend(self, timeout_s: float) -> None:
        """Take what the workers say, and notice those that died."""
        by_pipe = {w.pipe: w for w in self._workers}
        by_sentinel = {w.process.sentinel: w for w in self._workers}
        ready = wait([*by_pipe, *by_sentinel], timeout_s)
        for worker in [by_pipe[r] for r in ready if r in by_pipe]:
            self._drain(worker)
        for worker in [by_sentinel[r] for r in ready if r in by_sentinel]:
            self._drain(worker)
            self._bury(worker)
        for worker in self._workers:
            self._end_stuck(worker)

    def _end_stuck(self, worker: Member) -> None:
        """Kill a worker that says nothing although it should; its death is noticed as any other."""
        silent_s = worker.stuck_s()
        if silent_s is not None:
            log.warning("worker %s said nothing for %.0f s and is killed", worker.name, silent_s)
            worker.heard_at = monotonic()
            worker.process.kill()

    def _drain(self, worker: Member) -> None:
        try:
            while worker.pipe.poll():
                self._take(worker, worker.pipe.recv())
        except (EOFError, OSError):
            return  # a torn message of a worker that was killed; what it did is in the checkpoint

    def _take(self, worker: Member, message: object) -> None:
        worker.heard_at = monotonic()
        if isinstance(message, Captured | Applied | Loaded):
            self._task_deaths.pop(message.task, None)
        if isinstance(message, Ended):
            worker.tasks.pop(message.task, None)
            self._deaths_in_a_row = 0
        self._hear(message)  # type: ignore[arg-type]  # workers send nothing else

    def _bury(self, worker: Member) -> None:
        """Give a dead worker's tasks to others, unless they seem to be what kills."""
        worker.process.join()
        worker.pipe.close()
        self._workers.remove(worker)
        tasks = tuple(worker.tasks.values())
        self._hear(WorkerDeath(worker=worker.name, exit_code=worker.process.exitcode, tasks=tasks))
        self._deaths_in_a_row += 1
        if self._deaths_in_a_row > DEATHS_IN_A_ROW_MAX:
            raise StateError(
                "worker processes die before they get anything done",
                why=f"{self._deaths_in_a_row} deaths in a row, the last with"
                f" exit code {worker.process.exitcode}",
                fix="look for the out-of-memory killer in the system's log; see run.log",
            )
        # Only the first was in hand for certain; one that kills behind it is the first next time.
        self._task_deaths.update(task.id for task in tasks[:1])
        for task in reversed(tasks):
            if self._task_deaths[task.id] >= DEATHS_A_TASK_MAX:
                self._hear(Ended(task=task.id, error=_deadly(self._task_deaths[task.id])))
            elif not self._stopping:
                self._pending.put_first(task)


def _deadly(deaths: int) -> SnapshotError:
    return SnapshotError(
        "workers died over this range",
        why=f"{deaths} deaths without a batch between them",
        fix="look for the out-of-memory killer in the system's log; see run.log",
    )
