"""A worker that says nothing of what it should speak of is ended and replaced."""

from __future__ import annotations

from pathlib import Path

import pytest

from cass_snapshot.snapshot import member, process, supervisor
from cass_snapshot.snapshot.messages import Ended
from tests.support import tiny_worker
from tests.support.ears import Ears
from tests.support.tiny_worker import ENDS, WAITS, Speaks

DEATHS = 2
PATIENCE_S = 4.0
"""More than a process takes to start, also on a busy machine."""


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the tiny worker in the place of the real one, and have no patience with it."""
    monkeypatch.setattr(process, "begin", tiny_worker.begin)
    monkeypatch.setattr(member, "STUCK_AFTER_S", PATIENCE_S)
    monkeypatch.setattr(supervisor, "DEATHS_A_TASK_MAX", DEATHS)


def test_a_range_over_which_workers_hang_is_set_aside(tmp_path: Path) -> None:
    """Each of them is killed, the others go on, and the range fails by name."""
    ears = Ears(tmp_path, 2)
    ears.run(ENDS, WAITS, ENDS, ENDS, of=Speaks)
    assert {n for n, ended in ears.ended.items() if ended.error is None} == {0, 2, 3}
    assert len(ears.deaths) == DEATHS
    assert {death.exit_code for death in ears.deaths} == {-9}
    assert ears.ended[1].error is not None
    assert "workers died over this range" in str(ears.ended[1].error)


def test_a_task_that_takes_its_time_is_let_alone(tmp_path: Path) -> None:
    """A worker that counts a whole table says nothing before it is through."""
    ears = Ears(tmp_path, 1, stops_after_s=PATIENCE_S + 1)
    ears.run(WAITS)
    assert ears.deaths == []
    assert ears.ended == {0: Ended(task=0, stopped=True)}
