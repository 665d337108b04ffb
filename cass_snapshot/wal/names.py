"""How segments are named, and which names a WAL accepts.

    <wal directory>/shop.orders/000017-000001.wal        range 17, batches from 1 on
    <wal directory>/shop.orders/000017-000042.wal.zst    range 17, batches from 42 on, zstd

A segment bears the number of its first batch, so that a missing one is seen from the names, a
damaged header does not hide which batches are concerned, and two writers that go on from the same
batch meet at the exclusive create (I5). Beside a segment may lie ``NAME.torn-OFFSET``, the bytes
that recovery cut from it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from cass_snapshot.errors import PreflightError, StateError
from cass_snapshot.model import TableName, WalIdentity

_FOLDER = re.compile(r"([0-9A-Za-z_]{1,222})\.([0-9A-Za-z_]{1,222})")
_SEGMENT = re.compile(r"([0-9]{6,9})-([0-9]{6,18})\.wal(\.zst)?")
_NAME_BYTES_MAX = 255
"""What a directory entry may have on every file system that we know."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class SegmentName:
    """The name of a segment file, taken apart."""

    range_number: int
    first_seq: int
    compressed: bool = False

    def __str__(self) -> str:
        ending = ".zst" if self.compressed else ""
        return f"{self.range_number:06d}-{self.first_seq:06d}.wal{ending}"


def folder_of(table: TableName) -> str:
    """Return the folder of a table's segments.

    Raises:
        PreflightError: the name cannot be a folder; nothing else may come from a name (rule 12).
    """
    folder = str(table)
    if not _FOLDER.fullmatch(folder) or len(folder) > _NAME_BYTES_MAX:
        raise PreflightError(
            "the WAL has no folder for a table of this name",
            where=folder,
            why=f"letters, digits and _ alone, {_NAME_BYTES_MAX} characters in all",
        )
    return folder


def table_of(folder: str) -> TableName | None:
    """Return the table whose segments a folder holds, None for a folder that is not ours."""
    found = _FOLDER.fullmatch(folder)
    return TableName(keyspace=found[1], name=found[2]) if found else None


def parse_segment(text: str) -> SegmentName | None:
    """Return a file name taken apart, None for a file that is no segment."""
    found = _SEGMENT.fullmatch(text)
    if not found:
        return None
    name = SegmentName(
        range_number=int(found[1]), first_seq=int(found[2]), compressed=found[3] is not None
    )
    return name if str(name) == text and name.first_seq else None


def segment_of(identity: WalIdentity, first_seq: int) -> SegmentName:
    """Return how the segment of a range that begins with this batch is called."""
    return SegmentName(
        range_number=identity.range.number,
        first_seq=first_seq,
        compressed=identity.compression == "zstd",
    )


def segments_of(names: Iterable[str], range_number: int) -> list[SegmentName]:
    """Return the segments of a range in the order of their batches.

    Raises:
        StateError: two files claim the same batches.
    """
    prefix = f"{range_number:06d}-"
    parsed = (parse_segment(name) for name in names if name.startswith(prefix))
    found = sorted(name for name in parsed if name)
    for one, other in pairwise(found):
        if one.first_seq == other.first_seq:
            raise StateError(
                "a segment is there twice, plain and compressed",
                where=f"{one} and {other}",
                fix="move the one that does not belong to this run out of the run directory",
            )
    return found
