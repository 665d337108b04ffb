"""A window that is gathered while another is loaded: neither has a gap when one of them breaks."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from cass_snapshot.errors import RangeFailed, ValueRefused
from cass_snapshot.settings import LimitsSettings
from cass_snapshot.snapshot.messages import (
    AdvanceWindow,
    CopyRange,
    CutWindow,
    Ended,
    GatherRange,
    LoadSlice,
    Task,
)
from tests.support.played_pool import SIZE, PlayedPool, Said
from tests.support.window_play import fails_first, play


@pytest.mark.parametrize("overlap", [False, True])
def test_the_next_window_is_gathered_meanwhile_where_the_servers_are_apart(
    tmp_path: Path, overlap: bool
) -> None:
    """And only there: on one machine the two would disturb each other."""
    made = play(tmp_path, window_bytes=4 * SIZE, overlap=overlap).run()
    made.whole()
    kinds = [type(task).__name__ for task in made.pool.ran]
    first_advance = kinds.index("AdvanceWindow")
    gathered = [t for t in made.pool.ran[:first_advance] if isinstance(t, GatherRange)]
    assert (len({task.index.parent for task in gathered if task.index}) > 1) == overlap


@pytest.mark.parametrize("kind", [CutWindow, LoadSlice, AdvanceWindow])
@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("ranges_a_window", [1, 2, 5, 7])
@pytest.mark.parametrize("at_once", [1, 2, 3])
def test_a_window_that_breaks_while_the_next_is_gathered_takes_its_ranges_along(
    tmp_path: Path, kind: type[Task], number: int, ranges_a_window: int, at_once: int
) -> None:
    """Or their later batches would be advanced over a gap; whichever window it is."""
    pool = PlayedPool(batches=4, at_once=at_once)
    made = play(tmp_path, pool, window_bytes=ranges_a_window * SIZE, overlap=True)
    made.pool.refused = {(1, 2): 2}
    made.copying._budget._limits = LimitsSettings(rejected_max="2")
    step, tasks = made.pool.steps[kind], [0]

    def failing(task: Task) -> Said:
        tasks[0] += 1
        if tasks[0] == number:
            yield Ended(task=task.id, error=RangeFailed("r"))
            return
        yield from step(task)

    made.pool.steps[kind] = failing
    made.run()
    made.whole()


def test_a_range_that_is_left_off_and_fails_is_only_judged_when_it_is_applied(
    tmp_path: Path,
) -> None:
    """Its window broke; whoever applies it as it was read meets the error again, or does not."""
    made = play(tmp_path, PlayedPool(batches=6, at_once=3), window_bytes=4 * SIZE, overlap=True)
    step, failed = made.pool.gather, Counter[int]()

    def gather(task: GatherRange) -> Said:
        for message in step(task):
            if task.id in made.pool.left and task.index and task.index.parts[-3] == "2":
                failed[task.range.number] += 1
                yield Ended(task=task.id, error=ValueRefused("v"))
                return
            yield message

    made.pool.steps[GatherRange] = gather
    fails_first(made.pool, CutWindow, RangeFailed("r"))
    made.run()
    copied = {task.range.number for task in made.pool.ran if isinstance(task, CopyRange)}
    assert failed.keys() & copied
    assert not copied & {failure.range for failure in made.copying.failed.get(0, [])}


def test_a_range_that_turns_unsorted_stays_in_the_window_that_is_loaded(tmp_path: Path) -> None:
    """Its sorted batches are loaded already; those behind them are applied after that window."""
    made = play(tmp_path, window_bytes=4 * SIZE, overlap=True)
    step, tries = made.pool.gather, Counter[int]()

    def unsorted(task: GatherRange) -> Said:
        number = task.range.number
        tries[number] += 1
        if number == 1 and tries[number] == 2:
            return iter([Ended(task=task.id, unsorted=True)])
        return step(task)

    made.pool.steps[GatherRange] = unsorted
    made.run()
    made.whole()
    assert [task.range.number for task in made.pool.ran if isinstance(task, CopyRange)] == [1]
