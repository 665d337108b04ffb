"""Tells a torn tail from damage (rule 3a): what was durable when a later line was written?

Every control line says how many bytes of its file were durable when it was written. One valid line
behind a broken spot that was durable by then proves that no crash broke it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from cass_snapshot.wal import frames
from cass_snapshot.wal.disk import File
from cass_snapshot.wal.fields import FormatError
from cass_snapshot.wal.format import CONTROL_BYTES_MAX, Commit, Header, check, parse
from cass_snapshot.wal.units import UNIT_BYTES_MAX, Unit, unit_of_frame

TAIL_BYTES_MAX = UNIT_BYTES_MAX + 2 * CONTROL_BYTES_MAX
"""One write of header, batch and footer: more than that, a crash cannot leave unsynced."""
_WORK_BYTES_MAX = 4 * TAIL_BYTES_MAX
"""What is hashed at most; only a file made to keep us busy needs more."""
_FAILURES_MAX = 64
"""Frames that only look like one: chance makes none in a lifetime."""
_LINE = re.compile(rb'(?:\A|\n)(\{"(?:commit|footer)":[^\n]*\n)')


def damage_behind(file: File, broken: int, *, compressed: bool) -> str:
    """Return why the bytes from ``broken`` on are no torn tail, "" where a crash explains them."""
    size = file.size() - broken
    if size > TAIL_BYTES_MAX:
        return f"{size} bytes after it are more than one write"
    candidates = _framed if compressed else _plain
    work = failures = 0
    for unit in candidates(file, broken):
        if unit is None:
            failures += 1
        else:
            work += len(unit.rows) + len(unit.line)
        if work > _WORK_BYTES_MAX or failures > _FAILURES_MAX:
            return "too many lines after it to look at"
        if unit and _synced(unit) > broken:
            return f"a valid line at byte {unit.offset + unit.size} was written when it was durable"
    return ""


def _synced(unit: Unit) -> int:
    """Return the durable size that a valid line states, -1 for what is no valid line."""
    try:
        control = parse(unit.line)
        check(control, unit.line, unit.rows)
    except FormatError:
        return -1
    return 0 if isinstance(control, Header) else control.synced


def _plain(file: File, broken: int) -> Iterator[Unit | None]:
    """Yield what may be a batch or a footer: a line, and the rows that it says are its own."""
    tail = file.read_at(broken, TAIL_BYTES_MAX)
    at = 0
    while found := _LINE.search(tail, at):
        start, end = found.span(1)
        at = end - 1  # the newline may open the next line
        rows = _size_of_rows(found[1])
        if 0 <= rows <= start:
            yield Unit(
                offset=broken + start - rows,
                size=end - start + rows,
                rows=tail[start - rows : start],
                line=found[1],
            )


def _size_of_rows(line: bytes) -> int:
    try:
        control = parse(line)
    except FormatError:
        return -1
    return control.size if isinstance(control, Commit) else 0


def _framed(file: File, broken: int) -> Iterator[Unit | None]:
    """Yield the units of all frames after the broken spot, None for one that cannot be read."""
    tail = file.read_at(broken, TAIL_BYTES_MAX)
    decompressor = frames.decompressor()
    at = tail.find(frames.MAGIC)
    while at >= 0:
        try:
            yield unit_of_frame(file, broken + at, decompressor)
        except FormatError:
            yield None
        at = tail.find(frames.MAGIC, at + 1)
