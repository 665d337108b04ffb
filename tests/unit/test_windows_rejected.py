"""Rows of a window that are refused: judged at once, counted with the checkpoint of their range."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from cass_snapshot.errors import LimitReached, RangeFailed
from cass_snapshot.snapshot.messages import AdvanceWindow, Ended, Loaded, LoadSlice
from tests.support.played_pool import DEATH, Said, unwritten
from tests.support.window_play import RANGES, Play, play


def test_refused_rows_are_judged_while_the_window_is_gathered(tmp_path: Path) -> None:
    """The run ends before a slice is loaded; the batch is durable and counts."""
    made = play(tmp_path, rejected_max="1")
    made.pool.refused = {(0, 2): 1, (1, 1): 1}
    made.run()
    assert isinstance(made.copying.halted, LimitReached)
    assert "2 of 40 rows" in str(made.copying.halted)
    assert made.kinds() == {"GatherRange": 2}
    assert made.events("reject") == ["warning", "warning"]


def refusing(made: Play, *names: str) -> None:
    """Let the target refuse rows of range 1, all in the second slice."""
    step, found = made.pool.load, made.copying.tasks[1].range

    def load(task: LoadSlice) -> Iterator[Any]:
        for number, message in enumerate(step(task)):
            if task.number == 1 and number == 1 and isinstance(message, Loaded):
                rows = tuple(unwritten(found, name) for name in names)
                yield replace(message, rows=message.rows - len(names), unwritten=rows)
            else:
                yield message

    made.pool.steps[LoadSlice] = load


def test_rows_that_the_target_refuses_are_told_with_the_checkpoint_of_their_range(
    tmp_path: Path,
) -> None:
    """By their token; they count as rejected, and the rows add up."""
    made = play(tmp_path, rejected_max="2")
    refusing(made, "a", "b")
    made.run()
    (advance,) = [task for task in made.pool.ran if isinstance(task, AdvanceWindow)]
    assert {s.batches[0].range.number: [r.id for r in s.rejected] for s in advance.stretches} == {
        0: [],
        1: ["a", "b"],
        2: [],
        3: [],
    }
    assert (made.table.rows_rejected, made.table.rows_applied) == (2, 118)
    assert made.copying.halted is None


def test_one_refused_row_too_many_ends_the_run_before_anything_is_advanced(tmp_path: Path) -> None:
    """The rows that are in stay in, and the next process writes them again."""
    made = play(tmp_path, rejected_max="1")
    refusing(made, "a", "b")
    made.run()
    assert isinstance(made.copying.halted, LimitReached)
    assert not +made.pool.checkpoints


def test_rows_that_the_target_refused_to_an_earlier_process_do_not_end_the_next(
    tmp_path: Path,
) -> None:
    """Their ids are in the files; only a row that is not there yet ends it."""
    made = play(tmp_path, known=frozenset("ab"))
    refusing(made, "a", "b")
    made.run()
    assert made.copying.halted is None
    assert (made.table.rows_rejected, made.table.ranges_done) == (2, RANGES)
    other = play(tmp_path, known=frozenset("ab"))
    refusing(other, "a", "c")
    other.run()
    assert isinstance(other.copying.halted, LimitReached)


def test_a_row_that_is_taken_when_its_slice_is_written_again_is_not_rejected(
    tmp_path: Path,
) -> None:
    """The target was mended between a worker's death and the next try."""
    made = play(tmp_path, rejected_max="1")
    refusing(made, "a")
    refused, step, died = made.pool.steps[LoadSlice], made.pool.load, [False]

    def load(task: LoadSlice) -> Said:
        if task.number != 1 or died[0]:
            yield from step(task)
            return
        died[0] = True
        messages = refused(task)
        yield from (next(messages) for _ in range(2))
        yield DEATH

    made.pool.steps[LoadSlice] = load
    made.run()
    made.whole()
    (advance,) = [task for task in made.pool.ran if isinstance(task, AdvanceWindow)]
    assert not any(stretch.rejected for stretch in advance.stretches)


def test_refused_rows_of_a_window_that_breaks_count_when_it_is_applied(tmp_path: Path) -> None:
    """And not before: the ledger counts them with their batch."""
    made = play(tmp_path, rejected_max="9")
    refusing(made, "a")
    made.pool.steps[AdvanceWindow] = lambda task: iter(
        [Ended(task=task.id, error=RangeFailed("r"))]
    )
    made.run()
    made.whole()
