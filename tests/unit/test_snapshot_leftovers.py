"""Segments of ranges that were done before a process began: nobody's task would remove them."""

from __future__ import annotations

import errno
from dataclasses import replace
from pathlib import Path

import pytest

from cass_snapshot.errors import StateError
from cass_snapshot.model import Checkpoint, RangeState
from cass_snapshot.ring.split import split_ring
from cass_snapshot.snapshot import leftovers
from cass_snapshot.snapshot.plan import RunPlan
from tests.support.plans import plan


def half_done() -> RunPlan:
    """Return a plan of four ranges, two of which are done."""
    states = (RangeState.DONE, RangeState.RUNNING, RangeState.DONE, RangeState.PENDING)
    checkpoints = tuple(
        Checkpoint(range=one, batch_seq=one.number + 5, state=state)
        for one, state in zip(split_ring(4), states, strict=True)
    )
    made = plan("orders")
    return replace(made, tables=(replace(made.tables[0], checkpoints=checkpoints),))


def test_the_wal_of_what_is_done_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not done is left alone."""
    removed: list[tuple[int, int, bool]] = []

    def remove_applied(
        _place: Path, _table: object, number: int, *, checkpoint_seq: int, closed: bool
    ) -> int:
        removed.append((number, checkpoint_seq, closed))
        return 0

    monkeypatch.setattr(leftovers, "remove_applied", remove_applied)
    leftovers.remove_leftovers(half_done(), tmp_path)
    assert removed == [(0, 5, True), (2, 7, True)]


def test_a_disk_that_refuses_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run ends; nothing was lost."""

    def remove_applied(*_: object, **__: object) -> int:
        raise OSError(errno.EROFS, "said the disk")

    monkeypatch.setattr(leftovers, "remove_applied", remove_applied)
    with pytest.raises(StateError, match="said the disk"):
        leftovers.remove_leftovers(half_done(), tmp_path)
