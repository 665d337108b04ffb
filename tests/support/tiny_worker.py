"""A worker of few imports, in the place of the real one, so that a pool can be tried quickly.

What it does with a task is said by the task's table: 0 ends it; 1 kills the process the first time
that the task is seen (the job is the folder where that is noted); 2 kills it every time; 3 waits to
be stopped.
"""

from __future__ import annotations

import os
import signal
from multiprocessing.connection import Connection
from pathlib import Path
from typing import ClassVar

from cass_snapshot.snapshot.messages import Ended, Stop, Task
from cass_snapshot.snapshot.process import Assignment

ENDS, DIES_ONCE, DIES_ALWAYS, WAITS = range(4)


class Ahead(Task):
    """A task whose first page is asked for ahead, as a range's is."""

    ahead: ClassVar[bool] = True


class Speaks(Task):
    """A task of whose every batch a worker tells."""

    speaks: ClassVar[bool] = True


def begin(pipe: Connection[object, object]) -> None:
    """Serve the parent until it says no more, or is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    assigned = pipe.recv()
    assert isinstance(assigned, Assignment)
    waiting: list[Task] = []
    while True:
        try:
            order = pipe.recv()
        except EOFError:
            return
        if order is None:
            return
        if isinstance(order, Stop):
            for task in waiting:
                pipe.send(Ended(task=task.id, stopped=True))
            waiting.clear()
        elif isinstance(order, Task):
            _do(pipe, order, Path(str(assigned.job)), waiting)


def _do(pipe: Connection[object, object], task: Task, folder: Path, waiting: list[Task]) -> None:
    seen = folder / str(task.id)
    if task.table == DIES_ALWAYS or (task.table == DIES_ONCE and not seen.exists()):
        seen.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    if task.table == WAITS:
        waiting.append(task)
    else:
        pipe.send(Ended(task=task.id, result=(os.getpid(),)))
