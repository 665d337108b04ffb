"""A step of a window that fails, or whose worker dies: tried again, or applied as it was read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from cass_snapshot.errors import (
    Fenced,
    LimitReached,
    RangeFailed,
    SnapshotError,
    StateError,
    TargetUnavailable,
    Transient,
    ValueRefused,
)
from cass_snapshot.settings import LimitsSettings
from cass_snapshot.snapshot.messages import (
    AdvanceWindow,
    CopyRange,
    CutWindow,
    Ended,
    GatherRange,
    Loaded,
    LoadSlice,
    Task,
)
from cass_snapshot.snapshot.watch import UnexpectedError
from cass_snapshot.snapshot.windows.applying import TRIES_MAX
from tests.support.played_pool import DEATH, ROWS, SIZE, PlayedPool, Said
from tests.support.window_play import RANGES, fails_at_last, fails_first, play


def dies_first(pool: PlayedPool, kind: type[Task], messages: int, times: int = 1) -> None:
    """Kill the worker of the first tasks of a kind after so many messages."""
    step, left = pool.steps[kind], [times]

    def dying(task: Task) -> Said:
        for number, message in enumerate(step(task)):
            if left[0] and number == messages:
                left[0] -= 1
                yield DEATH
            yield message

    pool.steps[kind] = dying


@pytest.mark.parametrize("kind", [CutWindow, LoadSlice, AdvanceWindow])
@pytest.mark.parametrize("error", [RangeFailed("r"), SnapshotError("deadly")])
def test_a_step_that_is_refused_has_the_window_applied_as_it_was_read(
    tmp_path: Path, kind: type[Task], error: SnapshotError
) -> None:
    """What was loaded is taken back from the count; every row counts once in the end."""
    made = play(tmp_path)
    made.pool.refused = {(1, 1): 2}
    made.copying._budget._limits = LimitsSettings(rejected_max="2")
    fails_first(made.pool, kind, error)
    made.run()
    made.whole()
    assert [task.range.number for task in made.pool.ran if isinstance(task, CopyRange)] == [
        *range(RANGES)
    ]


@pytest.mark.parametrize("overlap", [False, True])
def test_only_the_window_that_is_refused_is_applied_as_it_was_read(
    tmp_path: Path, overlap: bool
) -> None:
    """Those before it stay; its ranges are applied from where their checkpoints stand."""
    made = play(tmp_path, window_bytes=6 * SIZE, overlap=overlap)
    made.pool.batches = 4
    step, number = made.pool.load, [0]

    def failing(task: LoadSlice) -> Said:
        number[0] += 1
        if number[0] == made.pool.slices + 2:
            yield next(step(task))
            yield Ended(task=task.id, error=RangeFailed("r"))
            return
        yield from step(task)

    made.pool.steps[LoadSlice] = failing
    made.run()
    made.whole()
    assert made.kinds()["AdvanceWindow"] >= 2
    assert 0 < made.kinds()["CopyRange"] < RANGES


def test_a_range_that_was_set_aside_is_not_tried_again_by_a_window_that_breaks(
    tmp_path: Path,
) -> None:
    """It is tried once more at the end; the next process applies what its WAL holds."""
    made = play(tmp_path)
    step = made.pool.gather

    def failing(task: GatherRange) -> Said:
        for number, message in enumerate(step(task)):
            if task.range.number == 2 and number == 2:
                yield Ended(task=task.id, error=ValueRefused("v"))
                return
            yield message

    made.pool.steps[GatherRange] = failing
    fails_first(made.pool, LoadSlice, RangeFailed("r"))
    fails_at_last(made.pool, 2, ValueRefused("v"))
    made.run()
    assert [f.range for f in made.copying.failed[0]] == [2]
    assert dict(made.pool.checkpoints) == {0: 3, 1: 3, 3: 3}
    assert made.table.rows_applied == 9 * ROWS


@pytest.mark.parametrize("kind", [CutWindow, LoadSlice, AdvanceWindow])
def test_an_error_that_may_pass_has_the_step_tried_again(tmp_path: Path, kind: type[Task]) -> None:
    """A few times; nothing is applied as it was read."""
    made = play(tmp_path)
    fails_first(made.pool, kind, Transient("deadlock"), TRIES_MAX - 1)
    made.run()
    made.whole()
    assert made.kinds()["CopyRange"] == 0
    assert made.table.retries == TRIES_MAX - 1


def test_an_error_that_does_not_pass_has_the_window_applied_as_it_was_read(tmp_path: Path) -> None:
    """One slice alone fails each time."""
    made = play(tmp_path)
    step = made.pool.load

    def failing(task: LoadSlice) -> Said:
        if task.number == 1:
            return iter([Ended(task=task.id, error=Transient("deadlock"))])
        return step(task)

    made.pool.steps[LoadSlice] = failing
    made.run()
    made.whole()
    assert made.kinds()["CopyRange"] == RANGES
    assert sum(isinstance(t, LoadSlice) and t.number == 1 for t in made.pool.ran) == TRIES_MAX


@pytest.mark.parametrize("kind", [GatherRange, CutWindow, LoadSlice, AdvanceWindow])
@pytest.mark.parametrize(
    "error", [TargetUnavailable("t"), StateError("s"), Fenced("f"), LimitReached("full")]
)
def test_what_concerns_the_whole_run_ends_it(
    tmp_path: Path, kind: type[Task], error: SnapshotError
) -> None:
    """No checkpoint moves, and nothing is applied as it was read."""
    made = play(tmp_path)
    fails_first(made.pool, kind, error)
    made.run()
    assert error is made.copying.halted
    assert not +made.pool.checkpoints
    assert made.kinds()["CopyRange"] == 0


@pytest.mark.parametrize("kind", [GatherRange, CutWindow, LoadSlice, AdvanceWindow])
def test_a_bug_ends_the_run(tmp_path: Path, kind: type[Task]) -> None:
    """In every step."""
    made = play(tmp_path)
    made.pool.steps[kind] = lambda task: iter([Ended(task=task.id, bug="x\nZeroDivisionError: y")])
    made.run()
    assert isinstance(made.copying.halted, UnexpectedError)
    assert not +made.pool.checkpoints


@pytest.mark.parametrize("kind", [GatherRange, CutWindow, LoadSlice, AdvanceWindow])
@pytest.mark.parametrize("messages", [0, 1, 2, 3])
def test_a_death_in_any_step_costs_nothing_but_time(
    tmp_path: Path, kind: type[Task], messages: int
) -> None:
    """Another worker does the step again; what the dead one told is not counted twice."""
    pool = PlayedPool(at_once=1 + messages // 2)
    made = play(tmp_path, pool, window_bytes=5 * SIZE, overlap=messages % 2 == 0)
    made.pool.refused = {(0, 1): 1, (0, 2): 1}
    made.copying._budget._limits = LimitsSettings(rejected_max="2")
    dies_first(made.pool, kind, messages, times=2)
    made.run()
    made.whole()
    assert made.kinds()["CopyRange"] == 0
    assert made.progress.status().worker_restarts <= 2


def test_a_death_at_the_windows_limit_leaves_the_range_to_the_next_window(tmp_path: Path) -> None:
    """It waits to be gathered again when the window is full: it is none of it."""
    made = play(tmp_path, window_bytes=3 * SIZE)
    made.pool.refused = {(0, 1): 1}
    made.copying._budget._limits = LimitsSettings(rejected_max="1")
    step, died = made.pool.gather, [False]

    def dying(task: GatherRange) -> Said:
        if task.range.number == 0 and not died[0]:
            died[0] = True
            yield from islice(step(task), 4)
            yield DEATH
        else:
            yield from step(task)

    made.pool.steps[GatherRange] = dying
    made.pool.again_last = True
    made.run()
    made.whole()
    (first, *_) = [task for task in made.pool.ran if isinstance(task, AdvanceWindow)]
    assert [s.batches[0].range.number for s in first.stretches] == [1]


@pytest.mark.parametrize("kind", [CutWindow, LoadSlice])
def test_workers_that_always_die_over_a_step_have_the_window_applied_as_read(
    tmp_path: Path, kind: type[Task]
) -> None:
    """What kills them is not met by whoever applies batches."""
    made = play(tmp_path)
    dies_first(made.pool, kind, 0, times=99)
    made.run()
    made.whole()
    assert made.kinds()["CopyRange"] == RANGES


@pytest.mark.parametrize("more", [-1, 1])
def test_rows_that_do_not_add_up_end_the_run_and_nothing_is_advanced(
    tmp_path: Path, more: int
) -> None:
    """A slice with a row too few or too many is told; the checkpoints stay where they are."""
    made = play(tmp_path)
    step = made.pool.load

    def wrong(task: LoadSlice) -> Iterator[Any]:
        for message in step(task):
            if task.number == 2 and isinstance(message, Loaded):
                yield replace(message, rows=message.rows + more)
            else:
                yield message

    made.pool.steps[LoadSlice] = wrong
    made.run()
    assert isinstance(made.copying.halted, StateError)
    assert "120 rows were gathered" in str(made.copying.halted)
    assert not +made.pool.checkpoints
    assert made.kinds()["AdvanceWindow"] == 0
