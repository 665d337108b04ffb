"""A worker process: captures token ranges in one thread and applies them in another.

    pipe ── tasks ──> capture thread ── durable batches (at most two) ──> main thread ── MySQL
                       (source, WAL)                                        (target)

While the main thread applies the end of one range, the capture thread reads the next. A third
thread listens to the parent: a closed pipe means that it died, and the worker ends at once, which
is safe at every instruction.
"""

from __future__ import annotations

import gc
import logging
import os
import threading
import traceback
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from functools import partial
from multiprocessing.connection import Connection
from queue import Queue
from resource import RUSAGE_SELF, getrusage
from time import perf_counter

from cass_snapshot.errors import SnapshotError
from cass_snapshot.logs import configure_worker
from cass_snapshot.model import Batch, Lines, RangeState
from cass_snapshot.retry import Patience
from cass_snapshot.snapshot.apply import apply
from cass_snapshot.snapshot.batches import RangeBatches
from cass_snapshot.snapshot.census import Census
from cass_snapshot.snapshot.disk import disk_error
from cass_snapshot.snapshot.inbox import Inbox
from cass_snapshot.snapshot.messages import (
    AdvanceWindow,
    Applied,
    CopyRange,
    CountSource,
    CountTarget,
    CutWindow,
    Ended,
    FindMissing,
    FromWorker,
    GatherRange,
    Leave,
    Loaded,
    LoadSlice,
    Stop,
    Task,
    Waiting,
)
from cass_snapshot.snapshot.windows.work import WindowWork
from cass_snapshot.wiring import Job, Parts

HANDOFF_BATCHES = 2
"""Enough to keep both halves busy; more would only hold memory."""
PARENT_DIED = 75
log = logging.getLogger(__name__)


