"""A table's way through its windows: which task comes next, and what becomes of one that fails."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from cass_snapshot.errors import StateError, Transient
from cass_snapshot.model import TokenRange
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
from cass_snapshot.snapshot.status import WindowStatus
from cass_snapshot.snapshot.supervisor import Pool, WorkerDeath
from cass_snapshot.snapshot.watch import CONCERNS_ALL, UnexpectedError
from cass_snapshot.snapshot.windows.host import Host
from cass_snapshot.snapshot.windows.window import Window

TRIES_MAX = 3
"""How often a step whose error may pass is tried before the window is applied as it was read."""
SLICES_A_WORKER = 4
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
        self._tasks: dict[int, Task] = {}
        self._tries: Counter[int] = Counter()
        self._windows = 0
        self._window = Window(folder, set())
        self.as_read: set[int] = set()
        """Ranges that are to be applied as they were read."""

    def run(self) -> None:
        """Apply everything that can be applied in key order."""
        shutil.rmtree(self._folder, ignore_errors=True)  # of a process that died
        while self._ranges and not self._pool.stopping:
            self._pool.run(self._open(), self._hear)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _open(self) -> list[Task]:
        """Begin a window with all ranges that are left."""
        self._windows += 1
        folder = self._folder / str(self._windows)
        self._window = Window(folder, set(self._ranges))
        self._tasks = {
            task: GatherRange(
                id=task, table=self._table, range=found, index=folder / "ranges" / str(found.number)
            )
            for task, found in self._ranges.items()
        }
        self._tell("gathering")
        return list(self._tasks.values())

    def _hear(self, message: FromWorker | WorkerDeath) -> None:
        match message:
            case Captured():
                self._progress.captured(self._table, message)
            case Gathered():
                self._gathered(message)
            case Loaded():
                new = self._window.load(message.task, message.rows, message.unwritten)
                self._progress.loaded(self._table, message)
                if new:
                    self._progress.rejected(self._table, new)
                    self._host.set_aside(message.task, new)
            case Ended() if message.bug is not None:
                self._host.halt(UnexpectedError(message.bug))
            case Ended():
                self._ended(self._tasks[message.task], message)
            case WorkerDeath():
                for task in message.tasks:
                    self._progress.unloaded(self._table, self._window.unload(task.id))
                self._host.hear(message)
            case _:
                self._host.hear(message)

    def _gathered(self, message: Gathered) -> None:
        window = self._window
        if not window.gathered(message.task, message.batch):
            return
        self._progress.gathered(self._table, message)
        if message.batch.lines.tally.refused:
            self._host.set_aside(message.task, message.batch.lines.tally.refused)
        limit = self._ordering.window_bytes
        if limit is not None and window.size >= limit and window.gathering:
            window.gathering -= self._pool.leave(window.gathering)

    def _ended(self, task: Task, ended: Ended) -> None:
        match task:
            case GatherRange():
                self._range_ended(task, ended)
            case CutWindow():
                self._cut_ended(task, ended)
            case LoadSlice():
                self._slice_ended(task, ended)
            case AdvanceWindow():
                self._advance_ended(task, ended)

    def _range_ended(self, task: GatherRange, ended: Ended) -> None:
        if ended.error is not None and self._host.judge(task, ended):
            return
        if ended.error is not None:
            self._ranges.pop(task.id)  # set aside; what is durable of it belongs to the window
        if ended.unsorted:
            self._as_read(task.id)
        if ended.closed:
            self._window.closed.add(task.id)
        self._window.gathering.discard(task.id)
        self._tell("gathering")
        if self._window.gathering or self._pool.stopping:
            return
        self._tell("cutting")
        if self._window.rows:
            self._add(
                CutWindow(
                    id=self._host.next_id(),
                    table=self._table,
                    window=self._window.folder,
                    slice_bytes=self._ordering.slice_bytes,
                    slices_min=SLICES_A_WORKER * self._host.workers,
                )
            )
        else:
            self._advance()

    def _as_read(self, task: int) -> None:
        """Take a range out of the window; its batches are applied one by one later."""
        self.as_read.add(task)
        self._ranges.pop(task, None)
        gone = self._window.batches.pop(task, {})
        self._window.rows -= sum(batch.lines.rows for batch in gone.values())

    def _cut_ended(self, task: CutWindow, ended: Ended) -> None:
        if ended.error is not None:
            self._again_or_break(task, ended)
            return
        (self._window.slices,) = ended.result
        slices = [
            LoadSlice(
                id=self._host.next_id(),
                table=self._table,
                window=self._window.folder,
                number=number,
            )
            for number in range(self._window.slices)
        ]
        self._window.slices_left = {task.id for task in slices}
        self._tell("loading")
        for one in slices:
            self._add(one)

    def _slice_ended(self, task: LoadSlice, ended: Ended) -> None:
        if ended.stopped:
            return  # the next process applies the window again
        if ended.error is not None:
            self._progress.unloaded(self._table, self._window.unload(task.id))
            self._again_or_break(task, ended)
            return
        self._window.slices_left.discard(task.id)
        self._tell("loading")
        if not self._window.slices_left and not self._pool.stopping:
            self._all_loaded()

    def _all_loaded(self) -> None:
        window = self._window
        if window.broken:
            self._break()
        elif window.rows_in != window.rows:
            error = StateError(
                "the slices of a window do not hold its rows",
                where=f"{window.rows:,} rows were gathered, {window.rows_in:,} written",
                why="the WAL was changed while it was applied, or this is a bug",
                fix='run again with [run] apply_order = "token"; nothing is lost',
            )
            self._host.halt(error)
        else:
            self._advance()

    def _advance(self) -> None:
        self._tell("advancing")
        self._add(
            AdvanceWindow(
                id=self._host.next_id(), table=self._table, stretches=self._window.stretches()
            )
        )

    def _advance_ended(self, task: AdvanceWindow, ended: Ended) -> None:
        if ended.error is not None:
            self._again_or_break(task, ended)
            return
        shutil.rmtree(self._window.folder, ignore_errors=True)
        for one in self._window.closed & self._ranges.keys():
            self._ranges.pop(one)
            self._host.finished(one)
        self._tell("")

    def _again_or_break(self, task: Task, ended: Ended) -> None:
        """Try a step again if that may help; else have the window applied as it was read.

        An error of the servers or of the run's state ends the run instead.
        """
        error = ended.error
        self._tries[task.id] += 1
        if isinstance(error, Transient) and self._tries[task.id] < TRIES_MAX:
            self._progress.retried(self._table)
            self._pool.add(task)
        elif isinstance(error, CONCERNS_ALL):
            if not ended.stopped:  # a wait that the operator broke off is no failure
                self._host.halt(error)
        else:
            self._window.broken = True
            self._window.slices_left.discard(task.id)
            if not self._window.slices_left:
                self._break()

    def _break(self) -> None:
        """Have the ranges of the window applied batch by batch, so that only the bad one fails."""
        for task in self._window.loaded.copy():
            self._progress.unloaded(self._table, self._window.unload(task))
        for task in list(self._window.batches):
            self._as_read(task)
        shutil.rmtree(self._window.folder, ignore_errors=True)

    def _add(self, task: Task) -> None:
        self._tasks[task.id] = task
        self._pool.add(task)

    def _tell(self, step: str) -> None:
        """Show where the window stands; nothing once it is through."""
        window = self._window
        self._progress.window(
            self._table,
            WindowStatus(
                number=self._windows,
                step=step,
                ranges=len(self._ranges),
                ranges_gathered=len(self._ranges.keys() - window.gathering),
                slices=window.slices,
                slices_loaded=window.slices - len(window.slices_left),
            )
            if step
            else None,
        )
