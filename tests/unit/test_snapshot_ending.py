"""How a run ended: the worst of what happened gives the exit code."""

from __future__ import annotations

import signal
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from cass_snapshot.errors import (
    LimitReached,
    RangeFailed,
    SnapshotError,
    SourceUnavailable,
    StateError,
    TargetUnavailable,
)
from cass_snapshot.exits import Exit
from cass_snapshot.model import RangeState, RunState
from cass_snapshot.settings import LimitsSettings
from cass_snapshot.snapshot.aside import Tallies
from cass_snapshot.snapshot.budget import EXCEEDED, Budget
from cass_snapshot.snapshot.copying import Copying
from cass_snapshot.snapshot.ending import Ending
from cass_snapshot.snapshot.journal import Journal
from cass_snapshot.snapshot.messages import CountSource, Ended
from cass_snapshot.snapshot.plan import RunPlan
from cass_snapshot.snapshot.progress import Progress
from cass_snapshot.snapshot.rundir import RunDirectory
from cass_snapshot.snapshot.signals import StopRequest
from cass_snapshot.snapshot.verification import Counting
from cass_snapshot.validation import RangeTally
from tests.support.admins import MemoryAdmin, MemoryLedger
from tests.support.doubles import ListView
from tests.support.plans import first_status, plan, settings

SIGNALLED = StopRequest(lambda: None)
SIGNALLED.signal = signal.SIGINT
TERMINATED = StopRequest(lambda: None)
TERMINATED.signal = signal.SIGTERM


@dataclass(slots=True)
class Run:
    """A run of two tables of four ranges each, at its end.

    ``errors`` are those that tasks met; ``open_`` are tasks that left off. ``counts`` are the rows
    of each range of each table on both sides, ``rejected`` those of each range that are set aside.
    """

    folder: Path
    errors: dict[int, SnapshotError] = field(default_factory=dict)
    open_: tuple[int, ...] = ()
    bug: str | None = None
    counts: tuple[tuple[list[int], list[int]], ...] = ()
    stop: StopRequest = field(default_factory=lambda: StopRequest(lambda: None))
    created: bool = True
    rejected: dict[int, list[int]] = field(default_factory=dict)
    rejected_max: str = "0"
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    progress: Progress = field(init=False)

    def end(self) -> tuple[int, str]:
        """Return exit code and reason."""
        there = set() if self.created else {"t0", "t1"}
        made = plan("t0", "t1", admin=MemoryAdmin(there=there))
        self.progress = Progress(first_status(tables=2), lambda: 0.0)
        journal = Journal("r", RunDirectory(self.folder), ListView())
        budget = Budget(LimitsSettings(rejected_max=self.rejected_max), self.progress)
        copying = Copying(
            made,
            self.progress,
            journal,
            budget,
            folder=self.folder / "window",
            known=lambda _: (),
            workers=2,
        )
        for task in copying.tasks:
            if task.id in self.errors:
                copying.hear(Ended(task=task.id, error=self.errors[task.id]))
            else:
                stopped = task.id in self.open_
                copying.hear(Ended(task=task.id, closed=not stopped, stopped=stopped))
        if self.bug:
            copying.hear(Ended(task=0, bug=self.bug))
        counting = self._counting(made, copying) if self.counts else None
        tallies: Tallies = {}
        for table, rejected in self.rejected.items():
            self.progress.change(table, rows_rejected=sum(rejected), rows_read=100)
            tallies[table] = tuple(
                RangeTally(range=n, rejected=rows) for n, rows in enumerate(rejected)
            )
        ending = Ending(made, copying, counting, self.progress, journal, budget, tallies)
        code, reason = ending.record(self.ledger, self.stop, settings())
        return code, reason or ""

    def _counting(self, made: RunPlan, copying: Copying) -> Counting:
        complete = [n for n in (0, 1) if copying.complete(n)]
        counting = Counting(made, complete, self.progress, lambda _: None)
        for task in counting.tasks:
            source, target = self.counts[task.table]
            if isinstance(task, CountSource):
                result: tuple[int, ...] = (source[task.range.number],)
            else:
                result = (*target, 0)
            counting.hear(Ended(task=task.id, result=result))
        return counting

    def states(self) -> list[tuple[RunState, int]]:
        """Return what the ledger was told of each table."""
        return [(state, code) for _, state, code in self.ledger.finished]


EQUAL = ([1, 2, 3, 4], [1, 2, 3, 4])


def test_two_equal_tables_end_with_zero(tmp_path: Path) -> None:
    """Both are done, and both verifications are in the ledger."""
    run = Run(tmp_path, counts=(EQUAL, EQUAL))
    assert run.end() == (Exit.OK, "")
    assert run.states() == [(RunState.DONE, 0)] * 2
    assert [v.status for v in run.ledger.validations] == ["OK", "OK"]
    assert [t.counts.source_rows for t in run.progress.tables if t.counts] == [10, 10]


