"""Cuts the key's space into slices of about equal size, and tells what each holds of each batch.

    <window>/ranges/<number>   the index of a range
    <window>/slices/bounds     the first key of every slice but the first
    <window>/slices/<number>   what a slice reads: blocks of every batch that may hold rows of it

Slice i holds the rows whose key is at least bound i - 1 and below bound i. Each row of the window
is in exactly one, whatever the bounds.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

from cass_snapshot.protocols import SortKey
from cass_snapshot.snapshot.windows.index import Indexed, Stored, as_json, read_index

SAMPLE_MAX = 100_000
"""Keys held in memory to choose bounds from: enough for a thousand slices, some 20 MB."""
SLICE_BYTES_MIN = 4 * 2**20
"""Smaller slices read more of their neighbours' blocks than they gain by being many."""
BUFFER_LINES = 20_000
"""How many lines of slice files are held back before they are written."""


@dataclass(slots=True)
class Sample:
    """Keys of blocks with the bytes that each stands for, thinned out as they become many."""

    keys: list[tuple[SortKey, int]]
    total: int = 0
    stride: int = 1
    seen: int = 0

    def add(self, key: SortKey, size: int) -> None:
        """Take note of a block."""
        self.total += size
        if self.seen % self.stride == 0:
            self.keys.append((key, size * self.stride))
            if len(self.keys) > SAMPLE_MAX:
                self.keys = [(k, 2 * s) for k, s in self.keys[::2]]
                self.stride *= 2
        self.seen += 1


def choose_bounds(batches: Iterable[Indexed], *, slice_bytes: int, at_least: int) -> list[SortKey]:
    """Return the first keys of all slices but the first.

    Args:
        batches: those of the window.
        slice_bytes: how many bytes of lines a slice is to hold at most; about, since only the keys
            of blocks are known.
        at_least: so many slices are wanted, where they do not become too small.
    """
    sample = Sample([])
    for batch in batches:
        for key, block in zip(batch.keys, batch.blocks, strict=True):
            sample.add(key, block.size)
    slices = max(-(-sample.total // slice_bytes), min(at_least, sample.total // SLICE_BYTES_MIN), 1)
    ordered = sorted(sample.keys)
    step = sum(size for _, size in ordered) / slices
    bounds: list[SortKey] = []
    passed = 0
    for key, size in ordered:
        if passed >= step * (len(bounds) + 1) and (not bounds or key > bounds[-1]):
            bounds.append(key)
        passed += size
    return bounds


def cut(  # noqa: D417 - the last two are named together
    window: Path, numbers: Sequence[int], *, slice_bytes: int, at_least: int
) -> int:
    """Write the slice files of a window from its range files; return how many slices it has.

    Args:
        window: its folder.
        numbers: the ranges that belong to it.
        slice_bytes: as for ``choose_bounds``, and ``at_least`` too.
    """
    ranges = [window / "ranges" / str(number) for number in numbers]
    bounds = choose_bounds(
        (batch for path in ranges for batch in read_index(path)),
        slice_bytes=slice_bytes,
        at_least=at_least,
    )
    folder = window / "slices"
    folder.mkdir(mode=0o700, exist_ok=True)
    for stale in folder.iterdir():
        stale.write_bytes(b"")  # of a worker that died over this
    (folder / "bounds").write_bytes(orjson.dumps(bounds))
    held: defaultdict[int, list[bytes]] = defaultdict(list)
    count = 0
    for path in ranges:
        for batch in read_index(path):
            for number, stored in shares(batch, bounds):
                held[number].append(orjson.dumps([batch.segment, stored]) + b"\n")
                count += 1
            if count >= BUFFER_LINES:
                _flush(folder, held)
                count = 0
    _flush(folder, held)
    return len(bounds) + 1


def shares(batch: Indexed, bounds: Sequence[SortKey]) -> Iterator[tuple[int, Stored]]:
    """Yield the slices that may hold rows of a batch, each with the blocks to look at."""
    first = max(0, bisect_left(bounds, batch.keys[0]) - 1)
    for number in range(first, bisect_right(bounds, batch.last) + 1):
        start = 0 if number == 0 else max(0, bisect_left(batch.keys, bounds[number - 1]) - 1)
        last = number == len(bounds)
        end = len(batch.keys) if last else bisect_left(batch.keys, bounds[number])
        if end > start:
            yield number, as_json(batch.blocks[start:end])


def _flush(folder: Path, held: defaultdict[int, list[bytes]]) -> None:
    for number, lines in held.items():
        with (folder / str(number)).open("ab") as file:
            file.writelines(lines)
    held.clear()
