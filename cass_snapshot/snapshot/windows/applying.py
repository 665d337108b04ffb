"""The way of a window into the target: cut, load, advance, and what becomes of a failing step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from cass_snapshot.errors import SnapshotError, Transient
from cass_snapshot.snapshot.messages import (
    AdvanceWindow,
    CutWindow,
    Ended,
    GatherRange,
    Loaded,
    LoadSlice,
    Task,
)
from cass_snapshot.snapshot.watch import CONCERNS_ALL
from cass_snapshot.snapshot.windows.desk import Desk
from cass_snapshot.snapshot.windows.window import Window

TRIES_MAX = 3
"""How often a step whose error may pass is tried before the window is applied as it was read."""
SLICES_A_WORKER = 8
"""Fewer would let workers wait for the last one."""


class Applying:
    """Applies windows, one at a time.

    Args:
        desk: what it works with.
        done: takes a window whose checkpoints were moved.
        broken: takes a window that is to be applied as it was read.
        through: takes a window that nothing is left to do with; after either.
    """

    def __init__(
        self,
        desk: Desk,
        *,
        done: Callable[[Window], None],
        broken: Callable[[Window], None],
        through: Callable[[Window], None],
    ) -> None:
        self._desk = desk
        self._done = done
        self._broken = broken
        self._through = through
        self._tries: Counter[int] = Counter()

    def ended(self, window: Window, task: Task, ended: Ended) -> None:
        """Take the end of one of the steps."""
        match task:
            case _ if ended.error is not None:
                self.undo(task)
                self._again_or_break(window, task, ended.error, stopped=ended.stopped)
            case CutWindow() if not ended.stopped:
                self._cut_ended(window, *ended.result)
            case LoadSlice() if window.broken or not ended.stopped:
                self._slice_ended(window, task)
            case AdvanceWindow():
                self._advance_ended(window)

    def begin(self, window: Window) -> None:
        """Cut a window into slices, and go on from there."""
        if not window.rows:
            self._advance(window)
            return
        self._desk.tell(window, "cutting")
        cut = CutWindow(
            id=self._desk.host.next_id(),
            table=self._desk.table,
            window=window.folder,
            ranges=window.range_numbers,
            slice_bytes=self._desk.ordering.slice_bytes,
            slices_min=SLICES_A_WORKER * self._desk.host.workers,
        )
        self._desk.add(cut, window)

    def loaded(self, message: Loaded) -> None:
        """Take rows of a slice that are in, or refused."""
        refused = self._desk.of(message.task)[1].load(message.task, message.rows, message.unwritten)
        self._desk.progress.loaded(self._desk.table, message)
        self._desk.progress.rejected(self._desk.table, refused)
        self._desk.host.refused(message)

    def undo(self, task: Task) -> None:
        """Take back what a task has told that is done again: its worker died, or it failed."""
        window = self._desk.of(task.id)[1]
        if isinstance(task, GatherRange):
            self._desk.progress.ungathered(self._desk.table, window.drop(task.id))
        self._desk.progress.unloaded(self._desk.table, *window.unload(task.id))

    def _cut_ended(self, window: Window, slices: int) -> None:
        window.slices = slices
        window.slices_left = {self._desk.host.next_id() for _ in range(window.slices)}
        self._desk.tell(window, "loading")
        for number, one in enumerate(sorted(window.slices_left)):
            load = LoadSlice(id=one, table=self._desk.table, window=window.folder, number=number)
            self._desk.add(load, window)

    def _slice_ended(self, window: Window, task: LoadSlice) -> None:
        window.slices_left.discard(task.id)
        self._desk.tell(window, "loading")
        if window.slices_left or self._desk.pool.stopping:
            return
        if window.broken:
            self._break(window)
        elif error := window.disproof():
            self._desk.host.halt(error)
        else:
            self._advance(window)

    def _advance(self, window: Window) -> None:
        self._desk.tell(window, "advancing")
        advance = AdvanceWindow(
            id=self._desk.host.next_id(),
            table=self._desk.table,
            stretches=window.stretches(),
            remove=self._desk.host.removes,
        )
        self._desk.add(advance, window)

    def _advance_ended(self, window: Window) -> None:
        self._done(window)
        self._desk.progress.window(self._desk.table, None)
        self._through(window)

    def _again_or_break(
        self, window: Window, task: Task, error: SnapshotError, *, stopped: bool
    ) -> None:
        """Try a step again if that may help; else have the window applied as it was read.

        An error of the servers or of the run's state ends the run instead.
        """
        self._tries[task.id] += 1
        if isinstance(error, Transient) and self._tries[task.id] < TRIES_MAX:
            self._desk.progress.retried(self._desk.table)
            self._desk.pool.add(task)
        elif isinstance(error, CONCERNS_ALL):
            if not stopped:  # a wait that the operator broke off is no failure
                self._desk.host.halt(error)
        else:
            window.broken = True
            window.slices_left -= {task.id} | self._desk.pool.leave(window.slices_left)
            if not window.slices_left:
                self._break(window)

    def _break(self, window: Window) -> None:
        """Have the ranges of a window applied batch by batch, so that only the bad one fails."""
        for loaded in list(window.loaded):
            self.undo(self._desk.of(loaded)[0])
        self._broken(window)
        self._through(window)
