"""Reads the WAL of a run without writing to it: for replay, inspection and status.

What recovery would cut is not yielded; what it would refuse is refused.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from cass_snapshot.errors import StateError
from cass_snapshot.model import Batch, Position, TableName, WalIdentity
from cass_snapshot.wal.disk import Files
from cass_snapshot.wal.files import REAL
from cass_snapshot.wal.names import SegmentName, folder_of, parse_segment, segments_of, table_of
from cass_snapshot.wal.walk import SegmentEnd, Walk, needed


class RangeReader:
    """The batches of one token range, in the segments that are there when it is made.

    A writer may be at work. What is asked before ``replay`` has ended reads the newest segment.
    """

    def __init__(
        self, directory: Path, table: TableName, range_number: int, *, files: Files = REAL
    ) -> None:
        """Find the segments.

        Raises:
            StateError: there is no segment of this range, or one is there twice.
        """
        self._files = files
        self._folder = directory / folder_of(table)
        self._names = segments_of(files.names(self._folder), range_number)
        self._where = f"{self._folder.name}, range {range_number}"
        self._known: SegmentEnd | None = None
        if not self._names:
            raise StateError("the WAL has no segment of this range", where=self._where)

    @property
    def begun(self) -> bool:
        """Tell whether there is a batch; a crash may leave a segment without one."""
        return self._newest().header is not None and self.last_seq >= self.first_seq

    @property
    def identity(self) -> WalIdentity:
        """Return what the newest header says.

        Raises:
            StateError: the creation of the only segment was interrupted; it holds no batch.
        """
        header = self._newest().header
        if header is None:
            raise StateError("the WAL has no batch of this range", where=self._where)
        return header.identity

    @property
    def segments(self) -> list[SegmentName]:
        """Return the segments that were there, in the order of their batches."""
        return list(self._names)

    @property
    def first_seq(self) -> int:
        """Return the number of the oldest batch that the segments hold."""
        return self._names[0].first_seq

    @property
    def last_seq(self) -> int:
        """Return the number of the newest whole batch."""
        return self._newest().last_seq

    @property
    def position(self) -> Position | None:
        """Return where the newest whole batch ends; None where the range has no row."""
        return self._newest().position

    @property
    def closed(self) -> bool:
        """Tell whether the closing batch of the range is there (I8)."""
        return self._newest().closing

    def replay(self, after: int) -> Iterator[Batch]:
        """Yield the whole batches whose sequence number is above ``after``, oldest first.

        Raises:
            WalCorrupt: bytes that no crash explains, or batches after ``after`` that are gone.
        """
        walk = Walk(self._files, self._folder, needed(self._folder, self._names, after))
        for batch in walk.batches():
            if batch.seq > after:
                yield batch
        self._known = self._known or _last_with_batch(walk)

    def _newest(self) -> SegmentEnd:
        """Return how the newest segment with a batch ends; a later one was merely begun."""
        if self._known is None:
            self._known = self._end_of(self._names[-1:])
            if not self._known.batches and len(self._names) > 1:
                self._known = self._end_of(self._names[-2:-1])
        return self._known

    def _end_of(self, names: list[SegmentName]) -> SegmentEnd:
        walk = Walk(self._files, self._folder, names)
        for _ in walk.batches():
            pass
        end = walk.ends[1]
        assert end is not None  # noqa: S101 one name was given, so one segment was read
        return end


def _last_with_batch(walk: Walk) -> SegmentEnd | None:
    before, newest = walk.ends
    return newest if newest and (newest.batches or not before) else before


def find_ranges(directory: Path, *, files: Files = REAL) -> list[tuple[TableName, int]]:
    """Return the tables and range numbers that have segments in a ``wal`` folder, in order."""
    found: set[tuple[TableName, int]] = set()
    for folder in files.names(directory):
        table = table_of(folder)
        if table is not None:
            with contextlib.suppress(NotADirectoryError):  # a file of another kind
                names = map(parse_segment, files.names(directory / folder))
                found.update((table, name.range_number) for name in names if name)
    return sorted(found)


def wal_size(directory: Path) -> tuple[int, int]:
    """Return how many bytes the segments of a ``wal`` folder have, and how many they are."""
    size = count = 0
    with contextlib.suppress(FileNotFoundError):
        for folder in directory.iterdir():
            if table_of(folder.name) and folder.is_dir():
                for entry in os.scandir(folder):
                    if parse_segment(entry.name):
                        with contextlib.suppress(FileNotFoundError):  # removed meanwhile
                            size += entry.stat(follow_symlinks=False).st_size
                            count += 1
    return size, count
