"""The copying phase of a run with a pool that does nothing, and what it showed."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from cass_snapshot.errors import SnapshotError
from cass_snapshot.settings import LimitsSettings
from cass_snapshot.snapshot.budget import Budget
from cass_snapshot.snapshot.copying import Copying
from cass_snapshot.snapshot.journal import Journal
from cass_snapshot.snapshot.messages import Ended, Task
from cass_snapshot.snapshot.plan import RunPlan
from cass_snapshot.snapshot.progress import Progress
from cass_snapshot.snapshot.rundir import RunDirectory
from cass_snapshot.snapshot.status import Phase
from tests.support.doubles import ListView
from tests.support.plans import first_status, plan


@dataclass(slots=True)
class FakePool:
    """Notes what it is asked for."""

    held: dict[str, tuple[Task, ...]] = field(default_factory=dict)
    again_: list[Task] = field(default_factory=list)
    stops: int = 0

    def add(self, task: Task) -> None:
        """Note a task."""
        self.again_.append(task)

    def stop(self) -> None:
        """Note a stop."""
        self.stops += 1


@dataclass(slots=True)
class Copy:
    """A copying phase, its pool and what it showed."""

    copying: Copying
    pool: FakePool
    progress: Progress
    view: ListView

    def end(self, task: int, error: SnapshotError | None = None, **more: Any) -> None:  # noqa: ANN401 - fields of Ended
        """Report the end of a task."""
        self.copying.hear(Ended(task=task, error=error, closed=error is None, **more))

    def events(self, kind: str) -> list[str]:
        """Return the states of the events of a kind."""
        return [e.status for e in self.view.events if e.event == kind]


def copy(
    folder: Path,
    made: RunPlan | None = None,
    *,
    tables: int = 1,
    rejected_max: str = "0",
    kind: type[Copying] = Copying,
) -> Copy:
    """Return the copying phase of a plan."""
    view = ListView()
    names = [f"t{n}" for n in range(tables)]
    made = made or plan(*names)
    progress = Progress(first_status(tables=tables), lambda: 0.0)
    progress.phase(Phase.COPYING)
    budget = Budget(LimitsSettings(rejected_max=rejected_max), progress)
    journal = Journal("r", RunDirectory(folder), view)
    copying = kind(
        made, progress, journal, budget, folder=folder / "window", known=lambda _: (), workers=2
    )
    pool = FakePool()
    copying.pool = cast("Any", pool)
    return Copy(copying, pool, progress, view)
