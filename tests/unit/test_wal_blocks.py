"""Blocks of sorted lines: where they lie, reading them alone, and bytes that are not as written."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from zlib import crc32

import pytest

from cass_snapshot.blocks import Block, Cut
from cass_snapshot.errors import WalCorrupt
from cass_snapshot.model import Batch, Lines
from cass_snapshot.protocols import Blocks
from cass_snapshot.wal import blocks as room
from cass_snapshot.wal import frames
from cass_snapshot.wal.blocklist import BLOCKS_MAX
from cass_snapshot.wal.blocks import BlockReader
from cass_snapshot.wal.disk import File, Files
from cass_snapshot.wal.files import REAL
from cass_snapshot.wal.log import RangeWal
from tests.support.forgetful_disk import ForgetfulDisk
from tests.support.wal_samples import (
    TABLE,
    WAL,
    append,
    identity,
    in_blocks,
    new_disk,
    open_wal,
    sample,
    samples,
    segments,
)

ROWS: list[list[object]] = [[f"key {n:03d}", n, None] for n in range(6)]
LINES = sample(*ROWS).lines.data.splitlines()
both = pytest.mark.parametrize("compression", ["none", "zstd"])


def one_batch(compression: str, lines: int = 2) -> tuple[ForgetfulDisk, Batch]:
    """Return a disk with six rows in blocks."""
    disk = new_disk()
    wal = open_wal(disk, compression)
    batch = append(wal, in_blocks(sample(*ROWS), lines))
    wal.close()
    return disk, batch


def reader_of(disk: ForgetfulDisk) -> BlockReader:
    """Return a reader of the table's blocks."""
    return BlockReader(WAL, TABLE, files=disk)


class Counting:
    """A disk that counts what is open and what is read."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self.opened = 0
        self.reads: list[tuple[int, int]] = []

    def __getattr__(self, name: str) -> object:
        return getattr(self._files, name)

    def open(self, path: Path, *, write: bool = False) -> File:
        """Open a file that counts its reads."""
        self.opened += 1
        return _Counted(self, self._files.open(path, write=write))  # type: ignore[return-value]  # the rest is passed on


class _Counted:
    def __init__(self, disk: Counting, file: File) -> None:
        self._disk = disk
        self._file = file

    def __getattr__(self, name: str) -> object:
        return getattr(self._file, name)

    def read_at(self, offset: int, size: int) -> bytes:
        self._disk.reads.append((offset, size))
        return self._file.read_at(offset, size)


def test_the_reader_keeps_the_contract() -> None:
    """Who reads slices knows it by its contract alone."""
    disk, batch = one_batch("none")
    blocks: Blocks = reader_of(disk)
    assert blocks.read(batch.segment, batch.blocks).splitlines() == LINES
    blocks.close()


def test_plain_blocks_lie_one_after_the_other_from_the_batchs_offset_on() -> None:
    """Stored and plain sizes are one; the commit line is behind them."""
    disk, batch = one_batch("none")
    content = disk.content(segments(disk)[0])
    at = batch.offset
    for n, block in enumerate(batch.blocks):
        data = b"".join(line + b"\n" for line in LINES[2 * n : 2 * n + 2])
        assert block == Block(
            offset=at, stored=len(data), size=len(data), check=crc32(data), plain=n % 2 == 0
        )
        assert content[at : at + block.stored] == data
        at += block.stored
    assert content[at:].startswith(b'{"commit":1,')


def test_with_zstd_each_block_is_a_frame_and_the_commit_line_another() -> None:
    """So that a slice unpacks its own blocks alone."""
    disk, batch = one_batch("zstd")
    content = disk.content(segments(disk)[0])
    unpack = frames.decompressor()
    at = batch.offset
    for n, block in enumerate(batch.blocks):
        data = frames.content_of(unpack, content[at : at + block.stored])
        assert data.splitlines() == LINES[2 * n : 2 * n + 2]
        assert (block.offset, block.size, block.check) == (at, len(data), crc32(data))
        at += block.stored
    line = frames.content_of(unpack, content[at : batch.offset + batch.size])
    assert line.startswith(b'{"commit":1,')


@both
def test_a_batch_without_cuts_has_no_blocks_and_is_one_unit_as_ever(compression: str) -> None:
    """Nothing about it changed with blocks."""
    disk = new_disk()
    wal = open_wal(disk, compression)
    batch = append(wal, sample(*ROWS))
    unit = disk.content(segments(disk)[0])[batch.offset :]
    content = unit if compression == "none" else frames.content_of(frames.decompressor(), unit)
    assert content.startswith(batch.lines.data + b'{"commit":1,')
    assert b'"blocks"' not in content
    assert batch.blocks == ()


def test_neighbouring_blocks_are_read_at_once() -> None:
    """A slice costs one read a batch; what is between two of its blocks is not read."""
    disk, batch = one_batch("none", lines=1)
    counting = Counting(disk)
    reader = BlockReader(WAL, TABLE, files=counting)  # type: ignore[arg-type]  # passes the rest on
    one, two, three, four, five, _ = batch.blocks
    assert reader.read(batch.segment, [two, three]).splitlines() == LINES[1:3]
    assert reader.read(batch.segment, [one, two, five]).splitlines() == [
        LINES[0],
        LINES[1],
        LINES[4],
    ]
    assert reader.read(batch.segment, [four, three]).splitlines() == [LINES[3], LINES[2]]
    assert reader.read(batch.segment, []).splitlines() == []
    assert counting.reads == [
        (two.offset, two.stored + three.stored),
        (one.offset, one.stored + two.stored),
        (five.offset, five.stored),
        (four.offset, four.stored),
        (three.offset, three.stored),
    ]
    assert counting.opened == 1


def test_few_segments_are_open_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that was used longest ago is closed, and opened again when it is needed."""
    monkeypatch.setattr(room, "OPEN_MAX", 3)
    wal = RangeWal.open(tmp_path, identity(), checkpoint_seq=0, segment_bytes_max=1)
    batches = [append(wal, in_blocks(one)) for one in samples(6, closing=True)]
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 their number alone
    counting = Counting(REAL)
    reader = BlockReader(tmp_path, TABLE, files=counting)  # type: ignore[arg-type]  # passes the rest on
    for batch in (*batches, *batches[3:], *batches):
        assert (
            reader.read(batch.segment, batch.blocks).splitlines() == batch.lines.data.splitlines()
        )
        assert len(os.listdir("/proc/self/fd")) - before <= 3  # noqa: PTH208 their number alone
    assert counting.opened == 12
    reader.close()
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208 their number alone
    assert reader.read(batches[0].segment, batches[0].blocks)
    reader.close()


