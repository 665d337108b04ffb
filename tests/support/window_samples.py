"""Batches of windows, kept in memory, and the simplest order that their lines can have."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from zlib import crc32

import orjson

from cass_snapshot.blocks import Block, Cut
from cass_snapshot.model import Batch, Lines, Position, Tally, TokenRange
from cass_snapshot.protocols import SortKey
from cass_snapshot.snapshot.windows.index import IndexWriter
from tests.support.doubles import ORDERS

_WORDS = re.compile(rb"[\[,](?:null|true|false)(?=[\],])")
_NOTHING = Tally()


class FirstOrder:
    """Sorts lines by their first value, and cuts blocks of so many rows."""

    def __init__(self, block_rows: int = 3) -> None:
        self._block_rows = block_rows

    def arrange(self, lines: Lines) -> Lines:
        """Return the lines sorted and in blocks."""
        rows = lines.data.splitlines()
        self.sort(rows)
        blocks = [rows[i : i + self._block_rows] for i in range(0, len(rows), self._block_rows)]
        cuts = tuple(
            Cut(size=sum(map(len, block)) + len(block), plain=all(map(self.plain, block)))
            for block in blocks
        )
        return replace(lines, data=b"".join(row + b"\n" for row in rows), cuts=cuts)

    def key(self, line: bytes) -> SortKey:
        """Return the first value."""
        return (orjson.loads(line)[0],)

    def sort(self, rows: list[bytes]) -> None:
        """Sort in place; what is equal stays as it is."""
        rows.sort(key=self.key)

    def merge(
        self,
        pieces: Iterable[bytes],
        *,
        low: SortKey | None,
        high: SortKey | None,
        rows_max: int,
        bytes_max: int,
    ) -> Iterator[tuple[bytes, int]]:
        """Yield sorted lines between two keys in stretches."""
        rows = [
            row
            for row in b"".join(pieces).splitlines(keepends=True)
            if (low is None or low <= self.key(row)) and (high is None or self.key(row) < high)
        ]
        self.sort(rows)
        chunk: list[bytes] = []
        for row in rows:
            chunk.append(row)
            if len(chunk) == rows_max or sum(map(len, chunk)) >= bytes_max:
                yield b"".join(chunk), len(chunk)
                chunk = []
        if chunk:
            yield b"".join(chunk), len(chunk)

    def plain(self, line: bytes) -> bool:
        """Tell a line without a string of a hash."""
        return b'"#' not in line

    def words(self, line: bytes) -> int:
        """Return how many values are null, true or false."""
        return len(_WORDS.findall(line))


class MemoryBlocks:
    """The segments of a table, each some bytes; notes what was read."""

    def __init__(self) -> None:
        self.segments: dict[str, bytes] = {}
        self.bytes_read = 0

    def append(self, segment: str, lines: Lines) -> tuple[Block, ...]:
        """Put lines at the end of a segment; return where their blocks lie."""
        before = self.segments.get(segment, b"")
        offset, start, blocks = len(before) + 7, 0, []
        for cut in lines.cuts:
            data = lines.data[start : start + cut.size]
            blocks.append(
                Block(
                    offset=offset + start,
                    stored=cut.size,
                    size=cut.size,
                    check=crc32(data),
                    plain=cut.plain,
                )
            )
            start += cut.size
        self.segments[segment] = before + b"commit\n" + lines.data
        return tuple(blocks)

    def read(self, segment: str, blocks: Sequence[Block]) -> bytes:
        """Return the lines of neighbouring blocks."""
        lines = b""
        for block in blocks:
            data = self.segments[segment][block.offset : block.offset + block.stored]
            assert crc32(data) == block.check
            lines += data
            self.bytes_read += len(data)
        return lines

    def close(self) -> None:
        """Do nothing."""


def range_of(number: int) -> TokenRange:
    """Return the range of tokens from 100 times a number on."""
    return TokenRange(number=number, start=number * 100, end=number * 100 + 100)


def lines_of(rows: Sequence[Sequence[object]], tally: Tally = _NOTHING) -> Lines:
    """Return rows as WAL lines."""
    data = b"".join(orjson.dumps(row) + b"\n" for row in rows)
    words = sum(value is None or isinstance(value, bool) for row in rows for value in row)
    return Lines(data=data, rows=len(rows), words=words, tally=tally)


def batch(
    number: int,
    seq: int,
    lines: Lines,
    *,
    closing: bool = False,
    blocks: tuple[Block, ...] = (),
) -> Batch:
    """Return a batch of a range."""
    return Batch(
        table=ORDERS,
        range=range_of(number),
        seq=seq,
        lines=lines,
        position=Position(token=number * 100 + seq, partition_key=(b"k",)),
        closing=closing,
        checksum="x",
        segment=f"orders/{number}",
        offset=0,
        size=len(lines.data),
        blocks=blocks,
    )


def write_window(
    folder: Path, ranges: Sequence[Sequence[Sequence[Sequence[object]]]], *, block_rows: int = 3
) -> MemoryBlocks:
    """Write the indexes of a window of ranges, each of batches, each of rows."""
    order, blocks = FirstOrder(block_rows), MemoryBlocks()
    for number, batches in enumerate(ranges):
        index = IndexWriter(folder / "ranges" / str(number), order)
        for seq, rows in enumerate(batches, start=1):
            lines = order.arrange(lines_of(rows))
            placed = blocks.append(f"orders/{number}", lines)
            index.add(batch(number, seq, lines, blocks=placed))
        index.write()
    return blocks
