"""However often a copy is interrupted: every row is in the target once, or was set aside."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from hypothesis import example, given, settings
from hypothesis import strategies as st

from cass_snapshot.errors import SnapshotError, TargetUnavailable, Transient
from cass_snapshot.model import Batch, Cells, Page, Position, RangeState
from cass_snapshot.retry import TRANSIENT_ATTEMPTS_MAX
from cass_snapshot.snapshot.apply import apply
from cass_snapshot.snapshot.capture import capture
from tests.support.doubles import (
    RANGE,
    LineEncoder,
    MemoryRejects,
    MemoryTarget,
    MemoryWal,
    position,
)
from tests.support.patient import patience


def pages(rows: int, width: int, after: Position | None, empty: int) -> Iterator[Page]:
    """Yield the rows after a position, an empty page before every ``empty``-th."""
    left = [n for n in range(rows) if after is None or n > after.token]
    cut = [left[i : i + width] for i in range(0, len(left), width)] or [[]]
    for place, some in enumerate(cut, start=1):
        if empty and place % empty == 0:
            yield Page(rows=[], last=False)
        cells: list[Cells] = [(b"%d" % n,) for n in some]
        yield Page(rows=cells, last=place == len(cut))


BAD = (b"3", b"11", b"12")
"""Rows that the encoder sets aside."""


def batches(
    wal: MemoryWal, target: MemoryTarget, aside: MemoryRejects, source: tuple[int, int, int]
) -> Iterator[Batch]:
    """Yield what a process does of a range: the WAL behind the checkpoint, then what is unread."""
    checkpoint = target.checkpoint(RANGE)
    if checkpoint.state is RangeState.DONE:
        return
    after = checkpoint.position
    for batch in wal.replay(checkpoint.batch_seq):
        after = batch.position
        yield batch
        if batch.closing:
            return
    rows, width, empty = source
    yield from capture(
        pages(rows, width, after, empty),
        position=position,
        encoder=LineEncoder(*BAD),
        rejects=aside,
        wal=wal,
        after=after,
    )


DEADLOCK = Transient("deadlock")
ERRORS = st.lists(
    st.sampled_from([None, None, TargetUnavailable("lost"), DEADLOCK]), max_size=12
).filter(lambda errors: errors.count(DEADLOCK) < TRANSIENT_ATTEMPTS_MAX)


@settings(max_examples=80, deadline=None)
@given(
    source=st.tuples(st.integers(0, 30), st.integers(1, 7), st.integers(0, 3)),
    lives=st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=6),
    meets=ERRORS,
    commits=st.booleans(),
)
@example(source=(0, 1, 0), lives=[(1, 0), (1, 1)], meets=[], commits=False)
@example(source=(2, 1, 0), lives=[(9, 9), (9, 9)], meets=[], commits=True)
def test_every_row_arrives_once_or_is_set_aside_whenever_processes_die(
    source: tuple[int, int, int],
    lives: list[tuple[int, int]],
    meets: list[SnapshotError | None],
    *,
    commits: bool,
) -> None:
    """Each life captures some batches and applies fewer; the connection is lost now and then."""
    wal = MemoryWal()
    target = MemoryTarget(wal, meets=list(meets), commits=commits)
    aside = MemoryRejects()
    for captures, applies in lives:
        captured = list(islice(batches(wal, target, aside, source), captures))
        list(apply(captured[:applies], target, patience()))
    list(apply(batches(wal, target, aside, source), target, patience()))
    rows = [b"%d" % n for n in range(source[0])]
    assert {r.key for r in aside.rows} == {(n,) for n in rows if n in BAD}
    assert [b'["%b"]\n' % n for n in rows if n not in BAD] == [
        line for batch in target.taken for line in batch.lines.data.splitlines(keepends=True)
    ]
    assert wal.batches == target.taken
    assert [batch.closing for batch in target.taken].count(True) == 1
    assert target.checkpoint(RANGE).state is RangeState.DONE
