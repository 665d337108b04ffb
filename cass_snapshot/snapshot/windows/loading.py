"""Reads one slice out of the WAL: its rows of every batch, in the order of the target's key."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import orjson

from cass_snapshot.blocks import Block
from cass_snapshot.model import Lines
from cass_snapshot.protocols import Blocks, Order
from cass_snapshot.snapshot.windows.index import from_json

CHUNK_BYTES = 8 * 2**20
"""What one transaction carries, and the rest of the row that reaches it, so that fat rows keep
memory and the server's log small."""


class SliceReader:
    """Yields the rows of one slice of a window.

    Args:
        window: its folder.
        blocks: reads the WAL.
        order: compares lines.
        rows_max: rows of a transaction at most.
    """

    def __init__(self, window: Path, blocks: Blocks, order: Order, *, rows_max: int) -> None:
        self._folder = window / "slices"
        self._blocks = blocks
        self._order = order
        self._rows_max = rows_max

    def chunks(self, number: int) -> Iterator[Lines]:
        """Yield the rows of a slice, sorted; what a simple parser may not read comes last."""
        if not (self._folder / str(number)).exists():  # no batch has a row between these bounds
            return
        odd: list[bytes] = []
        # Where lines are plain, every word in the text is a bare one, and need not be counted.
        for data, count in self._merged(self._plain(number, odd), number):
            yield Lines(data=data, rows=count, words=0, plain=True)
        if not odd:
            return
        for data, count in self._merged(odd, number):
            words = sum(map(self._order.words, data.splitlines()))
            yield Lines(data=data, rows=count, words=words)

    def _plain(self, number: int, odd: list[bytes]) -> Iterator[bytes]:
        """Yield what is plain of the pieces of a slice; what is not is put by."""
        for segment, blocks in self._blocks_of(number):
            data = self._blocks.read(segment, blocks)
            if all(block.plain for block in blocks):
                yield data
                continue
            rows = data.splitlines(keepends=True)
            yield b"".join([row for row in rows if self._order.plain(row)])
            odd.append(b"".join([row for row in rows if not self._order.plain(row)]))

    def _merged(self, pieces: Iterable[bytes], number: int) -> Iterator[tuple[bytes, int]]:
        """Yield what belongs to a slice of its blocks, the first and last of which hold more."""
        bounds = [tuple(key) for key in orjson.loads((self._folder / "bounds").read_bytes())]
        return self._order.merge(
            pieces,
            low=bounds[number - 1] if number else None,
            high=bounds[number] if number < len(bounds) else None,
            rows_max=self._rows_max,
            bytes_max=CHUNK_BYTES,
        )

    def _blocks_of(self, number: int) -> Iterator[tuple[str, tuple[Block, ...]]]:
        with (self._folder / str(number)).open("rb") as file:
            for line in file:
                segment, stored = orjson.loads(line)
                yield segment, from_json(stored)