def main(pipe: Connection[object, object], job: Job, name: str) -> None:
    """Serve the parent until it says no more."""
    # What pages are made of has no cycles; looking for them over and over costs a tenth.
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)
    gc.enable()
    configure_worker(job.settings.log, job.run_log)
    Worker(pipe, job, name).serve()
    log.info("%s ends; it had %d MiB at most", name, getrusage(RUSAGE_SELF).ru_maxrss // 1024)


class Worker:
    """One process's share of a job."""

    def __init__(self, pipe: Connection[object, object], job: Job, name: str) -> None:
        self._pipe = pipe
        self._sending = threading.Lock()
        self._stop = threading.Event()
        self._abandoned: int | None = None
        self._inbox = Inbox()
        self._left: set[int] = set()
        self._handoff: Queue[Task | Batch | Lines | Ended | None] = Queue(HANDOFF_BATCHES)
        self._patience = Patience(
            unavailable_s=job.settings.mysql.unavailable_timeout_s,
            tell=lambda error, pause: self._send(Waiting(error=error, pause_s=pause)),
            over=lambda error: self._send(Waiting(error=error, pause_s=None)),
            stop=self._stop,
        )
        self._parts = Parts(job, name=name, patience=self._patience)
        self._removes = job.settings.run.removes_applied
        self._windows = WindowWork(
            self._parts,
            self._patience,
            self._send,
            leaving=self._leaving,
            following=self._inbox.following,
            rows_max=job.settings.mysql.batch_rows_max,
        )

    def serve(self) -> None:
        """Do what the parent asks until the pipe says that there is no more."""
        threading.Thread(target=self._listen, name="listen", daemon=True).start()
        threading.Thread(target=self._capture_all, name="capture", daemon=True).start()
        while (task := self._handoff.get()) is not None:
            if isinstance(task, Task):
                self._apply_task(task)
        self._parts.close()

    def _listen(self) -> None:
        """Take tasks; end the process when the parent is gone."""
        while True:
            try:
                order = self._pipe.recv()
            except (EOFError, OSError):
                self._parts.remove_scratch(orphaned=True)
                os._exit(PARENT_DIED)
            if isinstance(order, Stop):
                self._stop.set()
            if isinstance(order, Leave):
                self._left.add(order.task)
            if isinstance(order, Task):
                self._left.discard(order.id)  # it may be given again later
                self._inbox.put(order)
            elif order is None:
                self._inbox.put(None)

    def _send(self, message: FromWorker) -> None:
        with self._sending:
            self._pipe.send(message)

    def _capture_all(self) -> None:
        """Do the reading half of each task and hand on what the other half needs."""
        while (task := self._inbox.take()) is not None:
            self._handoff.put(task)
            self._handoff.put(self._capture_task(task))
        self._handoff.put(None)

    def _capture_task(self, task: Task) -> Ended:
        if self._stop.is_set():
            return Ended(task=task.id, stopped=True)
        try:
            return self._do(task)
        except SnapshotError as error:
            return Ended(task=task.id, error=error, stopped=self._stop.is_set())
        except OSError as error:
            return Ended(task=task.id, error=disk_error(error))
        except Exception:  # noqa: BLE001 - carried to the parent, which ends the run with exit 1
            return Ended(task=task.id, bug=traceback.format_exc())

    def _do(self, task: Task) -> Ended:
        match task:
            case CopyRange():
                return self._capture_range(task)
            case GatherRange():
                return self._windows.gather(task)
            case CutWindow():
                return self._windows.cut(task)
            case LoadSlice():
                for lines in self._windows.chunks(task):
                    self._handoff.put(lines)
                return Ended(task=task.id, stopped=self._leaving(task.id))
            case AdvanceWindow():
                return Ended(task=task.id)  # the applying thread's connection does it
            case CountSource():
                result = self._census.count_source(task)
            case CountTarget():
                # A pass that broke off is done again from its start: one snapshot, or none.
                result = self._patience.call(lambda: self._census.count_target(task))
            case FindMissing():
                result = self._census.find_missing(task)
            case _:
                raise TypeError(f"no such task: {task!r}")
        return Ended(task=task.id, result=result, stopped=self._stop.is_set())

    @property
    def _census(self) -> Census:
        return Census(self._parts, self._stop, self._send)

    def _capture_range(self, task: CopyRange) -> Ended:
        """Bring a range's WAL up to its end: first what MySQL lacks of it, then what is unread."""
        checkpoint = self._patience.call(
            lambda: self._parts.reader(task.table).checkpoint(task.range)
        )
        if checkpoint.state is RangeState.DONE:  # a worker died between COMMIT and its report (I8)
            return Ended(task=task.id, closed=True)
        following = partial(self._inbox.following, task.table)
        found = RangeBatches(self._parts, self._patience, task, self._send, following)
        last: Batch | None = None
        with closing(found.after(checkpoint)) as batches:
            for batch in batches:
                if batch.closing:
                    last = batch
                    break
                self._handoff.put(batch)
                if self._leaving(task.id):
                    break
        if last is None:
            return Ended(task=task.id, stopped=True)
        # Its segment is sealed by now, so that it may go as soon as the target has the batch.
        self._handoff.put(last)
        return Ended(task=task.id, closed=True)

    def _leaving(self, task: int) -> bool:
        """Tell whether a task is to be left off after what is in hand."""
        return self._stop.is_set() or self._abandoned == task or task in self._left

    def _apply_task(self, task: Task) -> None:
        """Apply a task's batches as they come, and report its end when all of them are in."""
        self._ended: Ended | None = None
        error: SnapshotError | None = None
        bug: str | None = None
        try:
            self._apply_handed(task)
        except SnapshotError as failed:
            error = failed
        except OSError as failed:  # a row that was set aside could not be kept
            error = disk_error(failed)
        except Exception:  # noqa: BLE001 - carried to the parent, which ends the run with exit 1
            bug = traceback.format_exc()
        if self._ended is None:
            self._abandoned = task.id
            for _ in self._handed():
                pass  # the capture half leaves off at its next batch; what it wrote is in the WAL
            self._abandoned = None
        ended = self._ended or Ended(task=task.id)
        self._send(
            replace(
                ended,
                error=error or ended.error,
                bug=bug or ended.bug,
                # The capture half also leaves off when this half failed; that is no wish to stop.
                stopped=self._stop.is_set() or (ended.stopped and error is None),
            )
        )

    def _handed(self) -> Iterator[Batch | Lines]:
        """Yield what the present task hands on until its end."""
        while not isinstance(item := self._handoff.get(), Ended):
            if isinstance(item, Batch | Lines):
                self._handed_at = perf_counter()
                yield item
        self._ended = item

    def _batches(self) -> Iterator[Batch]:
        return (item for item in self._handed() if isinstance(item, Batch))

    def _apply_handed(self, task: Task) -> None:
        """Write what a task hands on; most tasks hand on nothing."""
        match task:
            case CopyRange():
                self._apply_batches(task)
            case LoadSlice():
                self._load(task)
            case AdvanceWindow():
                target = self._parts.target(task.table)
                self._patience.call(lambda: target.advance(task.stretches))
                if task.remove:
                    self._windows.remove_applied(task)
        for _ in self._handed() if self._ended is None else ():
            pass

    def _load(self, task: LoadSlice) -> None:
        """Write the rows of a slice; a transaction whose answer was lost is written again."""
        target = self._parts.target(task.table)
        where = f"slice {task.number}"
        for lines in self._handed():
            assert isinstance(lines, Lines)  # noqa: S101 - a slice hands on nothing else
            unwritten = self._patience.call(lambda lines=lines: target.load(lines, where))  # type: ignore[misc]  # mypy cannot infer a lambda with defaults
            self._send(
                Loaded(
                    task=task.id,
                    rows=lines.rows - len(unwritten),
                    seconds=perf_counter() - self._handed_at,
                    how=target.how,
                    unwritten=unwritten,
                )
            )

    def _apply_batches(self, task: CopyRange) -> None:
        target = self._parts.target(task.table)
        segment = ""
        for batch, written in apply(self._batches(), target, self._patience):
            if self._removes and (batch.closing or batch.segment != segment):
                self._parts.remove_applied(task.table, batch)
                segment = batch.segment
            self._send(
                Applied(
                    task=task.id,
                    rows=batch.lines.rows - written.rejected,
                    fresh=written.fresh,
                    seconds=perf_counter() - self._handed_at,
                    how=target.how,
                    rejected=batch.lines.tally.refused + written.rejected,
                    tally=batch.lines.tally,
                )
            )
