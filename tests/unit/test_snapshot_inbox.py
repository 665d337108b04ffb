"""The tasks that a worker holds: in order, and which range they read next."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from cass_snapshot.model import Checkpoint, Position
from cass_snapshot.snapshot.inbox import Inbox
from cass_snapshot.snapshot.messages import CopyRange, CountSource, GatherRange, Task
from tests.support.doubles import RANGE

HALF = Checkpoint(range=RANGE, batch_seq=3, position=Position(token=1, partition_key=(b"k",)))
COPY = CopyRange(id=1, table=4, range=RANGE)


def gather(checkpoint: Checkpoint) -> GatherRange:
    """Return a task in key order."""
    return GatherRange(id=1, table=4, checkpoint=checkpoint, index=Path("0"))


def test_tasks_are_taken_in_the_order_in_which_they_were_put() -> None:
    """None comes after the last."""
    inbox = Inbox()
    counting = CountSource(id=2, table=4, range=RANGE)
    for task in (COPY, counting, None):
        inbox.put(task)
    assert [inbox.take() for _ in range(3)] == [COPY, counting, None]


def test_taking_waits_for_a_task() -> None:
    """The parent gives the next one when it likes."""
    inbox = Inbox()
    later = threading.Timer(0.05, inbox.put, [COPY])
    later.start()
    assert inbox.take() == COPY
    later.join()


@pytest.mark.parametrize(
    ("task", "known"),
    [
        (COPY, True),
        (gather(Checkpoint(range=RANGE)), True),
        (gather(HALF), False),
        (CountSource(id=2, table=4, range=RANGE), False),
        (None, False),
    ],
    ids=["copied", "gathered", "gathered from the middle", "counted", "the end"],
)
def test_the_range_that_is_read_next_from_its_start_is_known(
    task: Task | None, known: bool
) -> None:
    """Of its own table alone, and without taking it."""
    inbox = Inbox()
    assert inbox.following(4) is None
    inbox.put(task)
    assert inbox.following(4) == (RANGE if known else None)
    assert inbox.following(5) is None
    assert inbox.take() == task
