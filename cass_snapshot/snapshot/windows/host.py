"""What a course of windows leaves to the copying phase of a run."""

from __future__ import annotations

from typing import Protocol

from cass_snapshot.errors import SnapshotError
from cass_snapshot.snapshot.messages import Ended, FromWorker, Loaded, Task
from cass_snapshot.snapshot.supervisor import WorkerDeath
from cass_snapshot.snapshot.watch import UnexpectedError


class Host(Protocol):
    """What a course leaves to the copying phase of the run."""

    @property
    def workers(self) -> int:
        """Return how many workers there are at most."""
        ...

    @property
    def removes(self) -> bool:
        """Tell whether segments go that the target has wholly (I4)."""
        ...

    def next_id(self) -> int:
        """Return the number of a task that is none of a range's."""
        ...

    def judge(self, task: Task, ended: Ended) -> bool:
        """Decide about a range that could not be read; True where it is tried again."""
        ...

    def halt(self, error: SnapshotError | UnexpectedError) -> None:
        """End the run."""
        ...

    def finished(self, task: int) -> None:
        """Take a range whose checkpoint is at its end."""
        ...

    def set_aside(self, task: int, rows: int) -> None:
        """Take a number of rows of a range that were set aside while it was read."""
        ...

    def refused(self, message: Loaded) -> None:
        """Take the rows of a slice that the target refused."""
        ...

    def hear(self, message: FromWorker | WorkerDeath) -> None:
        """Take every other message."""
        ...
