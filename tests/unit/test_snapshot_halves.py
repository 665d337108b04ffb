"""Capture and apply: joined by the WAL alone, durable before the target sees a row (I1, I2)."""

from __future__ import annotations

import errno
from collections.abc import Iterable, Iterator
from dataclasses import replace

import pytest

from cass_snapshot.errors import RangeFailed, TargetUnavailable, Transient
from cass_snapshot.model import Batch, Cells, Page, Position
from cass_snapshot.retry import TRANSIENT_ATTEMPTS_MAX
from cass_snapshot.snapshot.apply import apply
from cass_snapshot.snapshot.capture import capture
from tests.support.doubles import (
    LineEncoder,
    MemoryRejects,
    MemoryTarget,
    MemoryWal,
    name_of,
    position,
)
from tests.support.patient import NoWait, patience


def page(*numbers: int, last: bool = False) -> Page:
    """Return a page of rows."""
    rows: list[Cells] = [(b"%d" % n,) for n in numbers]
    return Page(rows=rows, last=last)


def captures(
    wal: MemoryWal, pages: Iterable[Page], after: Position | None = None
) -> Iterator[Batch]:
    """Yield the batches that some pages become."""
    return capture(
        pages,
        position=position,
        encoder=LineEncoder(),
        rejects=MemoryRejects(),
        wal=wal,
        after=after,
    )


def captured(wal: MemoryWal, *pages: Page, after: Position | None = None) -> list[Batch]:
    """Return the batches that some pages become."""
    return list(captures(wal, pages, after))


def test_each_page_becomes_a_batch_with_the_position_of_its_last_row() -> None:
    """The last page closes the range (I8)."""
    batches = captured(MemoryWal(), page(1, 2), page(3), page(4, 5, last=True))
    assert [b.position.token for b in batches if b.position] == [2, 3, 5]
    assert [b.closing for b in batches] == [False, False, True]
    assert [b.lines.data for b in batches] == [b'["1"]\n["2"]\n', b'["3"]\n', b'["4"]\n["5"]\n']


def test_an_empty_table_still_has_its_closing_batch() -> None:
    """Or its ranges would never be done."""
    (batch,) = captured(MemoryWal(), page(last=True))
    assert (batch.lines.rows, batch.position, batch.closing) == (0, None, True)


def test_empty_pages_on_the_way_are_no_batches() -> None:
    """They are legal, and say nothing."""
    batches = captured(MemoryWal(), page(), page(1), *[page()] * 50, page(last=True))
    assert [b.lines.rows for b in batches] == [1, 0]


@pytest.mark.parametrize("after", [None, position((b"7",))])
def test_an_empty_last_page_keeps_the_position_that_was_reached(after: Position | None) -> None:
    """That of the last row, or the one where the range was left."""
    assert after == captured(MemoryWal(), page(last=True), after=after)[-1].position
    batches = captured(MemoryWal(), page(9), page(last=True), after=after)
    assert position((b"9",)) == batches[-1].position


def test_a_batch_is_durable_when_it_is_yielded_and_no_page_is_read_ahead() -> None:
    """What the other half receives is in the WAL."""
    wal = MemoryWal()
    pages = iter([page(1), page(2, last=True)])
    batches = captures(wal, pages)
    assert wal.batches == [next(batches)]
    assert page(2, last=True) == next(pages)


def refusing(wal: MemoryWal, rejects: MemoryRejects, *pages: Page) -> list[Batch]:
    """Return the batches of pages whose rows 2 and 5 have no line."""
    found = capture(
        pages,
        position=position,
        encoder=LineEncoder(b"2", b"5"),
        rejects=rejects,
        wal=wal,
        after=None,
    )
    return list(found)


def test_a_row_without_a_line_is_kept_before_the_batch_that_lacks_it() -> None:
    """The batch says how many it lacks, and ends where its page ends."""
    wal = MemoryWal()
    rejects = MemoryRejects(wal)
    batches = refusing(wal, rejects, page(1, 2, 3), page(4), page(5, last=True))
    assert [b.lines.data for b in batches] == [b'["1"]\n["3"]\n', b'["4"]\n', b""]
    assert [b.lines.tally.refused for b in batches] == [1, 0, 1]
    assert [b.position.token for b in batches if b.position] == [3, 4, 5]
    assert [r.key for r in rejects.rows] == [(b"2",), (b"5",)]
    assert rejects.batches_before == [0, 2]


