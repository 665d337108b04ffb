"""Reads one slice out of the WAL: its rows of every batch, in the order of the target's key."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from pathlib import Path

import orjson

from cass_snapshot.blocks import Block
from cass_snapshot.model import Lines
from cass_snapshot.protocols import Blocks, Order, SortKey
from cass_snapshot.snapshot.windows.index import from_json

CHUNK_BYTES = 8 * 2**20
"""What one transaction carries at most, so that fat rows keep memory and the server's log small."""


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
        plain: list[bytes] = []
        odd: list[bytes] = []
        for segment, blocks, low, high in self._pieces(number):
            rows = self._blocks.read(segment, blocks)
            start = 0 if low is None else bisect_left(rows, low, key=self._order.key)
            end = len(rows) if high is None else bisect_left(rows, high, key=self._order.key)
            if all(block.plain for block in blocks):
                plain += rows[start:end]
            else:
                for row in rows[start:end]:
                    (plain if self._order.plain(row) else odd).append(row)
        for rows, are_plain in ((plain, True), (odd, False)):
            self._order.sort(rows)
            yield from self._cut(rows, plain=are_plain)

    def _pieces(
        self, number: int
    ) -> Iterator[tuple[str, tuple[Block, ...], SortKey | None, SortKey | None]]:
        path = self._folder / str(number)
        if not path.exists():  # no batch has a row between these bounds
            return
        bounds = [tuple(key) for key in orjson.loads((self._folder / "bounds").read_bytes())]
        low = bounds[number - 1] if number else None
        high = bounds[number] if number < len(bounds) else None
        with path.open("rb") as file:
            for line in file:
                segment, stored = orjson.loads(line)
                yield segment, from_json(stored), low, high

    def _cut(self, rows: list[bytes], *, plain: bool) -> Iterator[Lines]:
        start = 0
        while start < len(rows):
            end = min(len(rows), start + self._rows_max)
            size = sum(map(len, rows[start:end]))
            while size > CHUNK_BYTES and end - start > 1:
                end = start + (end - start) // 2
                size = sum(map(len, rows[start:end]))
            chunk = rows[start:end]
            # Where lines are plain, every word in the text is a bare one, and need not be counted.
            words = 0 if plain else sum(map(self._order.words, chunk))
            data = b"\n".join(chunk) + b"\n"
            yield Lines(data=data, rows=len(chunk), words=words, plain=plain)
            start = end
