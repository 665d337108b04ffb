"""Ranges that failed are tried once more when everything else is through."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from cass_snapshot.errors import RangeFailed, SnapshotError
from cass_snapshot.snapshot.messages import CopyRange, Ended, Task
from cass_snapshot.snapshot.supervisor import Pool
from tests.support.copy_phase import Copy, copy


@dataclass(slots=True)
class Script:
    """A pool whose tasks end as it is written: what each meets at its first run, and at later ones.

    ``stops`` is how many tasks end before somebody asks it to stop.
    """

    meets: dict[int, list[SnapshotError | None]]
    ran: list[int] = field(default_factory=list)
    held: dict[str, tuple[Task, ...]] = field(default_factory=dict)
    stops: int = 1000
    stopping: bool = False

    def run(self, tasks: Iterable[CopyRange], hear: Callable[[object], None]) -> None:
        """End each task."""
        for task in tasks:
            self.ran.append(task.id)
            script = self.meets.get(task.id, [])
            error = script.pop(0) if script else None
            hear(Ended(task=task.id, error=error, closed=error is None))
            self.stopping = self.stopping or len(self.ran) >= self.stops


def played(folder: Path, script: Script) -> Copy:
    """Return a copying phase of four ranges that was run."""
    made = copy(folder)
    made.copying.run(cast("Pool", script))
    return made


REFUSED = RangeFailed("a row does not fit")


def test_a_range_whose_trouble_is_gone_does_not_fail_the_run(tmp_path: Path) -> None:
    """A replica was down for a while, or somebody mended the target."""
    script = Script({2: [REFUSED]})
    made = played(tmp_path, script)
    assert script.ran == [0, 1, 2, 3, 2]
    assert made.copying.failed == {}
    assert made.copying.complete(0)
    assert made.progress.status().tables[0].failures == ()
    assert made.events("retry") == ["started"]


def test_a_range_that_fails_again_is_told_once_with_all_its_tries(tmp_path: Path) -> None:
    """And is not tried for ever."""
    script = Script({1: [REFUSED] * 9, 3: [REFUSED] * 9})
    made = played(tmp_path, script)
    assert script.ran == [0, 1, 2, 3, 1, 3]
    assert [(f.range, f.attempts) for f in made.copying.failed[0]] == [(1, 2), (3, 2)]
    assert made.progress.status().tables[0].failures == tuple(made.copying.failed[0])


def test_a_run_that_stops_tries_nothing_more(tmp_path: Path) -> None:
    """What failed stays failed, and is tried by the run that continues."""
    script = Script({0: [REFUSED]}, stops=4)
    made = played(tmp_path, script)
    assert script.ran == [0, 1, 2, 3]
    assert [f.range for f in made.copying.failed[0]] == [0]
