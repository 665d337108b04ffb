"""Numbers of a run: rates over the last seconds, and an estimate only when it is honest."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from cass_snapshot.model import Checkpoint, RangeState, Tally, TokenRange
from cass_snapshot.snapshot.messages import Applied, Captured
from cass_snapshot.snapshot.progress import Progress, table_status
from cass_snapshot.snapshot.status import Latency, Phase, RangeFailure
from tests.support.plans import first_status


@dataclass(slots=True)
class Clock:
    """A clock that is set by hand."""

    now: float = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def begun(ranges: int = 100, tables: int = 1) -> tuple[Progress, Clock]:
    """Return the progress of a run that copies, and its clock."""
    clock = Clock()
    progress = Progress(first_status(tables=tables, ranges=ranges), clock)
    progress.phase(Phase.COPYING)
    return progress, clock


def apply(progress: Progress, rows: int, *, table: int = 0, fresh: bool = True) -> None:
    """Report a batch that the target holds."""
    progress.applied(table, Applied(task=1, rows=rows, fresh=fresh, seconds=0.1, how="LOAD DATA"))


def captured(rows: int, size: int, seconds: float) -> Captured:
    """Return what is said of a batch that the WAL holds."""
    return Captured(task=1, rows=rows, bytes=size, seconds=seconds, segment="s")


def test_rows_are_counted_on_both_sides() -> None:
    """Read when they are in the WAL, applied when they are in the target."""
    progress, _ = begun()
    progress.captured(0, captured(10, 500, 0.2))
    apply(progress, 6)
    (table,) = progress.status().tables
    assert (
        table.rows_read,
        table.rows_applied,
        table.wal_bytes,
        table.how,
    ) == (10, 6, 500, "LOAD DATA")


def test_a_batch_that_was_there_already_is_not_counted_again() -> None:
    """Its rows were counted by the checkpoint."""
    progress, _ = begun()
    apply(progress, 5, fresh=False)
    assert progress.status().tables[0].rows_applied == 0


def test_rejected_rows_were_read_and_are_not_applied() -> None:
    """They are counted with what else a batch has besides its rows, once."""
    progress, _ = begun()
    tally = Tally(static_only=2, refused=1, nulls=(("owner", 3), ("note", 0)))
    batch = Applied(task=1, rows=7, fresh=True, seconds=0.1, how="", rejected=3, tally=tally)
    progress.applied(0, batch)
    progress.applied(0, replace(batch, tally=Tally(nulls=(("owner", 4),))))
    progress.applied(0, replace(batch, fresh=False))
    (table,) = progress.status().tables
    assert (table.rows_read, table.rows_applied, table.rows_rejected) == (20, 14, 6)
    assert (table.static_only, table.replaced) == (2, (("note", 0), ("owner", 7)))


def test_rows_that_an_earlier_process_rejected_are_known() -> None:
    """By the checkpoints: they were read, and are not written."""
    whole = TokenRange(number=0, start=0, end=9)
    checkpoint = Checkpoint(range=whole, rows_read=10, rows_written=8, state=RangeState.RUNNING)
    table = table_status("shop.t0", "shop.t0", [checkpoint])
    assert (table.rows_read, table.rows_applied, table.rows_rejected) == (10, 8, 2)


def test_rows_applied_from_the_wal_of_an_earlier_process_count_as_read() -> None:
    """No table shows more rows applied than read."""
    progress, _ = begun()
    apply(progress, 50)
    assert progress.status().tables[0].rows_read == 50


def test_the_rate_is_that_of_the_last_fifteen_seconds() -> None:
    """What came before is forgotten."""
    progress, clock = begun()
    apply(progress, 1500)
    clock.now += 10
    assert progress.status().rows_per_s == 150.0
    clock.now += 5
    apply(progress, 300)
    assert progress.status().rows_per_s == 120.0
    clock.now += 10
    assert progress.status().rows_per_s == 20.0


def test_the_first_second_makes_no_absurd_rate() -> None:
    """A batch after a millisecond is not a million rows a second."""
    progress, clock = begun()
    clock.now += 0.001
    apply(progress, 1000)
    assert progress.status().rows_per_s == 1000.0


def done(progress: Progress, ranges: int) -> None:
    """Report ranges that are done."""
    progress.change(0, ranges_done=ranges)


@pytest.mark.parametrize(
    ("ranges_done", "seconds", "expected"),
    [
        (0, 60, None),
        (1, 60, None),
        (2, 4.9, None),
        (2, 5, 245.0),
        (50, 60, 60.0),
        (100, 60, 0.0),
    ],
    ids=["nothing done", "too little", "too soon", "just enough", "half", "all"],
)
def test_an_estimate_needs_time_and_a_share_of_the_ranges(
    ranges_done: int, seconds: float, expected: float | None
) -> None:
    """Five seconds, and two in a hundred ranges."""
    progress, clock = begun()
    done(progress, ranges_done)
    clock.now += seconds
    assert expected == progress.eta_s()


def test_ranges_that_were_done_before_do_not_make_it_faster() -> None:
    """A run that goes on is judged by what this process did."""
    checkpoints = [
        Checkpoint(
            range=TokenRange(number=n, start=n, end=n + 1),
            state=RangeState.DONE if n < 80 else RangeState.PENDING,
            rows_written=3,
        )
        for n in range(100)
    ]
    table = table_status("shop.t0", "shop.t0", checkpoints)
    assert (
        table.ranges_total,
        table.ranges_before,
        table.ranges_done,
        table.rows_before,
    ) == (100, 80, 80, 300)
    progress, clock = begun()
    progress.tables[0] = table
    clock.now += 10
    assert progress.eta_s() is None
    done(progress, 90)
    assert progress.eta_s() == 10.0


@pytest.mark.parametrize("phase", [Phase.STARTING, Phase.STOPPING, Phase.VERIFYING, Phase.ENDED])
def test_outside_copying_there_is_no_estimate(phase: Phase) -> None:
    """It would be about something else."""
    progress, clock = begun()
    done(progress, 50)
    clock.now += 60
    progress.phase(phase)
    assert progress.eta_s() is None


def test_while_a_side_is_away_the_run_waits_and_has_no_estimate() -> None:
    """The reason is shown; the same reason again is no news."""
    progress, clock = begun()
    done(progress, 50)
    clock.now += 60
    assert progress.waiting("target", "MySQL does not answer")
    assert not progress.waiting("target", "MySQL does not answer")
    assert progress.waiting("source", "Cassandra does not answer")
    status = progress.status()
    assert (status.phase, status.eta_s) == (Phase.WAITING, None)
    assert status.waiting == "MySQL does not answer; Cassandra does not answer"
    assert progress.waiting("target", None)
    assert not progress.waiting("target", None)
    assert progress.waiting("source", None)
    assert (progress.status().phase, progress.status().waiting) == (Phase.COPYING, None)


def test_the_time_of_each_phase_is_kept_apart() -> None:
    """Copying includes the stopping; starting counts for neither."""
    clock = Clock()
    progress = Progress(first_status(), clock)
    for phase, seconds in (
        (Phase.COPYING, 2.0),
        (Phase.STOPPING, 30.0),
        (Phase.VERIFYING, 5.0),
        (Phase.ENDED, 7.0),
    ):
        clock.now += seconds
        progress.phase(phase)
    status = progress.status()
    assert (status.copy_s, status.verify_s, status.elapsed_s) == (35.0, 7.0, 44.0)


def test_latencies_are_median_and_last_hundredth() -> None:
    """Of the newest requests; none before the first."""
    progress, _ = begun()
    assert Latency() == progress.status().source_latency
    for n in range(1, 101):
        progress.captured(0, captured(1, 1, n / 1000))
    assert Latency(p50_ms=50.0, p99_ms=99.0) == progress.status().source_latency


def test_failures_retries_and_deaths_are_counted() -> None:
    """Each beside the table, or the run, that it belongs to."""
    progress, _ = begun(tables=2)
    failure = RangeFailure(range=3, why="w", attempts=1)
    progress.failed(1, failure)
    progress.retried(1)
    progress.restarted()
    status = progress.status({1: 2})
    assert [(), (failure,)] == [t.failures for t in status.tables]
    assert [(t.retries, t.ranges_running) for t in status.tables] == [(0, 0), (1, 2)]
    assert status.worker_restarts == 1
