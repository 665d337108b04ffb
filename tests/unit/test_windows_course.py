"""A table's way through its windows, told event by event: what is in, and what is never told in."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from cass_snapshot.errors import RangeFailed, SnapshotError, Transient, ValueRefused
from cass_snapshot.settings import LimitsSettings
from cass_snapshot.snapshot.copying import TRIES_A_RANGE_MAX
from cass_snapshot.snapshot.messages import (
    AdvanceWindow,
    CopyRange,
    CutWindow,
    Ended,
    GatherRange,
    LoadSlice,
)
from cass_snapshot.snapshot.status import WindowStatus
from tests.support.played_pool import DEATH, ROWS, SIZE, Said
from tests.support.window_play import RANGES, fails_at_last, play


def test_a_window_is_gathered_cut_loaded_and_advanced(tmp_path: Path) -> None:
    """One window of the whole table: no slice before the last range, no checkpoint before all."""
    made = play(tmp_path).run()
    made.whole()
    assert [type(task) for task in made.pool.ran] == [
        *[GatherRange] * RANGES,
        CutWindow,
        *[LoadSlice] * made.pool.slices,
        AdvanceWindow,
    ]
    assert made.events("range") == ["applied"] * RANGES
    (cut,) = [task for task in made.pool.ran if isinstance(task, CutWindow)]
    assert (cut.slice_bytes, cut.slices_min) == (2**16, 8 * made.copying.workers)


def test_the_steps_of_a_window_are_shown(tmp_path: Path) -> None:
    """With the numbers of ranges and slices that are through."""
    made = play(tmp_path)
    shown: list[WindowStatus | None] = []
    show = made.progress.window

    def listen(table: int, window: WindowStatus | None) -> None:
        shown.append(window)
        show(table, window)

    made.progress.window = listen  # type: ignore[method-assign]  # to listen to it
    made.run()
    steps = [(w.step, w.ranges_gathered, w.slices_loaded) if w else None for w in shown]
    assert steps == [
        *[("gathering", number, 0) for number in range(RANGES + 1)],
        ("cutting", 4, 0),
        *[("loading", 4, number) for number in range(5)],
        ("advancing", 4, 4),
        None,
        None,
    ]


@pytest.mark.parametrize("overlap", [False, True])
def test_a_window_that_is_full_leaves_the_rest_to_the_next_one(
    tmp_path: Path, overlap: bool
) -> None:
    """The same ranges go on where they were left; each window is advanced by itself."""
    made = play(tmp_path, window_bytes=2 * SIZE, overlap=overlap).run()
    made.whole()
    advanced = [task for task in made.pool.ran if isinstance(task, AdvanceWindow)]
    assert [sum(len(s.batches) for s in task.stretches) for task in advanced] == [2] * 6
    assert made.kinds()["CutWindow"] == 6


def test_a_window_of_one_batch_is_the_least(tmp_path: Path) -> None:
    """However small the limit: every window takes something."""
    made = play(tmp_path, window_bytes=1).run()
    made.whole()
    assert made.kinds()["AdvanceWindow"] == 12


def test_an_empty_table_is_advanced_without_slices(tmp_path: Path) -> None:
    """Its closing batches have no rows, and close their ranges all the same (I8)."""
    made = play(tmp_path)
    made.pool.refused = {(n, s): ROWS for n in range(RANGES) for s in (1, 2, 3)}
    made.copying._budget._limits = LimitsSettings(rejected_max="100%")
    made.run()
    made.whole()
    assert set(made.kinds()) == {"GatherRange", "AdvanceWindow"}


@pytest.mark.parametrize("error", [ValueRefused("v"), RangeFailed("r"), SnapshotError("deadly")])
def test_a_range_that_fails_is_set_aside_and_what_it_gathered_is_applied(
    tmp_path: Path, error: SnapshotError
) -> None:
    """As in token order: its checkpoint stands behind the last batch that was durable."""
    made = play(tmp_path)
    step = made.pool.gather

    def failing(task: GatherRange) -> Said:
        for number, message in enumerate(step(task)):
            if task.range.number == 2 and number == 4:
                yield Ended(task=task.id, error=error)
                return
            yield message

    made.pool.steps[GatherRange] = failing
    fails_at_last(made.pool, 2, error)
    made.run()
    assert dict(made.pool.checkpoints) == {0: 3, 1: 3, 2: 2, 3: 3}
    assert made.table.rows_applied == 11 * ROWS
    assert [f.range for f in made.copying.failed[0]] == [2]
    assert (made.copying.halted, made.table.ranges_done) == (None, 3)
    assert made.kinds()["CopyRange"] == 1


def test_a_range_whose_worker_always_dies_is_set_aside_alone(tmp_path: Path) -> None:
    """Nothing was noted of what it gathered, so that it is none of the window's."""
    made = play(tmp_path)
    step = made.pool.gather

    def deadly(task: GatherRange) -> Said:
        for number, message in enumerate(step(task)):
            if task.range.number == 1 and number == 3:
                yield DEATH
            yield message

    made.pool.steps[GatherRange] = deadly
    fails_at_last(made.pool, 1, SnapshotError("workers died over this"))
    made.run()
    assert dict(made.pool.checkpoints) == {0: 3, 2: 3, 3: 3}
    assert (made.copying.halted, [f.range for f in made.copying.failed[0]]) == (None, [1])
    assert made.table.rows_applied == 9 * ROWS


