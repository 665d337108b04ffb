"""Cuts a segment into units: the rows before a control line, and that line.

A unit is found without splitting its rows: a line that begins with ``{`` has no rows before it, or
is the first commit line after a row. Compressed, it is one frame, or a frame for each block of its
rows and one for the line.
The file is read in blocks, so that one unit is in memory and never the whole file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import zstandard

from cass_snapshot.wal import frames
from cass_snapshot.wal.blocklist import BLOCKS_MAX
from cass_snapshot.wal.disk import File
from cass_snapshot.wal.fields import FormatError, SignedError
from cass_snapshot.wal.format import BATCH_BYTES_MAX, CONTROL_BYTES_MAX

UNIT_BYTES_MAX = BATCH_BYTES_MAX + CONTROL_BYTES_MAX
_BLOCK_BYTES = 2**20
_AFTER_ROWS = b']\n{"commit":'
"""A row has no raw newline, and only a commit line follows rows; long needles are found faster."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A stretch of a segment file: ``size`` bytes from ``offset``, and the lines they hold.

    ``frames`` are the sizes, of the rows and as stored, of each frame before that of the line.
    """

    offset: int
    size: int
    rows: bytes
    line: bytes
    frames: tuple[tuple[int, int], ...] = ()


class BrokenError(Exception):
    """The bytes from ``offset`` on are no unit, or not the one that belongs here.

    ``by_crash`` says that a write which was cut off could look so.
    """

    def __init__(self, offset: int, why: str, *, by_crash: bool = True) -> None:
        super().__init__(why)
        self.offset = offset
        self.why = why
        self.by_crash = by_crash


def units(file: File, *, compressed: bool) -> Iterator[Unit]:
    """Yield the units of a segment from its start.

    Raises:
        BrokenError: bytes that are no unit; nothing comes after it.
    """
    return _frames(file) if compressed else _plain(file)


def unit_of_frames(file: File, offset: int, decompressor: zstandard.ZstdDecompressor) -> Unit:
    """Return the unit that begins with the frame at an offset: blocks of rows, then a line.

    Raises:
        FormatError: there is none.
    """
    contents: list[bytes] = []
    sizes: list[tuple[int, int]] = []
    at, room = offset, UNIT_BYTES_MAX
    while len(sizes) <= BLOCKS_MAX:
        content, size = frame_at(file, at, decompressor, room)
        at += size
        start = control_line(content)
        if start >= 0:
            contents.append(content[:start])
            return Unit(
                offset=offset,
                size=at - offset,
                rows=b"".join(contents),
                line=content[start:],
                frames=tuple(sizes),
            )
        room -= len(content)
        contents.append(content)
        sizes.append((len(content), size))
    raise SignedError("more blocks than any batch has")


def frame_at(
    file: File, offset: int, decompressor: zstandard.ZstdDecompressor, bytes_max: int
) -> tuple[bytes, int]:
    """Return what the frame at an offset holds, and its size.

    Raises:
        FormatError: there is none, or it holds more than so many bytes.
    """
    size = frames.frame_size(file.read_at, offset, bytes_max)
    frame = file.read_at(offset, size)
    if len(frame) < size:
        raise frames.CutShortError("a frame is cut off")
    return frames.content_of(decompressor, frame), size


def control_line(content: bytes) -> int:
    """Return where the last line of a frame begins if it is a control line, else -1."""
    start = content.rfind(b"\n", 0, len(content) - 1) + 1
    return start if content.startswith(b"{", start) else -1


def _frames(file: File) -> Iterator[Unit]:
    offset, end = 0, file.size()
    decompressor = frames.decompressor()
    while offset < end:
        try:
            unit = unit_of_frames(file, offset, decompressor)
        except FormatError as error:
            by_crash = not isinstance(error, SignedError)
            raise BrokenError(offset, str(error), by_crash=by_crash) from error
        yield unit
        offset += unit.size


def _plain(file: File) -> Iterator[Unit]:
    offset, end = 0, file.size()
    buffer = bytearray()
    while offset < end:
        start, size = _find_line(file, buffer, offset)
        with memoryview(buffer) as view:
            unit = Unit(
                offset=offset, size=size, rows=bytes(view[:start]), line=bytes(view[start:size])
            )
        yield unit
        del buffer[:size]
        offset += size


def _find_line(file: File, buffer: bytearray, offset: int) -> tuple[int, int]:
    """Return where the next control line begins and ends in the buffer, filling it as needed."""
    start = 0 if _starts(file, buffer, offset) else -1
    seen = 0
    while start < 0:
        found = buffer.find(_AFTER_ROWS, seen)
        if found >= 0:
            start = found + 2
        else:
            seen = max(0, len(buffer) - len(_AFTER_ROWS))
            _fill(file, buffer, offset, BATCH_BYTES_MAX)
    seen = start
    while (end := buffer.find(b"\n", seen)) < 0:
        seen = len(buffer)
        _fill(file, buffer, offset, start + CONTROL_BYTES_MAX)
    return start, end + 1


def _starts(file: File, buffer: bytearray, offset: int) -> bool:
    if not buffer:
        _fill(file, buffer, offset, BATCH_BYTES_MAX)
    return buffer.startswith(b"{")


def _fill(file: File, buffer: bytearray, offset: int, limit: int) -> None:
    """Read one more block behind what the buffer holds of the unit at ``offset``."""
    if len(buffer) > limit:
        raise BrokenError(offset, "a line or a batch is longer than any", by_crash=False)
    block = file.read_at(offset + len(buffer), _BLOCK_BYTES)
    if not block:
        raise BrokenError(offset, "the file ends within a batch")
    buffer += block
