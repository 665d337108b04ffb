"""A table's way through its windows, told event by event: what is in, and what is never told in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, cast

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
from cass_snapshot.snapshot.budget import Budget
from cass_snapshot.snapshot.copying import TRIES_A_RANGE_MAX, Copying
from cass_snapshot.snapshot.journal import Journal
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
from cass_snapshot.snapshot.preflight.ordering import ApplyOrder, Ordering
from cass_snapshot.snapshot.progress import Progress
from cass_snapshot.snapshot.rundir import RunDirectory
from cass_snapshot.snapshot.status import Phase, TableStatus, WindowStatus
from cass_snapshot.snapshot.watch import UnexpectedError
from cass_snapshot.snapshot.windows.applying import TRIES_MAX
from tests.support.doubles import ListView, first_status, plan
from tests.support.played_pool import DEATH, ROWS, SIZE, PlayedPool, Said, unwritten

RANGES = 4


@dataclass(slots=True)
class Play:
    """A copying phase of one table in key order, its pool and what it showed."""

    copying: Copying
    pool: PlayedPool
    progress: Progress
    view: ListView
    folder: Path

    def run(self) -> Play:
        """Copy, and prove what holds however it ends: nothing is told in that is not."""
        self.copying.run(cast("Any", self.pool))
        done = {t.range.number for t in self.copying.tasks if t.id in self.copying.done}
        assert done == {n for n in range(RANGES) if self.pool.checkpoints[n] == self.pool.batches}
        assert not self.folder.exists()
        return self

    @property
    def table(self) -> TableStatus:
        """Return the record of the table."""
        return self.progress.tables[0]

    def whole(self) -> None:
        """Prove that every range is in, each row counted once."""
        rows = RANGES * self.pool.batches * ROWS
        refused = sum(self.pool.refused.values())
        assert sum(self.pool.rows_in.values()) == self.table.rows_applied
        assert (rows, rows - refused) == (self.table.rows_read, self.table.rows_applied)
        assert refused == self.table.rows_rejected
        assert (self.table.ranges_done, self.table.window) == (RANGES, None)
        batches = RANGES * self.pool.batches
        assert self.table.static_only == batches
        assert self.table.replaced == (("note", 2 * batches),)
        assert (self.copying.halted, self.copying.failed) == (None, {})
        assert self.copying.complete(0)

    def kinds(self) -> Counter[str]:
        """Return how many tasks of each kind were handed out."""
        return Counter(type(task).__name__ for task in self.pool.ran)

    def events(self, kind: str) -> list[str]:
        """Return the states of the events of a kind."""
        return [e.status for e in self.view.events if e.event == kind]


def play(
    folder: Path,
    pool: PlayedPool | None = None,
    *,
    window_bytes: int = 2**30,
    overlap: bool = False,
    rejected_max: str = "0",
    known: frozenset[str] = frozenset(),
) -> Play:
    """Return the copying phase of a table of four ranges, in key order."""
    view = ListView()
    made = plan("t0", ranges=RANGES)
    ordering = Ordering(
        order=ApplyOrder.KEY,
        window_bytes=window_bytes,
        slice_bytes=2**16,
        overlap=overlap,
        why="said",
    )
    made = replace(made, tables=(replace(made.tables[0], ordering=ordering),))
    progress = Progress(first_status(tables=1, ranges=RANGES), lambda: 0.0)
    progress.phase(Phase.COPYING)
    copying = Copying(
        made,
        progress,
        Journal("r", RunDirectory(folder), view),
        Budget(LimitsSettings(rejected_max=rejected_max), progress),
        folder=folder / "window",
        known=lambda _: known,
        workers=2,
    )
    return Play(copying, pool or PlayedPool(), progress, view, folder / "window")


def fails_first(pool: PlayedPool, kind: type[Task], error: SnapshotError, times: int = 1) -> None:
    """Let the first tasks of a kind fail before they do anything."""
    step, left = pool.steps[kind], [error] * times

    def failing(task: Task) -> Said:
        if left:
            yield Ended(task=task.id, error=left.pop())
            return
        yield from step(task)

    pool.steps[kind] = failing


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
    assert (len({task.index.parent for task in gathered}) > 1) == overlap


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
    made.run()
    assert dict(made.pool.checkpoints) == {0: 3, 1: 3, 2: 2, 3: 3}
    assert made.table.rows_applied == 11 * ROWS
    assert [f.range for f in made.copying.failed[0]] == [2]
    assert (made.copying.halted, made.table.ranges_done) == (None, 3)
    assert made.kinds()["CopyRange"] == 0


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
    """It failed once and is told once; the next process applies what its WAL holds."""
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
            if task.id in made.pool.left and task.index.parts[-3] == "2":
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


def test_refused_rows_are_judged_while_the_window_is_gathered(tmp_path: Path) -> None:
    """The run ends before a slice is loaded; the batch is durable and counts."""
    made = play(tmp_path, rejected_max="1")
    made.pool.refused = {(0, 2): 1, (1, 1): 1}
    made.run()
    assert isinstance(made.copying.halted, LimitReached)
    assert "2 of 40 rows" in str(made.copying.halted)
    assert made.kinds() == {"GatherRange": 2}
    assert made.events("reject") == ["warning", "warning"]


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
