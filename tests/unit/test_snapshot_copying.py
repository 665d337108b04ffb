"""What an error of a range means for the range and for the run."""

from __future__ import annotations

from pathlib import Path

import pytest

from cass_snapshot.errors import (
    Fenced,
    LimitReached,
    RangeFailed,
    SnapshotError,
    SourceUnavailable,
    StateError,
    TargetUnavailable,
    Transient,
    ValueRefused,
    WalCorrupt,
)
from cass_snapshot.model import RangeState
from cass_snapshot.snapshot.budget import SHARE_FROM_ROWS
from cass_snapshot.snapshot.copying import TRIES_A_RANGE_MAX
from cass_snapshot.snapshot.messages import Applied, Captured, Ended
from cass_snapshot.snapshot.supervisor import WorkerDeath
from cass_snapshot.snapshot.watch import UnexpectedError
from tests.support.copy_phase import copy
from tests.support.plans import plan, with_state


def test_ranges_that_are_done_are_not_handed_out(tmp_path: Path) -> None:
    """Failed and half-done ones are, in the order of the plan."""
    states = {0: RangeState.DONE, 1: RangeState.FAILED, 2: RangeState.RUNNING}
    made = copy(tmp_path, with_state(plan("t0"), states))
    assert [t.range.number for t in made.copying.tasks] == [1, 2, 3]
    assert [t.id for t in made.copying.tasks] == [0, 1, 2]


def test_a_table_is_complete_when_its_last_range_is_closed(tmp_path: Path) -> None:
    """Each table by itself (I8)."""
    made = copy(tmp_path, tables=2)
    for task in range(4):
        assert not made.copying.complete(0)
        made.end(task)
    assert (made.copying.complete(0), made.copying.complete(1)) == (True, False)
    assert [t.ranges_done for t in made.progress.tables] == [4, 0]
    assert made.events("range") == ["applied"] * 4


def test_a_table_whose_ranges_were_done_before_is_complete(tmp_path: Path) -> None:
    """The run that was killed while it counted goes on with counting."""
    states = dict.fromkeys(range(4), RangeState.DONE)
    made = copy(tmp_path, with_state(plan("t0"), states))
    assert made.copying.complete(0)


def test_a_range_that_left_off_is_neither_done_nor_failed(tmp_path: Path) -> None:
    """It goes on with the next run."""
    made = copy(tmp_path)
    made.copying.hear(Ended(task=1, stopped=True))
    assert (set(), {}, None) == (made.copying.done, made.copying.failed, made.copying.halted)


@pytest.mark.parametrize("error", [ValueRefused("v"), RangeFailed("r"), SnapshotError("deadly")])
def test_a_refused_range_is_set_aside_and_the_others_go_on(
    tmp_path: Path, error: SnapshotError
) -> None:
    """At once, because trying again cannot help."""
    made = copy(tmp_path)
    made.end(2, error)
    (failure,) = made.copying.failed[0]
    assert (failure.range, failure.attempts, failure.retryable) == (2, 1, False)
    assert (made.copying.halted, made.pool.stops, made.pool.again_) == (None, 0, [])
    assert [failure] == list(made.progress.tables[0].failures)
    assert made.events("range") == ["failed"]


def test_an_error_that_may_pass_puts_the_range_at_the_end_of_the_queue(tmp_path: Path) -> None:
    """A few times; then it is set aside, as one that a second run may finish."""
    made = copy(tmp_path)
    for tries in range(1, TRIES_A_RANGE_MAX):
        made.end(1, Transient("deadlock"))
        assert [1] * tries == [t.id for t in made.pool.again_]
        assert made.copying.failed == {}
    made.end(1, Transient("deadlock"))
    (failure,) = made.copying.failed[0]
    assert (failure.attempts, failure.retryable) == (TRIES_A_RANGE_MAX, True)
    assert made.progress.tables[0].retries == TRIES_A_RANGE_MAX - 1


@pytest.mark.parametrize(
    "error",
    [
        SourceUnavailable("s"),
        TargetUnavailable("t"),
        StateError("x"),
        WalCorrupt("w"),
        Fenced("f"),
        LimitReached("full"),
    ],
)
def test_what_no_other_range_could_survive_ends_the_run(
    tmp_path: Path, error: SnapshotError
) -> None:
    """The workers leave off, and the first such error is the one that counts."""
    made = copy(tmp_path)
    made.end(0, error)
    made.end(1, StateError("a later one"))
    assert error is made.copying.halted
    assert made.pool.stops >= 1
    assert made.copying.failed == {}
    assert made.events("run") == ["failed"]


