"""A table's way through its windows: which task comes next, and what becomes of one that fails."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import count
from pathlib import Path

from cass_snapshot.model import Batch, Checkpoint
from cass_snapshot.snapshot.messages import (
    Captured,
    Ended,
    FromWorker,
    Gathered,
    GatherRange,
    Loaded,
)
from cass_snapshot.snapshot.preflight.ordering import Ordering
from cass_snapshot.snapshot.progress import Progress
from cass_snapshot.snapshot.supervisor import Pool, WorkerDeath
from cass_snapshot.snapshot.watch import UnexpectedError
from cass_snapshot.snapshot.windows.applying import Applying
from cass_snapshot.snapshot.windows.desk import Desk
from cass_snapshot.snapshot.windows.host import Host
from cass_snapshot.snapshot.windows.window import Window


class Course:
    """Applies one table in key order.

    Args:
        table: its number in the plan.
        ranges: what the target has of those that are not done, by the id of their task.
        ordering: how large windows and slices are.
        folder: for scratch files; nothing else lies there.
        pool: runs tasks.
        progress: where numbers go.
        host: the copying phase.
    """

    def __init__(
        self,
        table: int,
        ranges: Mapping[int, Checkpoint],
        ordering: Ordering,
        folder: Path,
        *,
        pool: Pool,
        progress: Progress,
        host: Host,
    ) -> None:
        self._desk = Desk(table, ordering, pool, progress, host)
        self._ranges = dict(ranges)
        self._folder = folder
        self._numbers = count(1)
        self._applying = Applying(
            self._desk, done=self._finish, broken=self._break, through=self._through
        )
        self.as_read: set[int] = set()
        """Ranges that are to be applied as they were read."""

    def run(self) -> None:
        """Apply everything that can be applied in key order."""
        shutil.rmtree(self._folder, ignore_errors=True)  # of a process that died
        while self._ranges and not self._desk.pool.stopping:
            self._open()
            self._desk.pool.run((), self._hear)
        self._desk.progress.window(self._desk.table, None)

    def _open(self) -> None:
        """Begin a window with all ranges of which something may be unread."""
        if not (left := self._desk.alive.left(self._ranges)) or self._desk.pool.stopping:
            return
        number = next(self._numbers)
        window = Window(self._folder / str(number), set(left), number=number)
        for task in left:
            checkpoint = self._desk.alive.reached(task) or self._ranges[task]
            gather = GatherRange(
                id=task,
                table=self._desk.table,
                checkpoint=checkpoint,
                index=window.index_of(checkpoint.range),
            )
            self._desk.add(gather, window)
        self._desk.alive.gathering = window
        self._desk.tell(window, "gathering")

    def _hear(self, message: FromWorker | WorkerDeath) -> None:
        match message:
            case Captured():
                # Its rows count as read when it is gathered, by whoever does that first.
                self._desk.progress.captured(self._desk.table, replace(message, rows=0))
            case Gathered():
                self._gathered(message)
            case Loaded():
                self._applying.loaded(message)
            case Ended() if message.bug is not None:
                self._desk.host.halt(UnexpectedError(message.bug))
            case Ended():
                self._ended(message)
            case WorkerDeath():
                for task in message.tasks:
                    self._applying.undo(task)
                self._desk.host.hear(message)
            case _:
                self._desk.host.hear(message)

    def _gathered(self, message: Gathered) -> None:
        window, refused = self._desk.of(message.task)[1], message.batch.lines.tally.refused
        if message.task in self.as_read:  # its worker was told to leave off
            return
        window.gathered(message.task, message.batch)
        self._desk.progress.gathered(self._desk.table, message.batch)
        # What an earlier process set aside must not end this one, or no window would get in.
        if refused and message.fresh:
            self._desk.host.set_aside(message.task, refused)
        if window.gathering and window.size >= (self._desk.ordering.window_bytes or sys.maxsize):
            window.gathering -= self._desk.pool.leave(window.gathering)

    def _ended(self, ended: Ended) -> None:
        task, window = self._desk.of(ended.task)
        if isinstance(task, GatherRange):
            self._range_ended(window, task, ended)
        else:
            self._applying.ended(window, task, ended)

    def _range_ended(self, window: Window, task: GatherRange, ended: Ended) -> None:
        if ended.error is not None and task.id not in self.as_read:
            if self._desk.host.judge(task, ended):
                self._applying.undo(task)
                return
            self._ranges.pop(task.id, None)  # what it gathered at last belongs to the window
        window.gathering.discard(task.id)
        if ended.unsorted:
            self._as_read(task.id, window.drop(task.id))
        if ended.closed:
            window.closed.add(task.id)
        self._desk.tell(window, "gathering")
        if not window.gathering and not self._desk.pool.stopping:
            self._all_gathered(window)

    def _all_gathered(self, window: Window) -> None:
        self._desk.alive.gathering = None
        if self._desk.alive.applying is None:
            self._apply(window)
        else:
            self._desk.alive.ready = window
        if self._desk.ordering.overlap and self._desk.alive.ready is None:
            self._open()

    def _apply(self, window: Window) -> None:
        self._desk.alive.applying = window
        self._applying.begin(window)

    def _finish(self, window: Window) -> None:
        """Take the ranges of a window whose checkpoints were moved, some of them to their end."""
        for one in window.batches.keys() & self._ranges.keys():
            self._ranges[one] = window.reached(one) or self._ranges[one]
        for one in window.closed & self._ranges.keys():
            self._ranges.pop(one)
            self._desk.host.finished(one)

    def _break(self, window: Window) -> None:
        """Have the ranges of a window applied batch by batch."""
        gone = set(window.batches)
        for task in gone:
            self._as_read(task, self._desk.alive.drop(task))
        after = self._desk.alive.gathering
        if after is not None:  # what it would gather of them begins where this window ends
            after.gathering -= self._desk.pool.leave(after.gathering & gone)
            if not after.gathering:
                self._all_gathered(after)

    def _as_read(self, task: int, dropped: Iterable[Batch]) -> None:
        """Have a range, of which windows had some batches, applied batch by batch later."""
        if self._ranges.pop(task, None):  # one that was set aside is left to the next process
            self.as_read.add(task)
        self._desk.progress.ungathered(self._desk.table, dropped)

    def _through(self, window: Window) -> None:
        """Leave a window, and go on with the one that was gathered meanwhile."""
        shutil.rmtree(window.folder, ignore_errors=True)
        waiting, self._desk.alive.applying, self._desk.alive.ready = (
            self._desk.alive.ready,
            None,
            None,
        )
        if waiting is not None:
            self._apply(waiting)
            if self._desk.alive.gathering is None:
                self._open()
