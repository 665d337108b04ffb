"""A table's way through its windows: which task comes next, and what becomes of one that fails."""

from __future__ import annotations

import shutil
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import count
from pathlib import Path

from cass_snapshot.errors import SnapshotError, Transient
from cass_snapshot.model import Batch, TokenRange
from cass_snapshot.snapshot.messages import (
    AdvanceWindow,
    Captured,
    CutWindow,
    Ended,
    FromWorker,
    Gathered,
    GatherRange,
    Loaded,
    LoadSlice,
    Task,
)
from cass_snapshot.snapshot.preflight.ordering import Ordering
from cass_snapshot.snapshot.progress import Progress
from cass_snapshot.snapshot.supervisor import Pool, WorkerDeath
from cass_snapshot.snapshot.watch import CONCERNS_ALL, UnexpectedError
from cass_snapshot.snapshot.windows.host import Host
from cass_snapshot.snapshot.windows.window import Pipeline, Window

TRIES_MAX = 3
"""How often a step whose error may pass is tried before the window is applied as it was read."""
SLICES_A_WORKER = 8
"""Fewer would let workers wait for the last one."""


class Course:
    """Applies one table in key order.

    Args:
        table: its number in the plan.
        ranges: those that are not done, by the id of their task.
        ordering: how large windows and slices are.
        folder: for scratch files; nothing else lies there.
        pool: runs tasks.
        progress: where numbers go.
        host: the copying phase.
    """

    def __init__(
        self,
        table: int,
        ranges: Mapping[int, TokenRange],
        ordering: Ordering,
        folder: Path,
        *,
        pool: Pool,
        progress: Progress,
        host: Host,
    ) -> None:
        self._table = table
        self._ranges = dict(ranges)
        self._ordering = ordering
        self._folder = folder
        self._pool = pool
        self._progress = progress
        self._host = host
        self._tasks: dict[int, tuple[Task, Window]] = {}
        self._tries: Counter[int] = Counter()
        self._numbers = count(1)
        self._alive = Pipeline()
        self.as_read: set[int] = set()
        """Ranges that are to be applied as they were read."""

    def run(self) -> None:
        """Apply everything that can be applied in key order."""
        shutil.rmtree(self._folder, ignore_errors=True)  # of a process that died
        while self._ranges and not self._pool.stopping:
            self._open()
            self._pool.run((), self._hear)
        self._progress.window(self._table, None)

    def _open(self) -> None:
        """Begin a window with all ranges of which something may be unread."""
        if not (left := self._alive.left(self._ranges)) or self._pool.stopping:
            return
        number = next(self._numbers)
        window = Window(self._folder / str(number), set(left), number=number)
        for task in left:
            found = self._ranges[task]
            gather = GatherRange(
                id=task,
                table=self._table,
                range=found,
                index=window.index_of(found),
                after=self._alive.last_of(task),
            )
            self._add(gather, window)
        self._alive.gathering = window
        self._tell(window, "gathering")

    def _hear(self, message: FromWorker | WorkerDeath) -> None:
        match message:
            case Captured():
                # Its rows count as read when it is gathered, by whoever does that first.
                self._progress.captured(self._table, replace(message, rows=0))
            case Gathered():
                self._gathered(message)
            case Loaded():
                self._loaded(message)
            case Ended() if message.bug is not None:
                self._host.halt(UnexpectedError(message.bug))
            case Ended():
                self._ended(message)
            case WorkerDeath():
                for task in message.tasks:
                    self._undo(task)
                self._host.hear(message)
            case _:
                self._host.hear(message)

    def _gathered(self, message: Gathered) -> None:
        window, refused = self._tasks[message.task][1], message.batch.lines.tally.refused
        if message.task in self.as_read:  # its worker was told to leave off
            return
        window.gathered(message.task, message.batch)
        self._progress.gathered(self._table, message.batch)
        # What an earlier process set aside must not end this one, or no window would get in.
        if refused and message.fresh:
            self._host.set_aside(message.task, refused)
        if window.gathering and window.size >= (self._ordering.window_bytes or sys.maxsize):
            window.gathering -= self._pool.leave(window.gathering)

    def _loaded(self, message: Loaded) -> None:
        refused = self._tasks[message.task][1].load(message.task, message.rows, message.unwritten)
        self._progress.loaded(self._table, message)
        self._progress.rejected(self._table, refused)
        self._host.refused(message)

    def _undo(self, task: Task) -> None:
        """Take back what a task has told that is done again: its worker died, or it failed."""
        window = self._tasks[task.id][1]
        if isinstance(task, GatherRange):
            self._progress.ungathered(self._table, window.drop(task.id))
        self._progress.unloaded(self._table, *window.unload(task.id))

    def _ended(self, ended: Ended) -> None:
        task, window = self._tasks[ended.task]
        match task:
            case GatherRange():
                self._range_ended(window, task, ended)
            case _ if ended.error is not None:
                self._undo(task)
                self._again_or_break(window, task, ended.error, stopped=ended.stopped)
            case CutWindow() if not ended.stopped:
                self._cut_ended(window, *ended.result)
            case LoadSlice() if window.broken or not ended.stopped:
                self._slice_ended(window, task)
            case AdvanceWindow():
                self._advance_ended(window)

    def _range_ended(self, window: Window, task: GatherRange, ended: Ended) -> None:
        if ended.error is not None and task.id not in self.as_read:
            if self._host.judge(task, ended):
                self._undo(task)
                return
            self._ranges.pop(task.id, None)  # what it gathered at last belongs to the window
        window.gathering.discard(task.id)
        if ended.unsorted:
            self._as_read(task.id, window.drop(task.id))
        if ended.closed:
            window.closed.add(task.id)
        self._tell(window, "gathering")
        if not window.gathering and not self._pool.stopping:
            self._all_gathered(window)

    def _all_gathered(self, window: Window) -> None:
        self._alive.gathering = None
        if self._alive.applying is None:
            self._apply(window)
        else:
            self._alive.ready = window
        if self._ordering.overlap and self._alive.ready is None:
            self._open()

    def _as_read(self, task: int, dropped: Iterable[Batch]) -> None:
        """Have a range, of which windows had some batches, applied batch by batch later."""
        if self._ranges.pop(task, None):  # one that was set aside is left to the next process
            self.as_read.add(task)
        self._progress.ungathered(self._table, dropped)

    def _apply(self, window: Window) -> None:
        self._alive.applying = window
        if not window.rows:
            self._advance(window)
            return
        self._tell(window, "cutting")
        cut = CutWindow(
            id=self._host.next_id(),
            table=self._table,
            window=window.folder,
            ranges=window.range_numbers,
            slice_bytes=self._ordering.slice_bytes,
            slices_min=SLICES_A_WORKER * self._host.workers,
        )
        self._add(cut, window)

    def _cut_ended(self, window: Window, slices: int) -> None:
        window.slices = slices
        window.slices_left = {self._host.next_id() for _ in range(window.slices)}
        self._tell(window, "loading")
        for number, one in enumerate(sorted(window.slices_left)):
            load = LoadSlice(id=one, table=self._table, window=window.folder, number=number)
            self._add(load, window)

    def _slice_ended(self, window: Window, task: LoadSlice) -> None:
        window.slices_left.discard(task.id)
        self._tell(window, "loading")
        if window.slices_left or self._pool.stopping:
            return
        if window.broken:
            self._break(window)
        elif error := window.disproof():
            self._host.halt(error)
        else:
            self._advance(window)

    def _advance(self, window: Window) -> None:
        self._tell(window, "advancing")
        advance = AdvanceWindow(
            id=self._host.next_id(),
            table=self._table,
            stretches=window.stretches(),
            remove=self._host.removes,
        )
        self._add(advance, window)

    def _advance_ended(self, window: Window) -> None:
        for one in window.closed & self._ranges.keys():
            self._ranges.pop(one)
            self._host.finished(one)
        self._progress.window(self._table, None)
        self._through(window)

    def _again_or_break(
        self, window: Window, task: Task, error: SnapshotError, *, stopped: bool
    ) -> None:
        """Try a step again if that may help; else have the window applied as it was read.

        An error of the servers or of the run's state ends the run instead.
        """
        self._tries[task.id] += 1
        if isinstance(error, Transient) and self._tries[task.id] < TRIES_MAX:
            self._progress.retried(self._table)
            self._pool.add(task)
        elif isinstance(error, CONCERNS_ALL):
            if not stopped:  # a wait that the operator broke off is no failure
                self._host.halt(error)
        else:
            window.broken = True
            window.slices_left -= {task.id} | self._pool.leave(window.slices_left)
            if not window.slices_left:
                self._break(window)

    def _break(self, window: Window) -> None:
        """Have the ranges of a window applied batch by batch, so that only the bad one fails."""
        for loaded in list(window.loaded):
            self._undo(self._tasks[loaded][0])
        gone = set(window.batches)
        for task in gone:
            self._as_read(task, self._alive.drop(task))
        after = self._alive.gathering
        if after is not None:  # what it would gather of them begins where this window ends
            after.gathering -= self._pool.leave(after.gathering & gone)
            if not after.gathering:
                self._all_gathered(after)
        self._through(window)

    def _through(self, window: Window) -> None:
        """Leave a window, and go on with the one that was gathered meanwhile."""
        shutil.rmtree(window.folder, ignore_errors=True)
        waiting, self._alive.applying, self._alive.ready = self._alive.ready, None, None
        if waiting is not None:
            self._apply(waiting)
            if self._alive.gathering is None:
                self._open()

    def _add(self, task: Task, window: Window) -> None:
        self._tasks[task.id] = (task, window)
        self._pool.add(task)

    def _tell(self, window: Window, step: str) -> None:
        """Show where a window stands; of two, the one that is applied."""
        if self._alive.applying in (None, window):
            self._progress.window(self._table, window.status(step))