def test_a_range_that_fails_sooner_when_it_is_tried_again_is_none_of_the_window(
    tmp_path: Path,
) -> None:
    """The first try gathered two batches, and the others not one: the others are what holds."""
    made = play(tmp_path)
    step, tries = made.pool.gather, Counter[int]()

    def failing(task: GatherRange) -> Said:
        if task.range.number != 0:
            yield from step(task)
            return
        tries[0] += 1
        if tries[0] == 1:
            messages = step(task)
            yield from (next(messages) for _ in range(4))
        yield Ended(task=task.id, error=Transient("locked"))

    made.pool.steps[GatherRange] = failing
    fails_at_last(made.pool, 0, Transient("locked"))
    made.run()
    assert tries[0] == TRIES_A_RANGE_MAX
    assert dict(made.pool.checkpoints) == {1: 3, 2: 3, 3: 3}
    assert (made.copying.halted, [f.range for f in made.copying.failed[0]]) == (None, [0])


def test_an_error_of_a_range_that_passes_costs_nothing(tmp_path: Path) -> None:
    """It is gathered again from its checkpoint, and nothing counts twice."""
    made = play(tmp_path)
    made.pool.refused = {(0, 1): 1}
    step, failed = made.pool.gather, [False]

    def failing(task: GatherRange) -> Said:
        messages = step(task)
        if not failed[0]:
            failed[0] = True
            yield from (next(messages) for _ in range(3))
            yield Ended(task=task.id, error=Transient("timeout"))
            return
        yield from messages

    made.pool.steps[GatherRange] = failing
    made.copying._budget._limits = LimitsSettings(rejected_max="1")
    made.run()
    made.whole()
    assert made.table.retries == 1


def test_a_range_with_unsorted_batches_is_applied_as_it_was_read(tmp_path: Path) -> None:
    """After all windows; the other ranges are applied in key order."""
    made = play(tmp_path)
    made.pool.refused = {(3, 1): 1}
    made.copying._budget._limits = LimitsSettings(rejected_max="1")
    step = made.pool.gather

    def unsorted(task: GatherRange) -> Said:
        if task.range.number != 3:
            yield from step(task)
            return
        messages = step(task)
        yield from (next(messages) for _ in range(4))  # two batches are sorted, the third is not
        made.pool.write_index(task, 0)
        yield Ended(task=task.id, unsorted=True)

    made.pool.steps[GatherRange] = unsorted
    made.run()
    made.whole()
    assert [task.range.number for task in made.pool.ran if isinstance(task, CopyRange)] == [3]
    assert isinstance(made.pool.ran[-1], CopyRange)


def test_a_table_that_is_all_unsorted_is_applied_as_it_was_read(tmp_path: Path) -> None:
    """After a run in token order: no window is cut."""
    made = play(tmp_path)
    made.pool.steps[GatherRange] = lambda task: iter([Ended(task=task.id, unsorted=True)])
    made.run()
    made.whole()
    assert made.kinds()["LoadSlice"] == 0
    assert made.kinds()["CopyRange"] == RANGES
