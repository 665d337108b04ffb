"""The tasks that a worker was given and has not begun, in order."""

from __future__ import annotations

from collections import deque
from threading import Semaphore

from cass_snapshot.model import TokenRange
from cass_snapshot.snapshot.messages import CopyRange, GatherRange, Task


class Inbox:
    """Filled by the thread that listens to the parent, emptied by the one that captures."""

    def __init__(self) -> None:
        self._tasks: deque[Task | None] = deque()
        self._waiting = Semaphore(0)

    def put(self, task: Task | None) -> None:
        """Add a task; None after the last."""
        self._tasks.append(task)
        self._waiting.release()

    def take(self) -> Task | None:
        """Return the next task when there is one, None after the last."""
        self._waiting.acquire()
        return self._tasks.popleft()

    def following(self, table: int) -> TokenRange | None:
        """Return the range of a table that is read next from its start, as far as is known."""
        # Nobody else takes from it, so what is first stays first.
        match self._tasks[0] if self._tasks else None:
            case CopyRange() as task if task.table == table:
                return task.range
            case GatherRange() as task if task.table == table and task.checkpoint.position is None:
                return task.range
        return None
