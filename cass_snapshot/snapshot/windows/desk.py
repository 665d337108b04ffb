"""What all steps of a table's windows share: whom they tell, and whose a task is."""

from __future__ import annotations

from dataclasses import dataclass, field

from cass_snapshot.snapshot.messages import Task
from cass_snapshot.snapshot.preflight.ordering import Ordering
from cass_snapshot.snapshot.progress import Progress
from cass_snapshot.snapshot.supervisor import Pool
from cass_snapshot.snapshot.windows.host import Host
from cass_snapshot.snapshot.windows.window import Pipeline, Window


@dataclass(slots=True)
class Desk:
    """A table and its surroundings.

    Args:
        table: its number in the plan.
        ordering: how large windows and slices are.
        pool: runs tasks.
        progress: where numbers go.
        host: the copying phase.
    """

    table: int
    ordering: Ordering
    pool: Pool
    progress: Progress
    host: Host
    alive: Pipeline = field(default_factory=Pipeline)
    _tasks: dict[int, tuple[Task, Window]] = field(default_factory=dict)

    def add(self, task: Task, window: Window) -> None:
        """Have a task of a window done."""
        self._tasks[task.id] = (task, window)
        self.pool.add(task)

    def of(self, task: int) -> tuple[Task, Window]:
        """Return a task by its number, and its window."""
        return self._tasks[task]

    def tell(self, window: Window, step: str) -> None:
        """Show where a window stands; of two, the one that is applied."""
        if self.alive.applying in (None, window):
            self.progress.window(self.table, window.status(step))
