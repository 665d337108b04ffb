"""A run that was stopped in its windows: what it leaves is all that the next process needs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from cass_snapshot.errors import LimitReached, TargetUnavailable
from cass_snapshot.snapshot.messages import (
    AdvanceWindow,
    CutWindow,
    Ended,
    GatherRange,
    LoadSlice,
    Task,
)
from tests.support.played_pool import ROWS, SIZE, PlayedPool, Said
from tests.support.window_play import RANGES, Play, play


def stops_first(made: Play, kind: type[Task], messages: int) -> None:
    """Have the run stopped after so many messages of the first task of a kind."""
    step, stopped = made.pool.steps[kind], [False]

    def stopping(task: Task) -> Said:
        for number, message in enumerate(step(task)):
            if number == messages and not stopped[0]:
                stopped[0] = True
                made.pool.stop()
            yield message

    made.pool.steps[kind] = stopping


def goes_on(made: Play, folder: Path) -> Play:
    """Return the next process: the disk and the servers as they are, and nothing else."""
    before = made.pool
    pool = PlayedPool(before.batches, before.slices)
    pool.wal, pool.refused = before.wal, before.refused
    pool.checkpoints, pool.rows_in = before.checkpoints, before.rows_in
    after = play(folder, pool)
    known = after.copying._checkpoints  # as the next process reads them in the ledger
    for task, (table, at) in known.items():
        known[task] = (table, replace(at, batch_seq=pool.checkpoints[at.range.number]))
    done = [t.id for t in after.copying.tasks if pool.checkpoints[t.range.number] == pool.batches]
    for task in done:  # the plan of the next process has them as done
        del after.copying._tasks[task], after.copying._checkpoints[task]
        after.copying.done.add(task)
    return after


@pytest.mark.parametrize("kind", [GatherRange, CutWindow, LoadSlice, AdvanceWindow])
@pytest.mark.parametrize("messages", [0, 1, 2])
def test_a_stop_in_any_step_leaves_everything_for_the_next_process(
    tmp_path: Path, kind: type[Task], messages: int
) -> None:
    """It is no failure; the next process reads nothing again, and the copy is whole."""
    pool = PlayedPool(at_once=1 + messages)
    made = play(tmp_path, pool, window_bytes=7 * SIZE, overlap=messages == 1)
    stops_first(made, kind, messages)
    made.run()
    assert (made.copying.halted, made.copying.failed) == (None, {})
    wal = {number: list(batches) for number, batches in made.pool.wal.items()}

    after = goes_on(made, tmp_path)
    after.copying.run(cast("Any", after.pool))

    assert dict(after.pool.checkpoints) == dict.fromkeys(range(RANGES), 3)
    assert sum(after.pool.rows_in.values()) == RANGES * 3 * ROWS
    for number, batches in wal.items():
        assert batches == after.pool.wal[number][: len(batches)]


@pytest.mark.parametrize("kind", [CutWindow, LoadSlice, AdvanceWindow])
def test_a_task_that_a_stop_kept_from_beginning_says_nothing(
    tmp_path: Path, kind: type[Task]
) -> None:
    """The worker had it in hand when the wish came: it reports an end without a result."""
    made = play(tmp_path)

    def left(task: Task) -> Said:
        made.pool.stop()
        yield Ended(task=task.id, stopped=True)

    if kind is not AdvanceWindow:  # which is done even then
        made.pool.steps[kind] = left
    made.run()
    assert made.copying.halted is None
    assert sum(made.pool.checkpoints.values()) == (12 if kind is AdvanceWindow else 0)


def test_a_wait_that_the_operator_broke_off_is_no_failure(tmp_path: Path) -> None:
    """MySQL was away while a slice was loaded, and the operator stopped the run."""
    made = play(tmp_path)

    def waiting(task: LoadSlice) -> Said:
        made.pool.stop()
        yield Ended(task=task.id, error=TargetUnavailable("t"), stopped=True)

    made.pool.steps[LoadSlice] = waiting
    made.run()
    assert (made.copying.halted, made.copying.failed) == (None, {})
    assert not +made.pool.checkpoints


def test_rows_that_an_earlier_process_refused_do_not_end_the_next(tmp_path: Path) -> None:
    """They count, but no window would ever be in if each process ended over them."""
    made = play(tmp_path)
    made.pool.refused = {(0, 2): 1}
    made.run()
    assert isinstance(made.copying.halted, LimitReached)
    after = goes_on(made, tmp_path)
    after.copying.run(cast("Any", after.pool))
    assert after.copying.halted is None
    assert dict(after.pool.checkpoints) == dict.fromkeys(range(RANGES), 3)
    assert after.table.rows_rejected == 1