def test_a_row_that_cannot_be_kept_ends_the_capture() -> None:
    """Nothing of its page is in the WAL, so it is read again."""
    wal = MemoryWal()
    full = OSError(errno.ENOSPC, "No space left on device")
    with pytest.raises(OSError, match="No space left"):
        refusing(wal, MemoryRejects(fails=full), page(1), page(2))
    assert [b.lines.rows for b in wal.batches] == [1]


def test_partitions_without_a_row_are_counted_with_their_page() -> None:
    """Also where a page has nothing else; reading goes on after the last of them."""
    end = position((b"7",))
    pages = [
        replace(page(1), static_only=2),
        replace(page(), static_only=3, end=end),
        replace(page(last=True), end=None),
    ]
    batches = captured(MemoryWal(), *pages)
    assert [b.lines.tally.static_only for b in batches] == [2, 3, 0]
    assert [b.lines.rows for b in batches] == [1, 0, 0]
    assert [b.position for b in batches] == [position((b"1",)), end, end]


def test_a_page_may_end_behind_its_last_row() -> None:
    """Or the partitions without a row behind it would be counted twice."""
    (batch,) = captured(MemoryWal(), replace(page(1, last=True), end=position((b"9",))))
    assert position((b"9",)) == batch.position


def test_a_disk_that_refuses_ends_the_capture() -> None:
    """Nothing of that batch is handed on."""
    wal = MemoryWal()
    wal.fails = OSError(errno.ENOSPC, "No space left on device")
    with pytest.raises(OSError, match="No space left"):
        captured(wal, page(1))


def test_apply_takes_a_batch_only_from_the_wal() -> None:
    """The target of this test refuses a batch that is not durable; the order is the WAL's."""
    wal = MemoryWal()
    target = MemoryTarget(wal)
    pages = iter([page(1), page(2), page(3, last=True)])
    batches = captures(wal, pages)
    assert [written.fresh for _, written in apply(batches, target, patience())] == [True] * 3
    assert wal.batches == target.taken


def test_applying_again_changes_nothing() -> None:
    """Each batch is offered, found there, and left alone (I3)."""
    wal = MemoryWal()
    target = MemoryTarget(wal)
    captured(wal, page(1), page(2, last=True))
    list(apply(wal.batches, target, patience()))
    assert [written.fresh for _, written in apply(wal.batches, target, patience())] == [
        False,
        False,
    ]
    assert wal.batches == target.taken


@pytest.mark.parametrize("commits", [False, True])
def test_a_lost_connection_is_followed_by_the_same_batch(*, commits: bool) -> None:
    """Whether it had gone through, the checkpoint decides; it is in once, and ours, either way."""
    wal = MemoryWal()
    captured(wal, page(1), page(2, last=True))
    lost = TargetUnavailable("gone")
    target = MemoryTarget(wal, meets=[lost, None, lost, lost], commits=commits)
    found = [written.fresh for _, written in apply(wal.batches, target, patience())]
    assert found == [True, True]
    assert wal.batches == target.taken


def test_a_deadlock_is_tried_again_a_few_times() -> None:
    """Then the range is given up for now."""
    wal = MemoryWal()
    captured(wal, page(1, last=True))
    deadlock = Transient("deadlock")
    fine = MemoryTarget(wal, meets=[deadlock] * (TRANSIENT_ATTEMPTS_MAX - 1))
    list(apply(wal.batches, fine, patience()))
    assert len(fine.taken) == 1
    stubborn = MemoryTarget(wal, meets=[deadlock] * 99)
    with pytest.raises(Transient):
        list(apply(wal.batches, stubborn, patience()))
    assert stubborn.tries == TRANSIENT_ATTEMPTS_MAX


def test_a_refused_row_is_not_tried_again() -> None:
    """Nothing is written, and nothing waited for."""
    wal = MemoryWal()
    captured(wal, page(1, last=True))
    stop = NoWait()
    target = MemoryTarget(wal, meets=[RangeFailed("refused")])
    with pytest.raises(RangeFailed):
        list(apply(wal.batches, target, patience(stop)))
    assert (stop.pauses, target.taken) == ([], [])


def test_a_batch_names_the_rows_that_were_set_aside_from_it() -> None:
    """By the ids under which they are kept: the target learns them with the batch's rows."""
    wal, rejects = MemoryWal(), MemoryRejects()
    batches = list(
        capture(
            [page(1, 2, 3), page(4, last=True)],
            position=position,
            encoder=LineEncoder(b"1", b"3"),
            rejects=rejects,
            wal=wal,
            after=None,
        )
    )
    assert [len(b.lines.tally.ids) for b in batches] == [2, 0]
    assert list(batches[0].lines.tally.ids) == [name_of(row) for row in rejects.rows]
