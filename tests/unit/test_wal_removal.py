"""Which segments go, which stay, and that what is left is a WAL."""

from __future__ import annotations

from pathlib import Path

import pytest

from cass_snapshot.errors import WalCorrupt
from cass_snapshot.wal.blocks import BlockReader
from cass_snapshot.wal.reader import RangeReader, find_ranges, wal_size
from cass_snapshot.wal.removal import remove_applied
from tests.support.forgetful_disk import ForgetfulDisk, Kept
from tests.support.wal_samples import (
    RANGE,
    TABLE,
    WAL,
    append,
    contents,
    identity,
    in_blocks,
    new_disk,
    open_wal,
    samples,
    segments,
)

FOLDER = WAL / str(TABLE)
BATCHES = [in_blocks(one) for one in samples(6, closing=False)]
CLOSED = [in_blocks(one) for one in samples(6, closing=True)]
both = pytest.mark.parametrize("compression", ["none", "zstd"])


def a_batch_each(compression: str, *, closed: bool, seal: bool = True) -> ForgetfulDisk:
    """Return a disk with six segments of one batch each."""
    disk = new_disk()
    wal = open_wal(disk, compression, segment_bytes_max=1 if seal else 2**20)
    for one in CLOSED if closed else BATCHES:
        append(wal, one)
    return disk


def remove(disk: ForgetfulDisk, checkpoint_seq: int, *, closed: bool = False) -> int:
    """Remove what the target has."""
    return remove_applied(
        WAL, TABLE, RANGE.number, checkpoint_seq=checkpoint_seq, closed=closed, files=disk
    )


def left(disk: ForgetfulDisk) -> list[int]:
    """Return the first batch of each segment that is there."""
    return [int(path.name[7:13]) for path in segments(disk)]


@both
@pytest.mark.parametrize(
    ("checkpoint_seq", "closed", "stay"),
    [
        (0, False, [1, 2, 3, 4, 5, 6]),
        (1, False, [2, 3, 4, 5, 6]),
        (5, False, [6]),
        (6, False, [6]),
        (5, True, [6]),
        (6, True, []),
    ],
)
def test_segments_go_when_the_target_has_all_their_batches(
    compression: str, checkpoint_seq: int, closed: bool, stay: list[int]
) -> None:
    """The newest one stays while the range is open; of a closed one it goes as well (I4)."""
    disk = a_batch_each(compression, closed=closed)
    sizes = {path: len(disk.content(path)) for path in segments(disk)}
    freed = remove(disk, checkpoint_seq, closed=closed)
    assert left(disk) == stay
    assert freed == sum(sizes.values()) - sum(sizes[path] for path in segments(disk))
    assert remove(disk, checkpoint_seq, closed=closed) == 0


@both
def test_a_segment_with_a_batch_above_the_checkpoint_stays_whole(compression: str) -> None:
    """A segment is removed as one; what is applied of it is passed over by replay."""
    disk = new_disk()
    wal = open_wal(disk, compression, segment_bytes_max=600)
    batches = [append(wal, one) for one in BATCHES]
    second = left(disk)[1]
    assert second > 2
    assert remove(disk, second - 2) == 0
    assert list(wal.replay(second - 2)) == batches[second - 2 :]


@both
def test_the_log_goes_on_while_its_older_segments_go(compression: str) -> None:
    """Appending, replaying, reopening and reading work with what is left."""
    disk = new_disk()
    wal = open_wal(disk, compression, segment_bytes_max=1)
    for number, one in enumerate(BATCHES[:5], start=1):
        append(wal, one)
        remove(disk, number - 1)
        assert contents(wal.replay(number - 1)) == [one]
    assert left(disk) == [5]
    with pytest.raises(WalCorrupt, match="batches 2 to 4 are not in the WAL any more"):
        next(wal.replay(1))
    wal.close()
    again = open_wal(disk, compression, checkpoint_seq=4)
    assert (again.last_seq, contents(again.replay(4))) == (5, BATCHES[4:5])
    last = append(again, BATCHES[5])
    again.close()
    reader = RangeReader(WAL, TABLE, RANGE.number, files=disk)
    assert (reader.first_seq, reader.last_seq, reader.identity) == (5, 6, identity(compression))
    assert list(reader.replay(5)) == [last]


@both
def test_what_was_removed_too_early_is_named(compression: str) -> None:
    """Where the target has less than it said, batches are missing, and nothing goes on."""
    disk = a_batch_each(compression, closed=False)
    remove(disk, 3)
    with pytest.raises(WalCorrupt, match="batches 3 to 3 are neither before it nor in the target"):
        open_wal(disk, compression, checkpoint_seq=2)
    assert open_wal(disk, compression, checkpoint_seq=3).last_seq == 6


