"""A pool without processes: plays what workers say of a table that is applied in key order.

It keeps what servers and disk would keep: the WAL of each range, the checkpoints, and which rows a
window has loaded. A test changes what is said by a step of its own for a task.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from cass_snapshot.errors import SnapshotError
from cass_snapshot.model import Batch, Lines, Position, Tally, TokenRange
from cass_snapshot.rejection import Problem, Unwritten
from cass_snapshot.snapshot.messages import (
    AdvanceWindow,
    Applied,
    Captured,
    CopyRange,
    CutWindow,
    Ended,
    FromWorker,
    Gathered,
    GatherRange,
    Loaded,
    LoadSlice,
    Task,
)
from cass_snapshot.snapshot.supervisor import DEATHS_A_TASK_MAX, WorkerDeath
from tests.support.doubles import ORDERS

ROWS = 10
"""Rows of every batch."""
SIZE = 100
"""Bytes of every batch."""
DEATH = WorkerDeath(worker="worker-1", exit_code=-9, tasks=())
Said = Iterator[FromWorker | WorkerDeath]
Step = Callable[[Any], Said]
Hear = Callable[[FromWorker | WorkerDeath], None]
PROBLEM = Problem(column="note", what="too long", fix="widen it", error=1406, code="CS-D02")


def unwritten(token_range: TokenRange, name: str) -> Unwritten:
    """Return a row of a range that the target refused."""
    return Unwritten(id=name, token=token_range.end, problem=PROBLEM)


class PlayedPool:
    """Runs one task after the other, or some in turn, message by message.

    Args:
        batches: how many batches each range has.
        slices: into how many slices each window is cut.
        at_once: how many tasks are in hand.
    """

    def __init__(self, batches: int = 3, slices: int = 4, at_once: int = 1) -> None:
        self.at_once = at_once
        self.batches = batches
        self.slices = slices
        self.stopping = False
        self.again_last = False
        """Whether the task of a worker that died goes to the end of the queue."""
        self.held: dict[str, tuple[Task, ...]] = {}
        self.ran: list[Task] = []
        self.steps: dict[type[Task], Step] = {
            GatherRange: self.gather,
            CutWindow: self.cut,
            LoadSlice: self.load,
            AdvanceWindow: self.advance,
            CopyRange: self.copy,
        }
        self.refused: dict[tuple[int, int], int] = {}
        """How many rows the encoder refuses of a batch, by the numbers of range and batch."""
        self.wal: defaultdict[int, list[Batch]] = defaultdict(list)
        self.fresh: set[tuple[int, int]] = set()
        self.checkpoints: Counter[int] = Counter()
        self.rows_in: Counter[int] = Counter()
        self._indexed: dict[str, int] = {}
        self._pending: deque[Task] = deque()
        self.left: set[int] = set()

    # What a course and its host ask of a pool.

    def run(self, tasks: Iterable[Task], hear: Hear) -> None:
        """Play tasks until each has ended."""
        self._pending.extend(tasks)
        deaths: Counter[int] = Counter()
        active: deque[tuple[Task, Said]] = deque()
        while active or (self._pending and not self.stopping):
            while self._pending and len(active) < self.at_once and not self.stopping:
                task = self._pending.popleft()
                self.left.discard(task.id)
                self.ran.append(task)
                active.append((task, self.steps[type(task)](task)))
            task, said = active.popleft()
            message = next(said, None)
            if isinstance(message, WorkerDeath):
                deaths[task.id] += 1
                self._bury(task, deaths[task.id], hear)
            elif message is not None:
                hear(message)
                active.append((task, said))

    def _bury(self, task: Task, deaths: int, hear: Hear) -> None:
        """Tell a death over a task, and give the task to another worker."""
        hear(replace(DEATH, tasks=(task,)))
        if deaths == DEATHS_A_TASK_MAX:
            hear(Ended(task=task.id, error=SnapshotError("workers died over this")))
        elif self.again_last:
            self._pending.append(task)
        elif not self.stopping:
            self._pending.appendleft(task)

    def add(self, task: Task) -> None:
        """Put a task at the end."""
        self._pending.append(task)

    def leave(self, tasks: Collection[int]) -> set[int]:
        """Leave off some tasks."""
        self.left.update(tasks)
        waiting = {task.id for task in self._pending if task.id in tasks}
        self._pending = deque(task for task in self._pending if task.id not in waiting)
        return waiting

    def stop(self) -> None:
        """Hand out nothing more."""
        self.stopping = True
        self._pending.clear()

    # What workers do.

    def gather(self, task: GatherRange) -> Said:
        """Gather a range: what its WAL has, then what is unread."""
        number = task.range.number
        rows = 0
        begin = task.checkpoint.batch_seq
        assert begin >= self.checkpoints[number]
        for seq in range(begin + 1, self.batches + 1):
            batch, fresh = self.captured(task.range, seq)
            rows += batch.lines.rows
            if fresh:
                yield self._captured(task, batch)
            yield Gathered(task=task.id, batch=batch, fresh=fresh)
            self.write_index(task, rows)
            if batch.closing:
                yield Ended(task=task.id, closed=True)
                return
            if self.stopping or task.id in self.left:
                break
        yield Ended(task=task.id, stopped=True)

    def write_index(self, task: GatherRange, rows: int) -> None:
        """Write the index of a range: here a number of rows."""
        if task.index is None:
            return
        task.index.parent.mkdir(parents=True, exist_ok=True)
        task.index.write_text(str(rows))

    def cut(self, task: CutWindow) -> Said:
        """Cut a window into slices."""
        total = sum(int(path.read_text()) for path in _indexes(task))
        self._indexed[str(task.window)] = total
        yield Ended(task=task.id, result=(self.slices,))

    def share(self, task: LoadSlice) -> int:
        """Return how many rows a slice has; the first one has what does not divide."""
        total = self._indexed[str(task.window)]
        return total // self.slices + (total % self.slices if task.number == 0 else 0)

    def load(self, task: LoadSlice) -> Said:
        """Load a slice, in two transactions."""
        half = self.share(task) // 2
        for rows in (half, self.share(task) - half):
            yield Loaded(task=task.id, rows=rows, seconds=0.1, how="LOAD DATA")
        yield Ended(task=task.id, stopped=self.stopping)

    def advance(self, task: AdvanceWindow) -> Said:
        """Move checkpoints; again changes nothing."""
        for stretch in task.stretches:
            number = stretch.batches[0].range.number
            if self.checkpoints[number] < stretch.batches[-1].seq:
                seqs = [batch.seq for batch in stretch.batches]
                assert seqs == [self.checkpoints[number] + 1 + n for n in range(len(seqs))]
                self.checkpoints[number] = seqs[-1]
                rows = sum(batch.lines.rows for batch in stretch.batches)
                self.rows_in[number] += rows - len(stretch.rejected)
        yield Ended(task=task.id)

    def copy(self, task: CopyRange) -> Said:
        """Apply a range as it is read."""
        number = task.range.number
        for seq in range(self.checkpoints[number] + 1, self.batches + 1):
            batch, fresh = self.captured(task.range, seq)
            if fresh:
                yield self._captured(task, batch)
            self.checkpoints[number] = seq
            self.rows_in[number] += batch.lines.rows
            tally = batch.lines.tally
            yield Applied(
                task=task.id,
                rows=batch.lines.rows,
                fresh=True,
                seconds=0.1,
                how="LOAD DATA",
                rejected=tally.refused,
                tally=tally,
            )
        yield Ended(task=task.id, closed=True)

    def captured(self, token_range: TokenRange, seq: int) -> tuple[Batch, bool]:
        """Return a batch, and whether it was read just now."""
        log = self.wal[token_range.number]
        fresh = len(log) < seq
        if fresh:
            refused = self.refused.get((token_range.number, seq), 0)
            tally = Tally(refused=refused, static_only=1, nulls=(("note", 2),))
            log.append(
                Batch(
                    table=ORDERS,
                    range=token_range,
                    seq=seq,
                    lines=Lines(data=b"", rows=ROWS - refused, words=0, tally=tally),
                    position=Position(token=token_range.end, partition_key=(b"k",)),
                    closing=seq == self.batches,
                    checksum="x",
                    segment="1",
                    offset=0,
                    size=SIZE,
                )
            )
        return log[seq - 1], fresh

    @staticmethod
    def _captured(task: Task, batch: Batch) -> Captured:
        rows = batch.lines.rows + batch.lines.tally.refused
        return Captured(task=task.id, rows=rows, bytes=SIZE, seconds=0.1, segment="1")


def _indexes(task: CutWindow) -> list[Path]:
    return [task.window / "ranges" / str(number) for number in task.ranges]
