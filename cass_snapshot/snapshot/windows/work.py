"""What a worker does for a window, besides the writing itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from functools import partial

from cass_snapshot.model import Batch, Lines, TokenRange
from cass_snapshot.retry import Patience
from cass_snapshot.snapshot.batches import RangeBatches
from cass_snapshot.snapshot.messages import (
    AdvanceWindow,
    CutWindow,
    Ended,
    FromWorker,
    Gathered,
    GatherRange,
    LoadSlice,
)
from cass_snapshot.snapshot.windows.index import IndexWriter
from cass_snapshot.snapshot.windows.loading import SliceReader
from cass_snapshot.snapshot.windows.slices import cut
from cass_snapshot.wiring import Parts

Leaving = Callable[[int], bool]


class WindowWork:
    """One worker's share of windows; used by its capturing thread.

    Args:
        parts: what the worker has opened.
        patience: how long servers that are away are waited for.
        send: tells the parent.
        leaving: tells whether a task is to be left off.
        following: tells which range of a table is read next.
        rows_max: rows of a transaction at most.
    """

    def __init__(
        self,
        parts: Parts,
        patience: Patience,
        send: Callable[[FromWorker], None],
        *,
        leaving: Leaving,
        following: Callable[[int], TokenRange | None],
        rows_max: int,
    ) -> None:
        self._parts = parts
        self._patience = patience
        self._send = send
        self._leaving = leaving
        self._following = following
        self._rows_max = rows_max

    def gather(self, task: GatherRange) -> Ended:
        """Bring a range's WAL up to its end, and note all its batches that the target lacks."""
        if self._leaving(task.id):
            return Ended(task=task.id, stopped=True)
        if task.index is None:
            return self._keep(task)
        index = IndexWriter(task.index, self._parts.order(task.table))
        found = self._batches_of(task)
        try:
            with closing(found.after(task.checkpoint)) as batches:
                for batch in batches:
                    if batch.lines.rows and not batch.blocks:
                        index.clear()
                        return Ended(task=task.id, unsorted=True)
                    index.add(batch)
                    self._send(
                        Gathered(task=task.id, batch=_without_rows(batch), fresh=found.reading)
                    )
                    if batch.closing:
                        return Ended(task=task.id, closed=True)
                    if self._leaving(task.id):
                        break
        finally:
            index.write()  # also where it failed: what is durable belongs to the window
        return Ended(task=task.id, stopped=True)

    def _keep(self, task: GatherRange) -> Ended:
        """Bring a range's WAL up to its end, and tell all its batches that the target lacks."""
        found = self._batches_of(task)
        with closing(found.after(task.checkpoint)) as batches:
            for batch in batches:
                self._send(Gathered(task=task.id, batch=_without_rows(batch), fresh=found.reading))
                if batch.closing:
                    return Ended(task=task.id, closed=True)
                if self._leaving(task.id):
                    break
        return Ended(task=task.id, stopped=True)

    def _batches_of(self, task: GatherRange) -> RangeBatches:
        following = partial(self._following, task.table)
        return RangeBatches(self._parts, self._patience, task, self._send, following)

    def remove_applied(self, task: AdvanceWindow) -> None:
        """Remove the segments of which the target has everything (I4)."""
        for stretch in task.stretches:
            last = stretch.batches[-1]
            self._parts.remove_applied(task.table, last)

    def cut(self, task: CutWindow) -> Ended:
        """Cut a window into slices; the result is how many."""
        slices = cut(
            task.window, task.ranges, slice_bytes=task.slice_bytes, at_least=task.slices_min
        )
        return Ended(task=task.id, result=(slices,))

    def chunks(self, task: LoadSlice) -> Iterator[Lines]:
        """Yield the rows of a slice, a transaction at a time, until the task is left off."""
        order = self._parts.order(task.table)
        with closing(self._parts.blocks(task.table)) as blocks:
            reader = SliceReader(task.window, blocks, order, rows_max=self._rows_max)
            for lines in reader.chunks(task.number):
                yield lines
                if self._leaving(task.id):
                    return


def _without_rows(batch: Batch) -> Batch:
    return replace(batch, lines=replace(batch.lines, data=b"", cuts=()), blocks=())
