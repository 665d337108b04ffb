"""A range that ends earlier since a run was continued with other ranges, and its older segments."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cass_snapshot.errors import StateError, WalCorrupt
from cass_snapshot.wal.log import SEGMENT_BYTES_MAX, RangeWal
from cass_snapshot.wal.reader import RangeReader
from cass_snapshot.wal.recovery import recover
from tests.support.forgetful_disk import ForgetfulDisk
from tests.support.wal_samples import TABLE, WAL, append, identity, new_disk, samples

BATCHES = samples(4, closing=False)
WHOLE = identity().range


def opened(disk: ForgetfulDisk, end: int) -> RangeWal:
    """Return the log of the range, which ends there now."""
    narrowed = replace(identity(), range=replace(WHOLE, end=end))
    return RangeWal.open(WAL, narrowed, checkpoint_seq=0, files=disk)


def written(disk: ForgetfulDisk, *ends: int) -> None:
    """Write a batch, and a segment, for each end that the range had."""
    for end, batch in zip(ends, BATCHES, strict=False):
        wal = opened(disk, end)
        append(wal, batch)
        wal.close()


def test_its_older_segments_are_its_own() -> None:
    """What they hold is said to be of the range as it is now, so that checkpoints fit."""
    disk = new_disk()
    written(disk, WHOLE.end, WHOLE.end - 1, WHOLE.end - 7)
    wal = opened(disk, WHOLE.end - 7)
    assert wal.last_seq == 3
    assert wal.position == BATCHES[2].position
    assert {batch.range.end for batch in wal.replay(0)} == {WHOLE.end - 7}
    reader = RangeReader(WAL, TABLE, WHOLE.number, files=disk)
    assert reader.identity.range.end == WHOLE.end - 7
    assert [batch.seq for batch in reader.replay(0)] == [1, 2, 3]


def test_rows_behind_its_end_are_another_range_s() -> None:
    """Another machine cut it before what is in this WAL, and reads what is behind later."""
    disk = new_disk()
    wal = opened(disk, WHOLE.end)
    for batch in BATCHES:
        append(wal, batch)
    wal.close()
    last = BATCHES[-1].position
    assert last is not None
    fits = opened(disk, last.token)
    assert fits.last_seq == len(BATCHES)
    assert RangeReader(WAL, TABLE, WHOLE.number, files=disk).position == last
    with pytest.raises(StateError, match="behind the end of their range") as refused:
        opened(disk, last.token - 1)
    for told in (f"token {last.token};", f"ends at {last.token - 1},", "range 17"):
        assert told in refused.value.why
    assert "000017-000001.wal" in refused.value.where
    again = opened(disk, last.token)
    assert [batch.seq for batch in again.replay(0)] == [1, 2, 3, 4]


def test_it_never_grows() -> None:
    """The tokens behind its end belong to another range by then."""
    disk = new_disk()
    written(disk, WHOLE.end - 7)
    with pytest.raises(WalCorrupt, match=f"its range ends at {WHOLE.end - 7}, before {WHOLE.end}"):
        opened(disk, WHOLE.end)


def test_a_segment_that_ends_later_than_the_one_before_is_named() -> None:
    """No process writes one; whoever reads does not know the range and holds them together."""
    disk = new_disk()
    written(disk, WHOLE.end - 7)
    narrowed = replace(identity(), range=replace(WHOLE, end=WHOLE.end - 7))
    grown = RangeWal(disk, WAL, identity(), recover(disk, WAL, narrowed, 0), SEGMENT_BYTES_MAX)
    append(grown, BATCHES[1])
    grown.close()
    with pytest.raises(WalCorrupt, match=f"ends at {WHOLE.end}, behind {WHOLE.end - 7}"):
        list(RangeReader(WAL, TABLE, WHOLE.number, files=disk).replay(0))