def refused_at(reader: BlockReader, batch: Batch) -> str | None:
    """Return where damage is found, None where the lines come back as they were written."""
    try:
        found = reader.read(batch.segment, batch.blocks).splitlines()
    except WalCorrupt as error:
        return error.where
    assert found == LINES
    return None


@both
def test_a_flipped_bit_in_a_block_is_named_with_its_place(compression: str) -> None:
    """Or it means nothing to zstd, and the lines are right; other blocks are not concerned."""
    disk, batch = one_batch(compression)
    (path,) = segments(disk)
    whole = disk.content(path)
    named = 0
    for number, block in enumerate(batch.blocks):
        for bit in range(8 * block.offset, 8 * (block.offset + block.stored)):
            content = bytearray(whole)
            content[bit // 8] ^= 1 << bit % 8
            disk.put(path, bytes(content))
            reader = reader_of(disk)
            where = refused_at(reader, batch)
            named += where is not None
            assert where in (None, f"{batch.segment}:{block.offset}")
            other = batch.blocks[number - 1]
            assert reader.read(batch.segment, [other])
    assert named >= 8 * sum(block.stored for block in batch.blocks) - 8 * len(batch.blocks)


@both
def test_a_file_that_ends_within_a_block_is_named(compression: str) -> None:
    """No short read passes for a whole one."""
    disk, batch = one_batch(compression)
    (path,) = segments(disk)
    last = batch.blocks[-1]
    for size in (0, batch.offset, last.offset, last.offset + last.stored - 1):
        disk.put(path, disk.content(path)[:size])
        with pytest.raises(WalCorrupt, match="the file ends before these blocks do"):
            reader_of(disk).read(batch.segment, batch.blocks)


@both
@pytest.mark.parametrize(
    "change",
    [
        *({"size": 1}, {"size": 2**40}, {"check": 7}, {"offset": 0}, {"offset": -1}),
        *({"stored": 0}, {"stored": -5}, {"stored": 1}, {"stored": 2**60}, {"offset": 2**60}),
    ],
)
def test_blocks_that_are_not_there_are_refused(compression: str, change: dict[str, int]) -> None:
    """However large they claim to be, nothing outside the file is read and no room is made."""
    disk, batch = one_batch(compression)
    wrong = replace(batch.blocks[0], **change)  # type: ignore[arg-type]  # one field of each kind
    with pytest.raises(WalCorrupt, match=batch.segment.replace(".", r"\.") + ":"):
        reader_of(disk).read(batch.segment, [wrong])


def test_a_frame_that_would_grow_beyond_its_block_is_refused() -> None:
    """Zeros compress to nothing; the block's own size is the limit."""
    disk, batch = one_batch("zstd")
    bomb = frames.compressor().compress(bytes(2**24))
    disk.put(segments(disk)[0], bomb)
    block = replace(batch.blocks[0], offset=0, stored=len(bomb))
    with pytest.raises(WalCorrupt, match="of a size that this tool does not write"):
        reader_of(disk).read(batch.segment, [block])


@pytest.mark.parametrize("compression", ["none", "zstd"])
@pytest.mark.parametrize("data", [b'["a"]\n["b"', b'"a"]\n["b"]\n', b'["a"]\n\n', b"{}\n"])
def test_a_block_that_is_not_whole_lines_is_refused(compression: str, data: bytes) -> None:
    """Else its first or last line would run into a neighbour's."""
    disk, batch = one_batch(compression)
    stored = data if compression == "none" else frames.compressor().compress(data)
    disk.put(segments(disk)[0], stored)
    block = Block(offset=0, stored=len(stored), size=len(data), check=crc32(data), plain=True)
    with pytest.raises(WalCorrupt, match="the rows are not blocks of whole lines"):
        reader_of(disk).read(batch.segment, [block])


@pytest.mark.parametrize(
    "segment",
    [
        *("", "shop.orders", "shop.orders/", "shop.orders/../x", "/etc/passwd", "../shop.orders"),
        *("shop.other/000017-000001.wal", "shop.orders/000017-000001.wal/x", "shop.orders/17.wal"),
    ],
)
def test_what_is_no_segment_of_the_table_is_not_opened(segment: str) -> None:
    """Nothing but a segment's own name becomes a path."""
    disk, batch = one_batch("none")
    with pytest.raises(WalCorrupt, match=r"it is no segment of shop\.orders"):
        reader_of(disk).read(segment, batch.blocks)


def test_cuts_that_do_not_tile_the_lines_are_refused() -> None:
    """A batch whose blocks could not be read back is not written; the log goes on after it."""
    wal = open_wal(new_disk())
    lines = sample(*ROWS).lines
    size = len(LINES[0]) + 1
    for sizes in (
        [size],
        [size, 5 * size + 1],
        [size - 1, 5 * size + 1],
        [0, 6 * size],
        [6 * size, 0],
        [7 * size, -size],
    ):
        cuts = tuple(Cut(size=n, plain=True) for n in sizes)
        with pytest.raises(ValueError, match="the cuts of a batch must tile it"):
            wal.append(replace(lines, cuts=cuts), None, closing=False)
    many = b"[1]\n" * (BLOCKS_MAX + 1)
    cuts = (Cut(size=4, plain=True),) * (BLOCKS_MAX + 1)
    with pytest.raises(ValueError, match="not be too many"):
        wal.append(Lines(data=many, rows=len(cuts), words=0, cuts=cuts), None, closing=False)
    assert append(wal, sample(*ROWS)).seq == 1


@both
def test_a_batch_of_as_many_blocks_as_may_be_is_read_back(compression: str) -> None:
    """The commit line has room for them."""
    disk = new_disk()
    wal = open_wal(disk, compression)
    cuts = (Cut(size=4, plain=True),) * BLOCKS_MAX
    lines = Lines(data=b"[1]\n" * BLOCKS_MAX, rows=BLOCKS_MAX, words=0, cuts=cuts)
    batch = wal.append(lines, None, closing=True)
    wal.close()
    (found,) = open_wal(disk, compression).replay(0)
    assert found == batch
    assert len(reader_of(disk).read(batch.segment, batch.blocks).splitlines()) == BLOCKS_MAX
