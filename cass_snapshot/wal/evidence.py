"""Tells a torn tail from damage (rule 3a): what was durable when a later line was written?

Every control line says how many bytes of its file were durable when it was written. One valid line
behind a broken spot that was durable by then proves that no crash broke it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import zstandard

from cass_snapshot.wal import frames
from cass_snapshot.wal.disk import File
from cass_snapshot.wal.fields import FormatError
from cass_snapshot.wal.format import CONTROL_BYTES_MAX, check, parse
from cass_snapshot.wal.records import Commit, Control, Header
from cass_snapshot.wal.units import UNIT_BYTES_MAX, Unit, control_line, frame_at, unit_of_frames

TAIL_BYTES_MAX = UNIT_BYTES_MAX + 2 * CONTROL_BYTES_MAX
"""One write of header, batch and footer: more than that, a crash cannot leave unsynced."""
_WORK_BYTES_MAX = 4 * TAIL_BYTES_MAX
"""What is unpacked and hashed at most; only a file made to keep us busy needs more."""
_LOOK_BYTES = 32 * 2**10
"""What a look at a frame costs at least, as so much work."""
_FAILURES_MAX = 64
"""What only looks like a line; chance makes none in a lifetime."""
_OPENING = re.compile(rb'\{"(?:commit|footer)":')
"""Also within a line: the newline before it may be what is damaged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """A place that may end a unit: the unit, or None; ``failed`` where it only looked so."""

    work: int = 0
    failed: bool = False
    unit: tuple[Control, Unit] | None = None


def damage_behind(file: File, broken: int, *, compressed: bool) -> str:
    """Return why the bytes from ``broken`` on are no torn tail, "" where a crash explains them."""
    size = file.size() - broken
    if size > TAIL_BYTES_MAX:
        return f"{size} bytes after it are more than one write"
    candidates = _framed if compressed else _plain
    work = failures = 0
    for found in candidates(file, broken):
        failures += found.failed
        work += found.work
        if work > _WORK_BYTES_MAX or failures > _FAILURES_MAX:
            return "too many lines after it to look at"
        if found.unit and _synced(*found.unit) > broken:
            _, unit = found.unit
            return f"a valid line before byte {unit.offset + unit.size} says that it was durable"
    return ""


def _synced(control: Control, unit: Unit) -> int:
    """Return the durable size that a valid line states, -1 for what is no valid line."""
    try:
        check(control, unit.line, unit.rows)
    except FormatError:
        return -1
    return -1 if isinstance(control, Header) else control.synced


def _plain(file: File, broken: int) -> Iterator[_Found]:
    """Yield what may be a batch or a footer: a line, and the rows that it says are its own."""
    tail = file.read_at(broken, TAIL_BYTES_MAX)
    for found in _OPENING.finditer(tail):
        start = found.start()
        line = tail[start : tail.find(b"\n", start, start + CONTROL_BYTES_MAX) + 1]
        try:
            control = parse(line)
        except FormatError:
            yield _Found(failed=True)
            continue
        rows = control.size if isinstance(control, Commit) else 0
        if rows <= start:
            unit = Unit(
                offset=broken + start - rows,
                size=rows + len(line),
                rows=tail[start - rows : start],
                line=line,
            )
            yield _Found(work=unit.size + rows, unit=(control, unit))


def _framed(file: File, broken: int) -> Iterator[_Found]:
    """Yield what the frames after the broken spot hold."""
    tail = file.read_at(broken, TAIL_BYTES_MAX)
    decompressor = frames.decompressor()
    at = tail.find(frames.MAGIC)
    while at >= 0:
        yield _in_frame(file, broken, at, decompressor)
        at = tail.find(frames.MAGIC, at + 1)


def _in_frame(file: File, broken: int, at: int, decompressor: zstandard.ZstdDecompressor) -> _Found:
    """Return the unit that the frame at a distance from the broken spot ends."""
    work = max(_LOOK_BYTES, frames.declared_size(file.read_at, broken + at, UNIT_BYTES_MAX))
    try:
        content, _ = frame_at(file, broken + at, decompressor, UNIT_BYTES_MAX)
    except FormatError:  # one of the blocks of a torn batch, of which there are many
        return _Found(work=work)
    start = control_line(content)
    if start < 0:
        return _Found(work=work)
    try:
        control = parse(content[start:])
        blocks = control.blocks if isinstance(control, Commit) else ()
        before = sum(block.stored for block in blocks)
        if before > at:
            return _Found(work=work)
        unit = unit_of_frames(file, broken + at - before, decompressor)
    except FormatError:
        return _Found(work=work, failed=True)
    return _Found(work=work + unit.size + len(unit.rows), unit=(control, unit))