def test_a_bug_ends_the_run(tmp_path: Path) -> None:
    """Its traceback is kept; the event shows its last line alone."""
    made = copy(tmp_path)
    made.copying.hear(Ended(task=0, bug="Traceback ...\n  File x\nZeroDivisionError: ours\n"))
    assert isinstance(made.copying.halted, UnexpectedError)
    assert "File x" in str(made.copying.halted)
    assert [e.message for e in made.view.events] == ["ZeroDivisionError at File x"]
    assert made.pool.stops == 1


@pytest.mark.parametrize("error", [SourceUnavailable("s"), TargetUnavailable("t")])
def test_a_wait_that_the_operator_broke_off_is_no_failure(
    tmp_path: Path, error: SnapshotError
) -> None:
    """The run was stopped, and says so; the server is not blamed."""
    made = copy(tmp_path)
    made.end(0, error, stopped=True)
    assert (made.copying.halted, made.copying.failed) == (None, {})


def test_a_death_is_told_with_its_ranges(tmp_path: Path) -> None:
    """They go to another worker; the run does not end."""
    made = copy(tmp_path)
    tasks = made.copying.tasks[1:3]
    made.copying.hear(WorkerDeath(worker="worker-2", exit_code=-9, tasks=tasks))
    (event,) = made.view.events
    assert (
        event.status,
        event.fields["ranges"],
        event.fields["exit_code"],
    ) == ("warning", [1, 2], -9)
    assert (made.progress.status().worker_restarts, made.copying.halted) == (1, None)


def test_batches_count_for_the_table_of_their_task(tmp_path: Path) -> None:
    """The id of a task tells the table."""
    made = copy(tmp_path, tables=2)
    made.copying.hear(Captured(task=5, rows=10, bytes=99, seconds=0.1, segment="s"))
    made.copying.hear(Applied(task=5, rows=10, fresh=True, seconds=0.1, how="LOAD DATA"))
    assert [t.rows_applied for t in made.progress.tables] == [0, 10]
    assert [t.wal_bytes for t in made.progress.tables] == [0, 99]


def test_the_ranges_that_workers_hold_are_counted_by_table(tmp_path: Path) -> None:
    """For the display."""
    made = copy(tmp_path, tables=2)
    tasks = made.copying.tasks
    made.pool.held = {"worker-1": tasks[0:2], "worker-2": (tasks[6],)}
    assert made.copying.running() == {0: 2, 1: 1}


def applied(rows: int, rejected: int, *, fresh: bool = True) -> Applied:
    """Return what a worker says of a batch of task 2."""
    return Applied(task=2, rows=rows, fresh=fresh, seconds=0.1, how="", rejected=rejected)


def test_rejected_rows_are_told_and_within_the_limit_nothing_else_happens(tmp_path: Path) -> None:
    """A warning with range and number of rows."""
    made = copy(tmp_path, rejected_max="3")
    made.copying.hear(applied(10, 3))
    (event,) = made.view.events
    assert (event.event, event.status) == ("reject", "warning")
    assert (event.fields["range"], event.fields["rows"]) == (2, 3)
    assert (made.copying.halted, made.pool.stops) == (None, 0)


def test_one_row_beyond_the_limit_ends_the_run_after_the_batches_in_hand(tmp_path: Path) -> None:
    """Rows of all tables and of earlier processes count together."""
    made = copy(tmp_path, tables=2, rejected_max="3")
    made.progress.change(1, rows_rejected=1)
    made.copying.hear(applied(10, 2))
    assert made.pool.stops == 0
    made.copying.hear(applied(10, 1))
    assert isinstance(made.copying.halted, LimitReached)
    assert "4 of 23 rows, and the limit is 3" in str(made.copying.halted)
    assert made.pool.stops == 1


def test_what_earlier_processes_rejected_does_not_end_the_next_one(tmp_path: Path) -> None:
    """Or the other ranges could never be copied: only a further rejected row does."""
    made = copy(tmp_path)
    made.progress.change(0, rows_rejected=9)
    made.copying.hear(applied(10, 0))
    made.copying.hear(applied(10, 1, fresh=False))
    assert (made.copying.halted, made.events("reject")) == (None, [])
    made.copying.hear(applied(10, 1))
    assert isinstance(made.copying.halted, LimitReached)


def test_a_share_is_judged_early_only_of_many_rows(tmp_path: Path) -> None:
    """The first rejected row of a few would be too large a share of them."""
    made = copy(tmp_path, rejected_max="1%")
    made.copying.hear(applied(0, 50))
    made.progress.change(0, rows_read=SHARE_FROM_ROWS)
    made.copying.hear(applied(SHARE_FROM_ROWS, 951))
    assert made.pool.stops == 0
    made.copying.hear(applied(0, 10))
    assert isinstance(made.copying.halted, LimitReached)
