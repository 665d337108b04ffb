"""Reads blocks of sorted rows out of segments, so that a slice of the keys costs only itself.

Nothing else of a segment is read: each block is proven by its own size and CRC-32, which the commit
line of its batch states. ``Batch.segment`` and ``Batch.blocks`` say where they lie.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from pathlib import Path

from cass_snapshot.blocks import Block
from cass_snapshot.model import TableName
from cass_snapshot.wal import frames
from cass_snapshot.wal.blocklist import check_blocks
from cass_snapshot.wal.disk import File, Files
from cass_snapshot.wal.fields import FormatError
from cass_snapshot.wal.files import REAL
from cass_snapshot.wal.names import folder_of, parse_segment
from cass_snapshot.wal.walk import corrupt

OPEN_MAX = 64
"""A slice is read from every segment of a window; few of them are at hand at once."""


class BlockReader:
    """Reads the blocks of one table, in one thread; implements ``protocols.Blocks``."""

    def __init__(self, directory: Path, table: TableName, *, files: Files = REAL) -> None:
        """Open nothing yet; ``directory`` is the ``wal`` folder of the run."""
        self._files = files
        self._directory = directory
        self._folder = folder_of(table)
        self._decompressor = frames.decompressor()
        self._open: OrderedDict[str, File] = OrderedDict()
        """The files at hand, the one that was used last at the end."""

    def read(self, segment: str, blocks: Sequence[Block]) -> bytes:
        """Return the lines of these blocks, in their order.

        Blocks that are neighbours in the file are read at once.

        Raises:
            WalCorrupt: they are not as they were written, or not there.
        """
        file = self._file(segment)
        return b"".join([self._content(segment, file, run) for run in _runs(blocks)])

    def close(self) -> None:
        """Give the files back; reading goes on to work, and opens them again.

        The disk has the room of a removed segment only when nobody has it open.
        """
        while self._open:
            self._open.popitem()[1].close()

    def _file(self, segment: str) -> File:
        """Return a segment's file, which becomes the one that was used last."""
        file = self._open.pop(segment, None) or self._opened(segment)
        self._open[segment] = file
        if len(self._open) > OPEN_MAX:
            self._open.popitem(last=False)[1].close()
        return file

    def _opened(self, segment: str) -> File:
        folder, _, name = segment.partition("/")
        if folder != self._folder or not parse_segment(name):
            raise corrupt(segment, f"it is no segment of {self._folder}")
        try:
            return self._files.open(self._directory / folder / name)
        except FileNotFoundError as error:
            raise corrupt(segment, "it is not there any more") from error

    def _content(self, segment: str, file: File, run: Sequence[Block]) -> bytes:
        """Return the lines of neighbouring blocks, each of which is proven."""
        start, stored = run[0].offset, sum(block.stored for block in run)
        possible = start >= 0 and min(block.stored for block in run) > 0
        if not possible or start + stored > file.size():  # asked before room is made for them
            raise corrupt(f"{segment}:{start}", "the file ends before these blocks do")
        data = file.read_at(start, stored)
        if not _packed(segment) and _proven(data, run):
            return data
        view = memoryview(data)
        return b"".join([self._one(segment, view[b.offset - start :][: b.stored], b) for b in run])

    def _one(self, segment: str, stored: memoryview, block: Block) -> bytes | memoryview:
        """Return the lines of a block; prove it by itself, and name it where it is not proven."""
        try:
            content = self._unpacked(stored, block) if _packed(segment) else stored
            check_blocks(content, (block,))
        except FormatError as error:
            raise corrupt(f"{segment}:{block.offset}", str(error)) from error
        return content

    def _unpacked(self, frame: memoryview, block: Block) -> bytes:
        """Return what a frame holds, which says first that it is no more than its block has."""
        frames.frame_size(lambda at, size: bytes(frame[at : at + size]), 0, block.size)
        return frames.content_of(self._decompressor, frame)


def _packed(segment: str) -> bool:
    return segment.endswith(".zst")


def _proven(data: bytes, run: Sequence[Block]) -> bool:
    """Tell whether neighbours are as they were written, all at once: that costs half as much."""
    try:
        check_blocks(data, run)
    except FormatError:
        return False
    return True


def _runs(blocks: Sequence[Block]) -> Iterator[list[Block]]:
    """Yield the blocks in stretches of neighbours."""
    run: list[Block] = []
    for block in blocks:
        if run and block.offset != run[-1].offset + run[-1].stored:
            yield run
            run = []
        run.append(block)
    if run:
        yield run
