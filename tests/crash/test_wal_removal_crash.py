"""Removing segments is stopped at every file operation, on a disk that forgets."""

from __future__ import annotations

from itertools import count

import pytest

from cass_snapshot.wal.removal import remove_applied
from tests.support.forgetful_disk import ForgetfulDisk, Kept, PowerCut
from tests.support.wal_samples import (
    RANGE,
    TABLE,
    WAL,
    append,
    contents,
    in_blocks,
    new_disk,
    open_wal,
    samples,
    segments,
)

BATCHES = [in_blocks(one) for one in samples(6, closing=True)]


def a_batch_each(compression: str, batches: int) -> ForgetfulDisk:
    """Return a disk with segments of one batch each."""
    disk = new_disk()
    wal = open_wal(disk, compression, segment_bytes_max=1)
    for one in BATCHES[:batches]:
        append(wal, one)
    return disk


def remove(disk: ForgetfulDisk, checkpoint_seq: int) -> int:
    """Remove what the target has."""
    closed = checkpoint_seq == len(BATCHES)
    return remove_applied(
        WAL, TABLE, RANGE.number, checkpoint_seq=checkpoint_seq, closed=closed, files=disk
    )


@pytest.mark.parametrize("compression", ["none", "zstd"])
@pytest.mark.parametrize("kept", Kept)
@pytest.mark.parametrize("checkpoint_seq", [3, 5])
def test_a_power_cut_while_segments_go_leaves_a_wal_that_goes_on(
    compression: str, kept: Kept, checkpoint_seq: int
) -> None:
    """What the target lacks is there, the rest is removed later, and new batches follow."""
    for at in count(1):
        disk = a_batch_each(compression, 5)
        disk.cut_at = len(disk.operations) + at
        try:
            remove(disk, checkpoint_seq)
        except PowerCut:
            for seed in range(4 if kept is Kept.SOME else 1):
                goes_on(disk.survivor(kept, seed), compression, checkpoint_seq)
        else:
            assert at > 6
            return


def goes_on(left: ForgetfulDisk, compression: str, checkpoint_seq: int) -> None:
    """Open, check, append, remove all, and open again."""
    wal = open_wal(left, compression, checkpoint_seq=checkpoint_seq, segment_bytes_max=1)
    assert contents(wal.replay(checkpoint_seq)) == BATCHES[checkpoint_seq:5]
    append(wal, BATCHES[5])
    wal.close()
    again = open_wal(left, compression, checkpoint_seq=checkpoint_seq)
    assert (again.last_seq, again.closed) == (6, True)
    remove(left, 6)
    assert segments(left) == []


@pytest.mark.parametrize("compression", ["none", "zstd"])
@pytest.mark.parametrize("kept", Kept)
def test_a_power_cut_while_a_closed_range_goes_leaves_it_closed_or_gone(
    compression: str, kept: Kept
) -> None:
    """The closing batch goes last."""
    for at in count(1):
        disk = a_batch_each(compression, 6)
        disk.cut_at = len(disk.operations) + at
        try:
            remove(disk, 6)
        except PowerCut:
            for seed in range(4 if kept is Kept.SOME else 1):
                left = disk.survivor(kept, seed)
                wal = open_wal(left, compression, checkpoint_seq=6)
                assert wal.last_seq == 6
                assert wal.closed == bool(segments(left))
                remove(left, 6)
                assert segments(left) == []
        else:
            assert at > 12
            return


@pytest.mark.parametrize("at", range(1, 13))
def test_a_disk_error_while_segments_go_leaves_a_wal_that_opens(at: int) -> None:
    """The removal is tried again later, and finds what is left."""
    disk = a_batch_each("none", 6)
    disk.fail_at = len(disk.operations) + at
    with pytest.raises(OSError, match="operation"):
        remove(disk, 6)
    assert open_wal(disk, checkpoint_seq=6).last_seq == 6
    remove(disk, 6)
    left = disk.survivor(Kept.NOTHING)
    assert open_wal(left, checkpoint_seq=6).last_seq == 6
    remove(left, 6)
    assert segments(left) == []
