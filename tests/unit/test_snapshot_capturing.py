"""``--capture-only`` in the parent: what is counted, what is told, and how such a run ends."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from cass_snapshot.errors import Transient, UsageError, ValueRefused
from cass_snapshot.model import Lines, RunState, Tally
from cass_snapshot.settings import Settings
from cass_snapshot.snapshot.capturing import Capturing, refuse_ceiling
from cass_snapshot.snapshot.ending import Ending
from cass_snapshot.snapshot.messages import Captured, Gathered, GatherRange
from cass_snapshot.snapshot.registering import register
from cass_snapshot.snapshot.signals import StopRequest
from tests.support.admins import MemoryAdmin
from tests.support.copy_phase import Copy, copy
from tests.support.plans import plan, settings
from tests.support.target_bench import batch as wal_batch

ROWS = 10


def gathered(task: int, seq: int, *, fresh: bool = True, refused: int = 0) -> Gathered:
    """Return what a worker tells of a batch of ten rows."""
    ids = tuple(f"{task}-{seq}-{n}" for n in range(refused))
    tally = Tally(refused=refused, ids=ids)
    batch = replace(wal_batch(seq, []), lines=Lines(data=b"", rows=ROWS, words=0, tally=tally))
    return Gathered(task=task, batch=batch, fresh=fresh)


def capturing(folder: Path, rejected_max: str = "0") -> Copy:
    """Return the capturing phase of a run of one table in four ranges."""
    return copy(folder, rejected_max=rejected_max, kind=Capturing)


def test_every_range_is_captured_and_none_is_to_be_noted_for_a_window(tmp_path: Path) -> None:
    """What the target has of it comes with the task: nobody need ask MySQL."""
    tasks = capturing(tmp_path).copying.tasks
    assert len(tasks) == 4
    for task in tasks:
        assert isinstance(task, GatherRange)
        assert (task.index, task.arranged, task.checkpoint.batch_seq) == (None, False, 0)


def test_a_range_that_is_captured_is_told_so_and_not_as_applied(tmp_path: Path) -> None:
    """It is done for this run, and not in the target."""
    made = capturing(tmp_path)
    for task in range(4):
        made.copying.hear(gathered(task, 1))
        made.end(task)
    (table,) = made.progress.tables
    assert made.copying.complete(0)
    assert (table.ranges_captured, table.ranges_done, table.rows_applied) == (4, 0, 0)
    assert (table.rows_captured, table.rows_read, table.ranges_through) == (40, 40, 4)
    assert made.events("range") == ["finished"] * 4


def test_a_batch_counts_once_however_often_its_range_is_begun(tmp_path: Path) -> None:
    """A range that is tried again is read through in the WAL first: what is durable is not news."""
    made = capturing(tmp_path, rejected_max="9")
    made.copying.hear(Captured(task=0, rows=ROWS, bytes=7, seconds=0.1, segment="a"))
    made.copying.hear(gathered(0, 1, refused=1))
    made.copying.hear(gathered(0, 2))
    made.end(0, Transient("t"))
    made.copying.hear(gathered(0, 1, fresh=False, refused=1))
    made.copying.hear(gathered(0, 2, fresh=False))
    made.copying.hear(gathered(0, 3, fresh=False))
    (table,) = made.progress.tables
    assert (table.rows_read, table.rows_captured, table.rows_rejected) == (31, 20, 1)
    assert table.wal_bytes == 7
    assert isinstance(made.copying, Capturing)
    assert made.copying.refused_ids == {0: {"0-1-0"}}


def test_rows_that_are_rejected_while_captured_end_the_run_by_the_budget(tmp_path: Path) -> None:
    """Those of earlier processes are counted and end nothing, or nobody could go on."""
    made = capturing(tmp_path)
    made.copying.hear(gathered(0, 1, fresh=False, refused=2))
    assert made.pool.stops == 0
    made.copying.hear(gathered(1, 1, refused=1))
    assert made.pool.stops == 1
    assert made.progress.tables[0].rows_rejected == 3


@pytest.mark.parametrize(
    ("refused", "code", "state"), [(0, 0, RunState.CAPTURED), (1, 4, RunState.CAPTURED)]
)
def test_the_end_says_that_nothing_was_applied_and_what_applies_it(
    tmp_path: Path, refused: int, code: int, state: RunState
) -> None:
    """In the ledger's state and in the reason, also with rejected rows."""
    admin = MemoryAdmin()
    made = capturing(tmp_path, rejected_max="9")
    for task in range(4):
        made.copying.hear(gathered(task, 1, refused=refused if task == 0 else 0))
        made.end(task)
    found, reason = _ended(made, admin)
    assert (found, [s for _, s, _ in admin.ledger.finished]) == (code, [state])
    assert "nothing was applied" in reason
    assert "cass-snapshot replay-wal 20261120T104211-k3f9" in reason


def test_a_capture_with_a_failed_range_is_not_captured(tmp_path: Path) -> None:
    """The range is named, and the same command goes on."""
    admin = MemoryAdmin()
    made = capturing(tmp_path)
    for task in range(3):
        made.end(task)
    made.end(3, ValueRefused("v"))
    code, reason = _ended(made, admin)
    assert (code, [s for _, s, _ in admin.ledger.finished]) == (4, [RunState.PARTIAL])
    assert "1 range failed (3)" in reason


def _ended(made: Copy, admin: MemoryAdmin) -> tuple[int, str]:
    run_plan = replace(plan("t0"), capture_only=True)
    ending = Ending(
        run_plan,
        made.copying,
        None,
        made.progress,
        cast("Any", made.copying)._journal,
        cast("Any", made.copying)._budget,
        {},
    )
    code, reason = ending.record(admin.ledger, StopRequest(), settings())
    return code, reason or ""


@pytest.mark.parametrize("capture_only", [False, True])
def test_a_target_is_only_created_where_it_will_be_written(capture_only: bool) -> None:
    """The run is registered either way: its plan and its lease are in the ledger."""
    admin = MemoryAdmin()
    registered = register(
        replace(plan("orders", admin=admin), capture_only=capture_only), admin, 0.01
    )
    assert registered.capture_only is capture_only
    assert ("orders" in admin.there) is not capture_only
    assert len(admin.ledger.records) == 1


def test_a_ceiling_of_the_wal_is_refused_with_what_to_change() -> None:
    """WAL that may not go would hold reading back for ever."""
    given: Settings = settings()
    refuse_ceiling(given)
    run = given.run.model_copy(update={"wal_bytes_max": 5 * 2**20})
    with pytest.raises(UsageError, match="--capture-only") as refused:
        refuse_ceiling(given.model_copy(update={"run": run}))
    assert "wal_bytes_max = 5.0 MiB" in refused.value.where
    assert "leave out" in refused.value.fix
