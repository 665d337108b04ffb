"""The pool's supervision, with real processes that do next to nothing."""

from __future__ import annotations

import multiprocessing
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from cass_snapshot.snapshot import process, supervisor
from cass_snapshot.snapshot.supervisor import DEATHS_A_TASK_MAX, Pool
from cass_snapshot.wiring import Job
from tests.support import tiny_worker
from tests.support.ears import Ears
from tests.support.tiny_worker import DIES_ALWAYS, DIES_ONCE, ENDS, WAITS, Ahead


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Put the tiny worker in the place of the real one; afterwards no child is left."""
    monkeypatch.setattr(process, "begin", tiny_worker.begin)
    yield
    assert multiprocessing.active_children() == []


def test_every_task_ends_once_and_workers_outlive_their_tasks(tmp_path: Path) -> None:
    """Many tasks, few processes."""
    ears = Ears(tmp_path, size=2)
    ears.run(*[ENDS] * 20)
    assert set(range(20)) == set(ears.ended)
    assert len({m.result for m in ears.ended.values()}) <= 2
    assert ears.deaths == []


def test_no_more_workers_are_started_than_there_are_tasks(tmp_path: Path) -> None:
    """A table of one range takes one process."""
    ears = Ears(tmp_path, size=8)
    ears.run(ENDS)
    assert {0} == set(ears.ended)
    assert not ears.deaths


def test_a_pool_ticks_by_the_clock_and_not_with_every_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is shown and written is the same for one message and for a thousand a second."""
    monkeypatch.setattr(supervisor, "TICK_S", 3600.0)
    ears, ticks = Ears(tmp_path, size=2), Counter[str]()
    ears.pool = Pool(cast("Job", str(tmp_path)), size=2, tick=lambda: ticks.update(["tick"]))
    ears.run(*[ENDS] * 40)
    assert set(range(40)) == set(ears.ended)
    assert ticks["tick"] == 2, "one at the beginning, one when all have ended"


def test_the_tasks_of_a_worker_that_is_killed_go_to_another(tmp_path: Path) -> None:
    """The death is noticed at once, told, and nothing is lost."""
    ears = Ears(tmp_path, size=1)
    ears.run(DIES_ONCE, ENDS, ENDS)
    assert {0, 1, 2} == set(ears.ended)
    assert not [m for m in ears.ended.values() if m.error]
    assert [d.exit_code for d in ears.deaths] == [-9]
    assert 0 in [task.id for task in ears.deaths[0].tasks]


def test_a_task_that_kills_every_worker_is_set_aside(tmp_path: Path) -> None:
    """The others are finished; the pool does not go on for ever."""
    ears = Ears(tmp_path, size=1)
    ears.run(DIES_ALWAYS, ENDS)
    assert {0, 1} == set(ears.ended)
    assert "workers died over this range" in str(ears.ended[0].error)
    assert ears.ended[1].error is None
    held = Counter(task.id for death in ears.deaths for task in death.tasks)
    assert held[0] == DEATHS_A_TASK_MAX


def test_a_pool_that_stops_hands_out_nothing_more(tmp_path: Path) -> None:
    """What workers hold ends as stopped; the rest is left for the next run."""
    ears = Ears(tmp_path, size=1, stops=True)
    ears.run(*[WAITS] * 9)
    assert {0, 1} == set(ears.ended)
    assert all(m.stopped for m in ears.ended.values())


@pytest.mark.parametrize(("tasks", "held"), [(9, 3), (4, 3), (3, 2)])
def test_a_worker_holds_a_third_range_while_there_are_some_for_the_others(
    tmp_path: Path, tasks: int, held: int
) -> None:
    """It is what is asked for ahead; the last ones are left to whoever is free first."""
    ears = Ears(tmp_path, size=1, stops=True)
    ears.run(*[WAITS] * tasks, of=Ahead)
    assert set(range(held)) == set(ears.ended)


def test_workers_that_are_killed_by_the_pool_are_gone_when_it_closes(tmp_path: Path) -> None:
    """The second Ctrl-C leaves no process behind; what they held is not handed out again."""
    ears = Ears(tmp_path, size=2, kills=True)
    ears.run(WAITS, WAITS)
    assert [d.exit_code for d in ears.deaths] == [-9, -9]
    assert ears.ended == {}
