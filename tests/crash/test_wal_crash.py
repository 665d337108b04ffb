"""The log is stopped at every file operation, on a disk that forgets what was not synced."""

from __future__ import annotations

from itertools import count

import pytest

from cass_snapshot.errors import SnapshotError
from tests.support.forgetful_disk import ForgetfulDisk, Kept, PowerCut
from tests.support.wal_samples import (
    WAL,
    append,
    contents,
    in_blocks,
    new_disk,
    open_wal,
    read_back,
    samples,
    segments,
    written,
)

BATCHES = [in_blocks(one) if n % 3 else one for n, one in enumerate(samples(6, closing=True))]
"""With blocks and without; the closing one has them."""
SEGMENT_BYTES = 700
"""Two batches and a header: the small run rotates twice."""


class Session:
    """Lives of the process that writes range 17, until all its batches are durable."""

    def __init__(self, compression: str) -> None:
        self.compression = compression
        self.reported = 0
        """How many batches were returned from append: they must never be lost again (I1)."""

    def live(self, disk: ForgetfulDisk, checkpoint_seq: int) -> None:
        """Open, check, and append what is not durable."""
        wal = open_wal(
            disk,
            self.compression,
            checkpoint_seq=checkpoint_seq,
            segment_bytes_max=SEGMENT_BYTES,
        )
        held = contents(wal.replay(0))
        assert held == BATCHES[: len(held)]
        assert len(held) == wal.last_seq >= self.reported
        for one in BATCHES[len(held) :]:
            append(wal, one)
            self.reported = wal.last_seq
        wal.close()


def checkpoints(session: Session) -> tuple[int, ...]:
    """Return what a target may have seen: nothing, or all that was durable."""
    return (0, session.reported)


@pytest.mark.parametrize("compression", ["none", "zstd"])
@pytest.mark.parametrize("kept", Kept)
def test_a_power_cut_at_any_operation_loses_nothing_reported(compression: str, kept: Kept) -> None:
    """Whatever the disk kept, the reported batches are there and nothing else but a next one."""
    for at in count(1):
        session = Session(compression)
        disk = new_disk()
        disk.cut_at = at
        try:
            session.live(disk, 0)
        except PowerCut:
            for checkpoint in checkpoints(session):
                for seed in range(3 if kept is Kept.SOME else 1):
                    after = Session(compression)
                    after.reported = session.reported
                    left = disk.survivor(kept, seed)
                    after.live(left, checkpoint)
                    assert read_back(left.survivor(Kept.NOTHING)) == BATCHES
        else:
            assert at > 18
            return


@pytest.mark.parametrize("compression", ["none", "zstd"])
def test_a_second_power_cut_during_recovery_loses_nothing_either(compression: str) -> None:
    """Every step of recovery leaves a state that the next recovery understands."""
    for first in count(1):
        session = Session(compression)
        disk = new_disk()
        disk.cut_at = first
        try:
            session.live(disk, 0)
        except PowerCut:
            cut_again(disk, session, seed=first)
        else:
            return


def cut_again(disk: ForgetfulDisk, before: Session, seed: int) -> None:
    """Recover from one power cut with another one at each of the next operations."""
    for second in range(1, 9):
        session = Session(before.compression)
        session.reported = before.reported
        left = disk.survivor(Kept.SOME, seed)
        left.cut_at = second
        try:
            session.live(left, before.reported)
        except PowerCut:
            again = left.survivor(Kept.SOME, seed + second)
            session.live(again, session.reported)
            assert read_back(again.survivor(Kept.NOTHING)) == BATCHES
        else:
            return


@pytest.mark.parametrize("compression", ["none", "zstd"])
def test_a_disk_error_at_any_operation_ends_the_log_and_loses_nothing(compression: str) -> None:
    """The next process on the same machine goes on, and a later power cut finds it all durable.

    After a failed sync the cache shows a batch that the platter lacks; recovery writes it again.
    """
    for at in count(1):
        session = Session(compression)
        disk = new_disk()
        disk.fail_at = at
        try:
            session.live(disk, 0)
        except OSError:
            session.live(disk, session.reported)
            assert read_back(disk.survivor(Kept.NOTHING)) == BATCHES
        else:
            assert at > 18
            return


@pytest.mark.parametrize("seed", range(12))
def test_a_power_cut_while_a_tail_is_cut_loses_none_of_its_bytes(seed: int) -> None:
    """The copy beside the segment is durable before the segment is cut (I6)."""
    whole = written(samples(3, closing=False), seal=False)
    (segment,) = segments(whole)
    content = whole.content(segment)
    tail = b'["a batch that was not finished",1,2,3]\n' * 20 + b'["'
    for at in count(1):
        disk = new_disk()
        disk.put(segment, content + tail)
        disk.cut_at = at
        try:
            open_wal(disk)
        except PowerCut:
            left = disk.survivor(Kept.SOME, seed)
            copy = segment.with_name(f"{segment.name}.torn-{len(content)}")
            copied = copy.name in left.names(copy.parent) and left.content(copy) == tail
            assert copied or left.content(segment) == content + tail
            assert open_wal(left).last_seq == 3
            assert left.content(copy) == tail
            assert open_wal(left.survivor(Kept.NOTHING)).last_seq == 3
        else:
            return


@pytest.mark.parametrize("deaf", ["sync", "sync directory"])
def test_without_its_syncs_the_log_would_lose_batches(deaf: str) -> None:
    """The disk notices a missing sync: what these tests find is worth something."""
    lost = 0
    for at in count(1):
        session = Session("none")
        disk = ForgetfulDisk(cut_at=at, deaf=frozenset({deaf}))
        disk.put(WAL / "placeholder", b"")
        try:
            session.live(disk, 0)
        except PowerCut:
            lost += not survives(disk, session)
        else:
            break
    assert lost > 5


def survives(disk: ForgetfulDisk, session: Session) -> bool:
    """Tell whether everything reported is there after a power cut."""
    try:
        session.live(disk.survivor(Kept.NOTHING), session.reported)
    except (AssertionError, SnapshotError):
        return False
    return True
