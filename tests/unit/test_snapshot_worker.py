"""One worker, its two halves in their threads, on a range kept in memory."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any, cast

import pytest

from cass_snapshot.errors import (
    Fault,
    LockedError,
    SnapshotError,
    TargetUnavailable,
    Transient,
)
from cass_snapshot.model import Batch, Checkpoint, TokenRange, Written
from cass_snapshot.ring.split import split_ring
from cass_snapshot.snapshot.batches import RangeBatches
from cass_snapshot.snapshot.messages import (
    Applied,
    Captured,
    CountSource,
    CountTarget,
    Ended,
    FindMissing,
    GatherRange,
    MissingFound,
    Stop,
)
from tests.support.doubles import RANGE, LineEncoder, MemoryTarget, MemoryWal, position
from tests.support.patient import patience
from tests.support.worker_parts import COPY, Parts, Wire, ended, opened, parts, serve


def test_a_range_is_captured_applied_and_closed(tmp_path: Path) -> None:
    """Every batch is told twice: when it is durable, and when the target holds it."""
    made = parts([1, 2, 3])
    said = serve(tmp_path, made, COPY)
    assert [m.rows for m in said if isinstance(m, Captured)] == [2, 1]
    assert [(m.rows, m.fresh) for m in said if isinstance(m, Applied)] == [(2, True), (1, True)]
    assert Ended(task=7, closed=True) == ended(said)
    assert made.log.batches == made.into.taken


def test_the_source_is_told_which_range_of_the_table_is_read_next(tmp_path: Path) -> None:
    """It is known as soon as the parent gave the task."""
    made = parts([1])
    second = replace(COPY, id=8, range=replace(RANGE, number=8))
    worker = opened(tmp_path, made, Wire())
    worker._inbox.put(COPY)
    worker._inbox.put(second)
    worker.serve()
    assert made.rows.followed_by == [second.range]


class Away(MemoryTarget):
    """A target that is away."""

    def checkpoint(self, token_range: TokenRange) -> Checkpoint:
        """Give no answer."""
        raise TargetUnavailable(f"asked for {token_range}")


def test_reading_that_waits_for_room_can_ask_whether_the_target_is_there(tmp_path: Path) -> None:
    """Room is made by applying; each page waits, and asks for what is small."""
    made = parts([1, 2, 3])
    serve(tmp_path, made, COPY)
    assert [what for what, _ in made.waited] == ["ceiling"] * 2
    made.into = Away(made.log)
    for _, ask in made.waited:
        assert ask is not None
        with pytest.raises(TargetUnavailable, match=f"asked for {RANGE}"):
            ask()


class Held(Parts):
    """A range whose WAL the process before has not let go of."""

    def wal(self, _index: int, _range: TokenRange, _seq: int) -> MemoryWal:
        """Refuse it."""
        raise LockedError("another process writes this range", where="here")


def test_a_wal_that_is_held_is_tried_again_as_a_fault_of_the_disk() -> None:
    """No server is to blame."""
    made = parts([1])
    held = Held(log=made.log, rows=made.rows, into=made.into)
    told: list[tuple[SnapshotError | None, float]] = []
    batches = RangeBatches(
        cast("Any", held), patience(told=told), COPY, lambda _: None, lambda: None
    )
    with pytest.raises(Transient, match="another process writes this range"):
        list(batches.after(Checkpoint(range=RANGE)))
    assert [error.fault for error, _ in told if error] == [Fault.LOCKED] * 4


@pytest.mark.parametrize(("index", "asks"), [(Path("0"), True), (None, False)])
def test_a_window_waits_for_the_disk_alone(index: Path | None, asks: bool) -> None:
    """Where nobody applies it, the target is none of its business."""
    made = parts([1, 2, 3])
    checkpoint = Checkpoint(range=RANGE)
    task = GatherRange(id=7, table=0, checkpoint=checkpoint, index=index, arranged=False)
    batches = RangeBatches(cast("Any", made), patience(), task, lambda _: None, lambda: None)
    assert len(list(batches.after(checkpoint))) == 2
    assert [(what, ask is not None) for what, ask in made.waited] == [("disk", asks)] * 2


def test_a_range_that_is_done_already_is_not_read_again(tmp_path: Path) -> None:
    """A worker may be killed between the COMMIT of the closing batch and its report."""
    made = parts([1, 2, 3])
    said = serve(tmp_path, made, COPY, replace(COPY, id=8))
    assert [Ended(task=7, closed=True), Ended(task=8, closed=True)] == [
        m for m in said if isinstance(m, Ended)
    ]
    assert made.rows.read_after == [None]


def test_what_the_wal_holds_is_applied_before_anything_is_read(tmp_path: Path) -> None:
    """And reading goes on behind it."""
    made = parts([1, 2, 3, 4, 5])
    made.log.append(
        LineEncoder().encode([(b"1",), (b"2",)]).lines, position((b"2",)), closing=False
    )
    said = serve(tmp_path, made, COPY)
    assert [position((b"2",))] == made.rows.read_after
    assert [m.rows for m in said if isinstance(m, Captured)] == [2, 1]
    assert [m.rows for m in said if isinstance(m, Applied)] == [2, 2, 1]
    assert ended(said).closed


def test_a_range_that_was_captured_whole_is_only_applied(tmp_path: Path) -> None:
    """Its closing batch is in the WAL."""
    made = parts([1])
    made.log.append(LineEncoder().encode([(b"1",)]).lines, position((b"1",)), closing=True)
    assert ended(serve(tmp_path, made, COPY)).closed
    assert made.rows.read_after == []


def test_a_worker_told_to_stop_leaves_off_and_keeps_what_it_has(tmp_path: Path) -> None:
    """What is in the WAL is either applied or left for the next run; nothing is closed."""
    made = parts(range(100))
    end = ended(serve(tmp_path, made, Stop(), COPY))
    assert (end.stopped, end.closed, end.error) == (True, False, None)
    assert len(made.into.taken) < 50


def test_rows_that_are_set_aside_are_told_with_their_batch(tmp_path: Path) -> None:
    """They were read, and are rejected; by the encoder, and by the target."""
    made = parts([1, 2, 3])
    made.encodes = LineEncoder(b"2").encode
    made.into.refuses = [0, 1]
    said = serve(tmp_path, made, COPY)
    assert [m.rows for m in said if isinstance(m, Captured)] == [2, 1]
    assert [(m.rows, m.rejected) for m in said if isinstance(m, Applied)] == [(1, 1), (0, 1)]
    assert [m.tally.refused for m in said if isinstance(m, Applied)] == [1, 0]
    assert [r.key for r in made.aside.rows] == [(b"2",)]
    assert ended(said).closed


def test_both_sides_are_counted_by_range(tmp_path: Path) -> None:
    """One number for a range of the source, one for each range of the target, and for none."""
    made = parts(range(5), there=range(3))
    said = serve(
        tmp_path,
        made,
        CountSource(id=1, table=0, range=RANGE),
        CountTarget(id=2, table=0, ranges=split_ring(4)),
    )
    source, target = [m.result for m in said if isinstance(m, Ended)]
    assert source == (5,)
    assert (len(target), sum(target), target[-1]) == (5, 3, 0)


def test_missing_keys_are_told_with_their_tokens(tmp_path: Path) -> None:
    """Page by page; the end says how many were seen and how many are missing."""
    made = parts(range(5), there=[0, 1, 3])
    said = serve(tmp_path, made, FindMissing(id=1, table=0, range=RANGE))
    found = [key for m in said if isinstance(m, MissingFound) for _, key in m.keys]
    assert found == [(b"2",), (b"4",)]
    assert Ended(task=1, result=(5, 2)) == ended(said)


class LateWal(MemoryWal):
    """A log that takes its time to seal, unless the target has what would have to wait for it."""

    def __init__(self) -> None:
        super().__init__()
        self.written = Event()
        self.sealed_first: bool | None = None

    def close(self) -> None:
        """Seal."""
        self.sealed_first = not self.written.wait(0.5)


class NotingTarget(MemoryTarget):
    """Notes that the closing batch is in."""

    def write(self, batch: Batch) -> Written:
        """Take a batch."""
        written = MemoryTarget.write(self, batch)
        if batch.closing:
            cast("LateWal", self.wal).written.set()
        return written


def test_the_closing_batch_is_applied_when_its_segment_is_sealed(tmp_path: Path) -> None:
    """What goes behind its COMMIT, where the WAL has a ceiling, is whole segments."""
    log = LateWal()
    made = replace(parts([1, 2, 3]), log=log, into=NotingTarget(log))
    assert ended(serve(tmp_path, made, COPY)).closed
    assert log.sealed_first
