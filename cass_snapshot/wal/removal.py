"""Removes the segments that nobody needs any more: the target has every batch in them (I4).

A segment goes when it is sealed and its footer says that it ends at or below the checkpoint. The
newest one stays while its range is open, applied or not: recovery goes on from its number, its
chain and its epoch.

Segments go from the oldest on, and each is durably gone before the next one goes. So a crash leaves
the newer ones without a gap: a WAL that begins later, which recovery and readers take as long as it
begins at or below the batch after the checkpoint. A range of which nothing is left goes on from its
checkpoint, with a chain that begins anew: what it continued is in the target.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from cass_snapshot.model import TableName
from cass_snapshot.wal import frames
from cass_snapshot.wal.disk import File, Files
from cass_snapshot.wal.fields import FormatError
from cass_snapshot.wal.files import REAL
from cass_snapshot.wal.format import check, parse
from cass_snapshot.wal.names import SegmentName, folder_of, segments_of
from cass_snapshot.wal.records import Footer
from cass_snapshot.wal.units import frame_at

_FOOTER_BYTES_MAX = 4096
"""Several times what a footer has, whatever it counts."""


def remove_applied(
    directory: Path,
    table: TableName,
    range_number: int,
    *,
    checkpoint_seq: int,
    closed: bool,
    files: Files = REAL,
) -> int:
    """Remove the segments that hold nothing above the checkpoint, and return their bytes.

    For whoever writes the range, or while nobody does. A reader that has one of these files open
    keeps its bytes on the disk until it closes it.

    Args:
        directory: the ``wal`` folder of the run.
        table: the table.
        range_number: its token range.
        checkpoint_seq: the newest batch that the target durably has.
        closed: the closing batch of the range is among them (I8).
        files: the disk.

    Raises:
        OSError: the disk refused; what was removed before is gone, and the WAL is whole.
    """
    folder = directory / folder_of(table)
    names = segments_of(files.names(folder), range_number)
    freed = 0
    for name in names if closed else names[:-1]:
        if not _ends_at_or_below(files, folder, name, checkpoint_seq):
            break
        freed += _remove(files, folder, name)
    return freed


def _remove(files: Files, folder: Path, name: SegmentName) -> int:
    path = folder / str(name)
    file = files.open(path)
    try:
        size = file.size()
    finally:
        file.close()
    files.remove(path)
    files.sync_directory(folder)
    return size


def _ends_at_or_below(files: Files, folder: Path, name: SegmentName, seq: int) -> bool:
    """Tell whether a segment is sealed and holds no batch above this one."""
    file = files.open(folder / str(name))
    with contextlib.closing(file):
        try:
            return _footer(file, compressed=name.compressed).last_seq <= seq
        except FormatError:
            return False


def _footer(file: File, *, compressed: bool) -> Footer:
    """Return what the end of a file says, which is valid by itself.

    Raises:
        FormatError: it does not end with a footer.
    """
    size = file.size()
    start = max(0, size - _FOOTER_BYTES_MAX)
    tail = file.read_at(start, size - start)
    if compressed:
        at = start + max(0, tail.rfind(frames.MAGIC))
        line, end = frame_at(file, at, frames.decompressor(), _FOOTER_BYTES_MAX)
        if at + end != size:
            raise FormatError("bytes after a frame")
    else:
        line = tail[tail.rfind(b"\n", 0, len(tail) - 1) + 1 :]
    control = parse(line)
    check(control, line, b"")
    if not isinstance(control, Footer):
        raise FormatError("no footer")
    return control