def test_without_counting_a_complete_copy_is_done(tmp_path: Path) -> None:
    """The operator switched the verification off."""
    run = Run(tmp_path)
    assert run.end() == (Exit.OK, "")
    assert (run.states(), run.ledger.validations) == ([(RunState.DONE, 0)] * 2, [])


def test_missing_rows_end_with_five(tmp_path: Path) -> None:
    """Also where another range has as many too many."""
    run = Run(tmp_path, counts=(EQUAL, ([1, 2, 3, 4], [2, 2, 3, 3])))
    code, reason = run.end()
    assert (code, reason) == (Exit.DIFFERS, "shop.t1: 1 row is missing")
    assert run.states() == [(RunState.DONE, 0), (RunState.DONE, 5)]


@pytest.mark.parametrize(
    ("created", "ours", "expected"), [(True, set(), 5), (False, {"shop.t1"}, 5), (False, set(), 0)]
)
def test_extra_rows_count_where_the_target_is_ours_alone(
    tmp_path: Path, ours: set[str], expected: int, *, created: bool
) -> None:
    """In a table that was there before they may be somebody's."""
    run = Run(tmp_path, counts=(EQUAL, ([1, 2, 3, 4], [1, 2, 3, 9])), created=created)
    run.ledger.ours = ours
    assert expected == run.end()[0]
    assert run.ledger.validations[1].status == "DIFFERS"


def test_a_failed_range_ends_with_four_and_is_marked(tmp_path: Path) -> None:
    """The other table is done all the same."""
    run = Run(tmp_path, errors={2: RangeFailed("tombstones")}, counts=(EQUAL, EQUAL))
    code, reason = run.end()
    assert (code, reason) == (Exit.PARTIAL, "shop.t0: 1 range failed (2)")
    assert run.states() == [(RunState.PARTIAL, 4), (RunState.DONE, 0)]
    assert run.ledger.marked == [(2, RangeState.FAILED, 1)]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (SourceUnavailable("away"), Exit.UNAVAILABLE),
        (TargetUnavailable("away"), Exit.UNAVAILABLE),
        (StateError("does not fit"), Exit.STATE),
        (LimitReached("the disk is full"), Exit.LIMIT),
    ],
)
def test_an_error_that_ended_the_run_gives_its_code(
    tmp_path: Path, error: SnapshotError, expected: Exit
) -> None:
    """No table is called done, because nothing was counted."""
    run = Run(tmp_path, errors={2: error})
    code, reason = run.end()
    assert expected == code
    assert error.what in reason
    state = RunState.STOPPED if expected is Exit.LIMIT else RunState.FAILED
    assert (state, expected) == run.states()[0]


def test_a_bug_ends_with_one_and_points_to_the_log(tmp_path: Path) -> None:
    """The reason shows its last line."""
    run = Run(tmp_path, bug="Traceback\nZeroDivisionError: ours")
    assert run.end() == (Exit.BUG, "unexpected error, see run.log: ZeroDivisionError")


@pytest.mark.parametrize(("stop", "code"), [(SIGNALLED, 130), (TERMINATED, 143)])
def test_a_signal_ends_with_its_own_code(tmp_path: Path, stop: StopRequest, code: int) -> None:
    """The tables are stopped, and go on with the same command."""
    run = Run(tmp_path, open_=(1, 5), stop=stop)
    found, reason = run.end()
    assert code == found
    assert "the same command continues" in reason
    assert [(RunState.STOPPED, code)] * 2 == run.states()


def test_of_several_endings_the_worst_is_given(tmp_path: Path) -> None:
    """A difference says more than a failed range, and a signal more than both."""
    differing = ([1, 2, 3, 4], [0, 2, 3, 4])
    run = Run(tmp_path, errors={1: RangeFailed("r")}, counts=(EQUAL, differing))
    code, reason = run.end()
    assert code == Exit.DIFFERS
    assert "1 range failed" in reason
    assert "1 row is missing" in reason
    stopped = Run(tmp_path, errors={1: RangeFailed("r")}, stop=SIGNALLED)
    assert stopped.end()[0] == Exit.SIGINT
    assert stopped.states() == [(RunState.STOPPED, 130)] * 2


def test_a_ledger_that_is_away_at_the_end_makes_the_run_unavailable(tmp_path: Path) -> None:
    """How it ended could not be noted, and that is said."""
    run = Run(tmp_path, counts=(EQUAL, EQUAL))
    run.ledger.down = TargetUnavailable("away")
    code, reason = run.end()
    assert code == Exit.UNAVAILABLE
    assert "its end could not be noted in the target" in reason


