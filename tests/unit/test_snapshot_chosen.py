"""The run that ``replay-wal`` writes again, and its target as it is now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from cass_snapshot.errors import LockedError, StateError
from cass_snapshot.model import Hold, RunState, Table
from cass_snapshot.planned import PlannedTarget, TableMapping
from cass_snapshot.settings import Settings
from cass_snapshot.snapshot.chosen import chosen_run
from cass_snapshot.snapshot.holder import own_name
from tests.support.admins import MemoryAdmin
from tests.support.plans import plan, settings

Arrange = Callable[[MemoryAdmin], Settings]


@dataclass(slots=True)
class ChangedAdmin(MemoryAdmin):
    """A server on which somebody has made the target theirs since the run."""

    def plan(self, table: Table, mapping: TableMapping) -> PlannedTarget:
        """Return the target as it is: a row of it may not be replaced any more."""
        return replace(MemoryAdmin.plan(self, table, mapping), owned=False)


@pytest.fixture
def arrange(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Arrange:
    """Return what registers a stopped run of ``orders`` on a server, with its folder here."""

    def register(admin: MemoryAdmin) -> Settings:
        made = plan("orders")
        stopped = [(replace(t.job.record, state=RunState.STOPPED), t.ranges) for t in made.tables]
        admin.ledger.register(stopped)
        folder = tmp_path / "20261120T104211-shop.orders-k3f9"
        folder.mkdir(mode=0o700)
        (folder / "run.json").write_text('{"tables": []}')
        monkeypatch.setattr("cass_snapshot.snapshot.chosen.open_target_admin", lambda _: admin)
        given = settings()
        return given.model_copy(
            update={"run": given.run.model_copy(update={"directory": tmp_path})}
        )

    return register


def test_what_came_since_the_run_forbids_to_replace_rows(arrange: Arrange) -> None:
    """The run recorded that it may; a column that was added since would lose its values."""
    given = arrange(ChangedAdmin(there={"orders"}))
    with chosen_run(given, run=None, table=None) as chosen:
        (job,) = chosen.jobs
    assert not job.target.owned


def test_a_target_that_is_as_it_was_is_written_as_before(arrange: Arrange) -> None:
    """Nothing hangs on it: its rows may be replaced."""
    given = arrange(MemoryAdmin(there={"orders"}))
    with chosen_run(given, run="k3f9", table="shop.orders") as chosen:
        (job,) = chosen.jobs
    assert job.target.owned


def test_a_target_that_is_gone_is_not_written(arrange: Arrange) -> None:
    """Its checkpoints speak of rows that went with it; what fills it again is named."""
    admin = MemoryAdmin()
    given = arrange(admin)
    ((key, found),) = admin.ledger.plans.items()
    admin.ledger.plans[key] = [replace(found[0], batch_seq=1), *found[1:]]
    with (
        pytest.raises(StateError, match="is gone") as refused,
        chosen_run(given, run=None, table=None),
    ):
        pass
    assert "replay-wal --all" in refused.value.fix
    with chosen_run(given, run=None, table=None, whole=True) as chosen:
        chosen.begin({})
    assert admin.there == {"orders"}


def test_a_target_that_was_never_written_is_created_with_the_first_replay(arrange: Arrange) -> None:
    """A run that captured alone has none; nothing is created before it is asked for."""
    admin = MemoryAdmin()
    with chosen_run(arrange(admin), run=None, table=None) as chosen:
        assert admin.there == set()
        chosen.begin({})
    assert admin.there == {"orders"}


def test_a_table_that_a_process_elsewhere_copies_is_not_written(arrange: Arrange) -> None:
    """Its lease says so; one of a dead process of this machine says nothing."""
    admin = MemoryAdmin(there={"orders"})
    given = arrange(admin)
    (record,) = admin.ledger.records
    elsewhere = Hold(run_id=record.run_id, holder="db-7, process 1 on b-1/5", left_s=20)
    admin.ledger.held[record.run_id] = elsewhere
    with (
        pytest.raises(LockedError, match="db-7, process 1 holds it, and has 20 s"),
        chosen_run(given, run=None, table=None),
    ):
        pass
    gone = f"{own_name().rpartition('/')[0]}/1"
    admin.ledger.held[record.run_id] = replace(elsewhere, holder=gone)
    with chosen_run(given, run=None, table=None) as chosen:
        assert len(chosen.jobs) == 1
