"""Batches of many blocks that a crash tore, and damage that no crash explains (I6)."""

from __future__ import annotations

from zlib import crc32

import pytest

from cass_snapshot.errors import WalCorrupt
from cass_snapshot.model import Batch
from tests.support.forgetful_disk import ForgetfulDisk, Kept
from tests.support.wal_samples import (
    Sample,
    append,
    contents,
    in_blocks,
    new_disk,
    open_wal,
    sample,
    segments,
)

both = pytest.mark.parametrize("compression", ["none", "zstd"])
SMALL = in_blocks(sample(["a", 1], ["b", 2]))


def large(blocks: int, *, closing: bool = False) -> Sample:
    """Return a batch of so many blocks, with rows that do not compress much."""
    rows: list[list[object]] = [[f"{crc32(b'%d' % n):08x}" * 4, n] for n in range(blocks)]
    return in_blocks(sample(*rows, token=9, closing=closing))


def two_batches(compression: str, *, seal: bool = False) -> tuple[ForgetfulDisk, Batch]:
    """Return a disk with a small batch, and a large one behind it."""
    disk = new_disk()
    wal = open_wal(disk, compression)
    append(wal, SMALL)
    batch = append(wal, large(400, closing=seal))
    wal._fail(OSError("the process died"))
    return disk.survivor(Kept.EVERYTHING), batch


def put(disk: ForgetfulDisk, damaged: dict[int, bytes]) -> None:
    """Overwrite the segment at these offsets."""
    (path,) = segments(disk)
    content = bytearray(disk.content(path))
    for at, data in damaged.items():
        content[at : at + len(data)] = data
    disk.put(path, bytes(content))


@both
@pytest.mark.parametrize("seal", [True, False])
def test_a_batch_of_which_no_block_is_whole_is_torn(compression: str, seal: bool) -> None:
    """However many its blocks are, and though its commit line reached the platter."""
    disk, batch = two_batches(compression, seal=seal)
    put(disk, {block.offset + 20: bytes(4) for block in batch.blocks})
    wal = open_wal(disk, compression, checkpoint_seq=1)
    assert (wal.last_seq, wal.closed) == (1, False)
    assert contents(wal.replay(0)) == [SMALL]
    (path,) = segments(disk)
    assert any(name.startswith(path.name + ".torn-") for name in disk.names(path.parent))


@both
@pytest.mark.parametrize("number", [0, 1, 200, 399])
def test_a_batch_that_lacks_one_block_is_torn(compression: str, number: int) -> None:
    """A page of zeros in the midst of what was written at once."""
    disk, batch = two_batches(compression)
    put(disk, {batch.blocks[number].offset: bytes(batch.blocks[number].stored)})
    assert open_wal(disk, compression, checkpoint_seq=1).last_seq == 1


@both
def test_a_batch_cut_between_two_blocks_is_torn(compression: str) -> None:
    """Whole blocks without their commit line are no batch."""
    disk, batch = two_batches(compression)
    (path,) = segments(disk)
    for block in (batch.blocks[0], batch.blocks[7]):
        disk.put(path, disk.content(path)[: block.offset + block.stored])
        assert open_wal(disk.survivor(Kept.EVERYTHING), compression).last_seq == 1


@both
def test_a_batch_whose_header_is_torn_is_torn_with_it(compression: str) -> None:
    """The first batch is one write with the header: a whole batch behind zeros proves nothing."""
    disk = new_disk()
    wal = open_wal(disk, compression)
    batch = append(wal, SMALL)
    wal._fail(OSError("the process died"))
    disk = disk.survivor(Kept.EVERYTHING)
    put(disk, {0: bytes(batch.offset)})
    assert open_wal(disk, compression).last_seq == 0


@both
@pytest.mark.parametrize("number", [0, 399])
def test_a_damaged_block_of_a_batch_that_was_durable_is_no_torn_tail(
    compression: str, number: int
) -> None:
    """The batch behind it says so, which has blocks itself and nothing else behind it."""
    disk = new_disk()
    wal = open_wal(disk, compression)
    append(wal, SMALL)
    batch = append(wal, large(400))
    append(wal, SMALL)
    wal._fail(OSError("the process died"))
    put(disk, {batch.blocks[number].offset + 20: b"\0"})
    with pytest.raises(WalCorrupt, match="says that it was durable"):
        open_wal(disk, compression)