def test_a_count_that_broke_off_is_no_verification() -> None:
    """Its error is the run's."""
    made = plan("t0")
    progress = Progress(first_status(), lambda: 0.0)
    counting = Counting(made, [0], progress, lambda _: None)
    error = SourceUnavailable("away")
    counting.hear(Ended(task=1, error=error))
    counting.hear(Ended(task=2, stopped=True, result=(1,)))
    assert (None, error) == (counting.validation(0, ()), counting.halted)


def test_counting_passes_over_each_target_first() -> None:
    """It is the longest task; each range of the source is one more."""
    counting = Counting(
        plan("t0", "t1"), [1], Progress(first_status(tables=2), lambda: 0.0), lambda _: None
    )
    kinds = [type(t).__name__ for t in counting.tasks]
    assert ["CountTarget", *["CountSource"] * 4] == kinds
    assert {1} == {t.table for t in counting.tasks}


def test_an_incomplete_copy_without_a_reason_never_ends_with_zero(tmp_path: Path) -> None:
    """Whatever made a range leave off: zero means that everything is there."""
    assert Run(tmp_path, open_=(1,)).end()[0] != Exit.OK


LACKING = ([1, 2, 3, 4], [1, 1, 3, 2])
"""Three rows fewer in the target, in the ranges 1 and 3."""


def test_rejected_rows_within_the_limit_end_with_four(tmp_path: Path) -> None:
    """They explain what is missing, and the run is not done: the next one goes on with it."""
    rejected = {0: [0, 1, 0, 2]}
    run = Run(tmp_path, counts=(LACKING, EQUAL), rejected=rejected, rejected_max="3")
    assert run.end() == (Exit.PARTIAL, "shop.t0: 3 rows rejected")
    assert run.states() == [(RunState.PARTIAL, 4), (RunState.DONE, 0)]
    assert [v.status for v in run.ledger.validations] == ["REJECTED", "OK"]
    assert [(v.missing, v.rejected) for v in run.ledger.validations] == [(0, 3), (0, 0)]


@pytest.mark.parametrize("limit", ["2", "2.9%"])
def test_rejected_rows_beyond_the_limit_end_with_six(tmp_path: Path, limit: str) -> None:
    """A share is of the rows that were read."""
    rejected = {0: [0, 1, 0, 2]}
    run = Run(tmp_path, counts=(LACKING, EQUAL), rejected=rejected, rejected_max=limit)
    code, why = run.end()
    assert code == Exit.LIMIT
    assert f"3 of 100 rows, and the limit is {limit}" in why
    assert "replay-wal --rejected" in why
    assert run.states() == [(RunState.STOPPED, 6), (RunState.DONE, 0)]


def test_a_run_that_was_halted_for_rejected_rows_tells_those_of_its_end(tmp_path: Path) -> None:
    """Batches in hand bring more of them after the decision."""
    early = LimitReached(EXCEEDED, why="1 of 9 rows, and the limit is 0")
    code, why = Run(tmp_path, errors={2: early}, rejected={0: [0, 1, 0, 2]}).end()
    assert code == Exit.LIMIT
    assert why.count(EXCEEDED) == 1
    assert "3 of 100 rows, and the limit is 0" in why


def test_what_rejected_rows_do_not_explain_is_missing(tmp_path: Path) -> None:
    """Exit 5 wins, and the run is still not done."""
    run = Run(tmp_path, counts=(LACKING, EQUAL), rejected={0: [2, 1, 0, 1]}, rejected_max="9")
    code, why = run.end()
    assert (code, why) == (
        Exit.DIFFERS,
        "shop.t0: 1 row is missing; shop.t0: 4 rows rejected",
    )
    assert run.states()[0] == (RunState.PARTIAL, 5)
    assert run.ledger.validations[0].status == "DIFFERS"


def test_a_rejected_row_whose_older_version_is_there_is_no_extra_row(tmp_path: Path) -> None:
    """The counts are equal; that a row was not brought up to date is still told."""
    run = Run(tmp_path, counts=(EQUAL, EQUAL), rejected={1: [0, 0, 1, 0]}, rejected_max="1%")
    assert run.end()[0] == Exit.PARTIAL
    assert [v.status for v in run.ledger.validations] == ["OK", "REJECTED"]


def test_rows_that_were_mended_leave_nothing(tmp_path: Path) -> None:
    """The run is done, and its end is that of any other."""
    run = Run(tmp_path, counts=(EQUAL, EQUAL), rejected={0: [0, 0, 0, 0]})
    assert run.end() == (Exit.OK, "")
    assert run.states() == [(RunState.DONE, 0)] * 2
