"""What a window holds of a range, in a scratch file: each batch's blocks, and where they begin.

One JSON line a batch. The file is made from the WAL again by whoever gathers the range again, so it
is neither synced nor ever trusted after a restart.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson

from cass_snapshot.blocks import Block
from cass_snapshot.model import Batch
from cass_snapshot.protocols import Order, SortKey

Stored = list[list[int]]
"""Blocks as JSON has them."""


@dataclass(frozen=True, slots=True)
class Indexed:
    """A batch of a window: its blocks, the sort key of each one's first line, and its last key."""

    segment: str
    blocks: tuple[Block, ...]
    keys: tuple[SortKey, ...]
    last: SortKey


class IndexWriter:
    """Notes the batches of one range."""

    def __init__(self, path: Path, order: Order) -> None:
        self._path = path
        self._order = order
        self._lines: list[bytes] = []

    def add(self, batch: Batch) -> None:
        """Note a batch whose rows are at hand and sorted; one without rows is left out."""
        if not batch.blocks:
            return
        data, start, keys = batch.lines.data, 0, []
        for block in batch.blocks:
            keys.append(self._order.key(data[start : data.index(b"\n", start)]))
            start += block.size
        keys.append(self._order.key(data[data.rfind(b"\n", 0, -1) + 1 :]))
        self._lines.append(orjson.dumps([batch.segment, as_json(batch.blocks), keys]))

    def clear(self) -> None:
        """Forget what was noted."""
        self._lines.clear()

    def write(self) -> None:
        """Write the file, in the place of an earlier one."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path.write_bytes(b"".join(line + b"\n" for line in self._lines))


def as_json(blocks: tuple[Block, ...]) -> Stored:
    """Return blocks as JSON values."""
    return [[b.offset, b.stored, b.size, b.check, int(b.plain)] for b in blocks]


def from_json(stored: Stored) -> tuple[Block, ...]:
    """Return the blocks that ``as_json`` gave."""
    return tuple(
        Block(offset=offset, stored=length, size=size, check=check, plain=bool(plain))
        for offset, length, size, check, plain in stored
    )


def read_index(path: Path) -> Iterator[Indexed]:
    """Yield the batches that ``IndexWriter`` noted."""
    with path.open("rb") as file:
        for line in file:
            segment, stored, keys = orjson.loads(line)
            *firsts, last = map(tuple, keys)
            yield Indexed(segment, from_json(stored), tuple(firsts), last)
