"""Reads all of a WAL and says what it holds, and where its first fault lies, range by range.

Nothing is written. A torn tail of the newest segment is no fault: the next process cuts it (I6).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from cass_snapshot.errors import SnapshotError
from cass_snapshot.model import TableName
from cass_snapshot.wal.disk import Files
from cass_snapshot.wal.files import REAL
from cass_snapshot.wal.names import folder_of, segments_of
from cass_snapshot.wal.reader import find_ranges
from cass_snapshot.wal.walk import SegmentEnd, Walk


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentFacts:
    """One segment. Sizes are in bytes: ``size`` of the lines, ``stored`` of the whole file."""

    name: str
    batches: int
    rows: int
    size: int
    stored: int
    epoch: int | None
    sealed: bool
    token: int | None
    """Where its newest batch stands."""
    torn: int | None
    """From which offset on it is torn, None where it is whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeFacts:
    """The segments of one range; ``unread`` are those from a fault on.

    ``closed`` if the closing batch is there, ``first_seq`` is the oldest batch that is.
    """

    table: TableName
    number: int
    first_seq: int
    segments: tuple[SegmentFacts, ...]
    closed: bool
    unread: tuple[str, ...] = ()
    fault: SnapshotError | None = None

    @property
    def torn(self) -> bool:
        """Tell whether its newest segment ends in a torn tail."""
        return any(segment.torn is not None for segment in self.segments)


def survey(
    directory: Path,
    *,
    table: str | None = None,
    numbers: Collection[int] | None = None,
    files: Files = REAL,
) -> Iterator[RangeFacts]:
    """Yield what each range holds, in order of tables and numbers.

    Args:
        directory: the ``wal`` folder of a run.
        table: this one alone, as keyspace.table.
        numbers: these ranges alone.
        files: the disk.
    """
    for name, number in find_ranges(directory, files=files):
        if table in (None, str(name)) and (numbers is None or number in numbers):
            yield _range(files, directory / folder_of(name), name, number)


def _range(files: Files, folder: Path, table: TableName, number: int) -> RangeFacts:
    names = segments_of(files.names(folder), number)
    walk = Walk(files, folder, names)
    fault = None
    try:
        for _ in walk.batches():
            pass
    except SnapshotError as error:
        fault = error
    return RangeFacts(
        table=table,
        number=number,
        first_seq=names[0].first_seq,
        segments=tuple(_facts(files, folder, end) for end in walk.read),
        unread=tuple(f"{folder.name}/{name}" for name in names[len(walk.read) :]),
        closed=any(end.closing for end in walk.read),
        fault=fault,
    )


def _facts(files: Files, folder: Path, end: SegmentEnd) -> SegmentFacts:
    file = files.open(folder / str(end.name))
    try:
        stored = file.size()
    finally:
        file.close()
    return SegmentFacts(
        name=f"{folder.name}/{end.name}",
        batches=end.batches,
        rows=end.rows,
        size=end.size,
        stored=stored,
        epoch=end.header.identity.epoch if end.header else None,
        sealed=end.sealed,
        token=end.position.token if end.position else None,
        torn=end.torn,
    )
