"""At the end of a copy its tables are looked at once more; overload is told and answered."""

from __future__ import annotations

from pathlib import Path

import pytest

from cass_snapshot.errors import (
    SnapshotError,
    SourceOverloaded,
    SourceUnavailable,
    StateError,
)
from cass_snapshot.model import Table
from cass_snapshot.snapshot.journal import Journal
from cass_snapshot.snapshot.messages import Waiting
from cass_snapshot.snapshot.progress import Progress
from cass_snapshot.snapshot.rundir import RunDirectory
from cass_snapshot.snapshot.unchanged import refuse_changed
from cass_snapshot.snapshot.watch import Watch
from tests.support.admins import MemorySource
from tests.support.doubles import ListView
from tests.support.plans import first_status, plan, source_table


class Source(MemorySource):
    """A source that meets some errors before it answers, and notes which tables were looked at."""

    def __init__(self, *meets: SnapshotError) -> None:
        super().__init__({name: source_table(name) for name in ("a", "b")})
        self.meets = list(meets)
        self.seen: list[str] = []

    def refuse_changed(self, table: Table) -> None:
        """Note a table, or meet an error."""
        if self.meets:
            raise self.meets.pop(0)
        self.seen.append(table.name.name)
        super().refuse_changed(table)


def look(source: Source, heard: list[Waiting], *, stopped: bool = False) -> None:
    """Look at the tables of a run."""
    refuse_changed(
        plan("a", "b"), source, unavailable_s=60.0, hear=heard.append, stopped=lambda: stopped
    )


def test_every_table_of_a_run_is_looked_at() -> None:
    """Once each."""
    source = Source()
    look(source, [])
    assert source.seen == ["a", "b"]


def test_a_table_that_changed_is_an_error_of_state() -> None:
    """The run must not be called whole."""
    source = Source()
    source.changed = StateError("the schema of shop.a changed")
    with pytest.raises(StateError):
        look(source, [])


def test_a_source_that_is_away_is_waited_for_and_told() -> None:
    """Every row is in by then; a look is worth the wait."""
    heard: list[Waiting] = []
    source = Source(SourceUnavailable("s"), SourceUnavailable("s"))
    look(source, heard)
    assert source.seen == ["a", "b"]
    assert [type(m.error) for m in heard] == [SourceUnavailable] * 3
    assert [m.pause_s is None for m in heard] == [False, False, True]


def test_a_wish_to_stop_ends_the_look() -> None:
    """After the wait that was told, and no later."""
    heard: list[Waiting] = []
    source = Source(*[SourceUnavailable("s")] * 9)
    with pytest.raises(SourceUnavailable):
        look(source, heard, stopped=True)
    assert len(heard) == 1


def test_a_source_with_too_much_to_do_is_left_with_fewer_workers(tmp_path: Path) -> None:
    """The operator sees how many are left; where none went, nothing is said of it."""
    view, left = ListView(), [4, None, 1]
    progress = Progress(first_status(), lambda: 0.0)
    watch = Watch(progress, Journal("r", RunDirectory(tmp_path), view))
    watch.ease = lambda: left.pop(0)
    for _ in range(3):
        watch.hear(Waiting(error=SourceOverloaded("too much", where="w"), pause_s=1.0))
    retries = [e for e in view.events if e.event == "retry"]
    assert [e.fields["workers"] for e in retries] == [4, 1]
    assert "4 workers read until it is quiet" in retries[0].message
    assert "one worker reads" in retries[1].message
    assert [e.fields["side"] for e in view.events if e.event == "pause"] == ["source"]