@both
def test_a_closed_range_of_which_a_part_is_left_is_still_closed(compression: str) -> None:
    """As after a crash between two removals."""
    disk = a_batch_each(compression, closed=True)
    remove(disk, 4)
    wal = open_wal(disk, compression, checkpoint_seq=6)
    assert (wal.last_seq, wal.closed) == (6, True)
    remove(disk, 6, closed=True)
    assert find_ranges(WAL, files=disk) == []


@both
def test_a_log_of_which_nothing_is_left_goes_on_from_the_checkpoint(compression: str) -> None:
    """A range that was given up as closed loses nothing: its batches are in the target."""
    disk = a_batch_each(compression, closed=False)
    remove(disk, 6, closed=True)
    wal = open_wal(disk, compression, checkpoint_seq=6)
    assert append(wal, BATCHES[0]).seq == 7
    wal.close()
    assert open_wal(disk, compression, checkpoint_seq=6).last_seq == 7


@both
def test_a_segment_that_is_not_sealed_stays(compression: str) -> None:
    """Somebody writes it, or a crash left it: only recovery knows what is in it."""
    disk = a_batch_each(compression, closed=False, seal=False)
    assert remove(disk, 6, closed=True) == 0
    after = disk.survivor(Kept.EVERYTHING)
    assert remove(after, 6, closed=True) == 0
    assert open_wal(after, compression).last_seq == 6


@both
@pytest.mark.parametrize("damage", [b"x", b'{"footer":true}\n', b"\x28\xb5\x2f\xfd"])
def test_a_segment_whose_end_is_damaged_stays(compression: str, damage: bytes) -> None:
    """What is not understood is not removed, nor is anything newer."""
    disk = a_batch_each(compression, closed=True)
    third = segments(disk)[2]
    disk.put(third, disk.content(third) + damage)
    remove(disk, 6, closed=True)
    assert left(disk) == [3, 4, 5, 6]


@both
@pytest.mark.parametrize("content", [b"", b"\n", b'{"wal":2,'])
def test_a_segment_that_was_merely_begun_goes_on_from_what_is_gone(
    compression: str, content: bytes
) -> None:
    """Its name is the number of the next batch, whether an older segment is there or not."""
    disk = a_batch_each(compression, closed=False)
    ending = ".zst" if compression == "zstd" else ""
    disk.put(FOLDER / f"000017-000007.wal{ending}", content)
    remove(disk, 6)
    assert left(disk) == [7]
    wal = open_wal(disk, compression, checkpoint_seq=6)
    assert append(wal, BATCHES[0]).seq == 7
    wal.close()
    assert open_wal(disk, compression, checkpoint_seq=6).last_seq == 7


def test_a_footer_that_is_not_as_written_removes_nothing() -> None:
    """One flipped digit makes a batch that the target lacks look as if it had it."""
    disk = a_batch_each("none", closed=True)
    (first, *_) = segments(disk)
    content = disk.content(first)
    disk.put(first, content.replace(b'"last_seq":1,', b'"last_seq":0,'))
    assert remove(disk, 6, closed=True) == 0
    disk.put(first, content)
    assert remove(disk, 6, closed=True) > 0


def test_other_ranges_and_copies_of_torn_tails_stay(tmp_path: Path) -> None:
    """A human may still want the bytes that a crash left."""
    folder = tmp_path / str(TABLE)
    folder.mkdir(mode=0o700)
    disk = a_batch_each("none", closed=True)
    for path in segments(disk):
        (folder / path.name).write_bytes(disk.content(path))
        (folder / path.name.replace("000017-", "000018-")).write_bytes(disk.content(path))
    (folder / "000017-000003.wal.torn-77").write_bytes(b"half a row")
    for path in folder.iterdir():
        path.chmod(0o600)
    before, count = wal_size(tmp_path)
    freed = remove_applied(tmp_path, TABLE, 17, checkpoint_seq=6, closed=True)
    assert wal_size(tmp_path) == (before - freed, count // 2)
    kept = {path.name for path in folder.iterdir() if not path.name.startswith("000018-")}
    assert kept == {"000017-000003.wal.torn-77"}


def test_each_removal_is_durable_before_the_next() -> None:
    """So that no crash leaves a gap, whatever order the disk keeps names in."""
    disk = a_batch_each("none", closed=True)
    done = len(disk.operations)
    remove(disk, 3)
    assert disk.operations[done:] == ["remove", "sync directory"] * 3


def test_a_block_of_a_removed_segment_is_named() -> None:
    """Unless it is at hand; then it is still read."""
    disk = new_disk()
    wal = open_wal(disk, segment_bytes_max=1)
    first, _ = (append(wal, one) for one in BATCHES[:2])
    reader = BlockReader(WAL, TABLE, files=disk)
    lines = reader.read(first.segment, first.blocks)
    remove(disk, 1)
    assert reader.read(first.segment, first.blocks) == lines
    reader.close()
    with pytest.raises(WalCorrupt, match=r"000017-000001\.wal; why: it is not there any more"):
        reader.read(first.segment, first.blocks)
