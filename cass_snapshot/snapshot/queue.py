"""The tasks that no worker holds yet, those that read and those that write apart."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable

from cass_snapshot.snapshot.messages import Task


class TaskQueue:
    """First in, first out, for each kind of task."""

    def __init__(self) -> None:
        self._kinds: dict[bool, deque[Task]] = {False: deque(), True: deque()}

    def __len__(self) -> int:
        """Return how many tasks wait."""
        return sum(map(len, self._kinds.values()))

    @property
    def kinds(self) -> list[bool]:
        """Return which kinds of tasks wait: those that write (True), those that do not."""
        return [kind for kind, tasks in self._kinds.items() if tasks]

    def follows(self, workers: int) -> bool:
        """Tell whether the next task that reads is asked for ahead, and others are left for all."""
        reading = self._kinds[False]
        return len(reading) > workers and reading[0].ahead

    def extend(self, tasks: Iterable[Task]) -> None:
        """Put tasks at the end."""
        for task in tasks:
            self._kinds[task.writes].append(task)

    def put_first(self, task: Task) -> None:
        """Put a task before all others of its kind."""
        self._kinds[task.writes].appendleft(task)

    def take(self, *, writes: bool) -> Task | None:
        """Take the oldest task of a kind, None where there is none."""
        tasks = self._kinds[writes]
        return tasks.popleft() if tasks else None

    def remove(self, ids: Collection[int]) -> set[int]:
        """Remove some tasks; return which of them waited here."""
        found = {task.id for tasks in self._kinds.values() for task in tasks if task.id in ids}
        for kind, tasks in self._kinds.items():
            self._kinds[kind] = deque(task for task in tasks if task.id not in found)
        return found

    def clear(self) -> None:
        """Forget every task."""
        for tasks in self._kinds.values():
            tasks.clear()
