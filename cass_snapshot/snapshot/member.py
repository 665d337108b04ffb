"""One worker of a pool, as the parent knows it."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from time import monotonic

from cass_snapshot.snapshot.messages import Task

STUCK_AFTER_S = 660.0
"""How long a worker may say nothing of a task that it should speak of: longer than every time limit
of a request, a statement and a lock. One whose servers are away says that it waits."""
log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class Member:
    """A live worker, what it holds, and when it last said something or was given a first task."""

    name: str
    process: BaseProcess
    pipe: Connection[object, object]
    tasks: dict[int, Task] = field(default_factory=dict)
    heard_at: float = field(default_factory=monotonic)

    def tell(self, order: object) -> None:
        """Send it an order, if it is still there."""
        try:
            self.pipe.send(order)
        except OSError:  # it died; its sentinel says so, and its tasks are given to another
            log.debug("worker %s is gone", self.name)

    def give(self, task: Task) -> None:
        """Hand it a task."""
        if not self.tasks:
            self.heard_at = monotonic()
        self.tasks[task.id] = task
        self.tell(task)

    def stuck_s(self) -> float | None:
        """Return how long it has been silent, where that is too long; None where all is well."""
        first = next(iter(self.tasks.values()), None)
        silent = monotonic() - self.heard_at
        return silent if first and first.speaks and silent > STUCK_AFTER_S else None
