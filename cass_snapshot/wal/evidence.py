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
from cass_snapshot.wal.format import CONTROL_BYTES_MAX, Commit, Control, Header, check, parse
from cass_snapshot.wal.units import UNIT_BYTES_MAX, Unit, unit_of_frame

TAIL_BYTES_MAX = UNIT_BYTES_MAX + 2 * CONTROL_BYTES_MAX
"""One write of header, batch and footer: more than that, a crash cannot leave unsynced."""
_WORK_BYTES_MAX = 4 * TAIL_BYTES_MAX
"""What is hashed at most; only a file made to keep us busy needs more."""
_FAILURES_MAX = 64
"""What only looks like a line or a frame; chance makes none in a lifetime."""
_OPENING = re.compile(rb'\{"(?:commit|footer)":')
"""Also within a line: the newline before it may be what is damaged."""
_Candidate = tuple[Control, Unit]


def damage_behind(file: File, broken: int, *, compressed: bool) -> str:
    """Return why the bytes from ``broken`` on are no torn tail, "" where a crash explains them."""
    size = file.size() - broken
    if size > TAIL_BYTES_MAX:
        return f"{size} bytes after it are more than one write"
    candidates = _framed if compressed else _plain
    work = failures = 0
    for found in candidates(file, broken):
        failures += found is None
        work += found[1].size + len(found[1].rows) if found else 0
        if work > _WORK_BYTES_MAX or failures > _FAILURES_MAX:
            return "too many lines after it to look at"
        if found and _synced(*found) > broken:
            _, unit = found
            return f"a valid line before byte {unit.offset + unit.size} says that it was durable"
    return ""


def _synced(control: Control, unit: Unit) -> int:
    """Return the durable size that a valid line states, -1 for what is no valid line."""
    try:
        check(control, unit.line, unit.rows)
    except FormatError:
        return -1
    return -1 if isinstance(control, Header) else control.synced


def _plain(file: File, broken: int) -> Iterator[_Candidate | None]:
    """Yield what may be a batch or a footer: a line, and the rows that it says are its own."""
    tail = file.read_at(broken, TAIL_BYTES_MAX)
    for found in _OPENING.finditer(tail):
        start = found.start()
        line = tail[start : tail.find(b"\n", start, start + CONTROL_BYTES_MAX) + 1]
        try:
            control = parse(line)
        except FormatError:
            yield None
            continue
        rows = control.size if isinstance(control, Commit) else 0
        if rows <= start:
            yield (
                control,
                Unit(
                    offset=broken + start - rows,
                    size=rows + len(line),
                    rows=tail[start - rows : start],
                    line=line,
                ),
            )


def _framed(file: File, broken: int) -> Iterator[_Candidate | None]:
    """Yield what the frames after the broken spot hold, None for one that cannot be read."""
    tail = file.read_at(broken, TAIL_BYTES_MAX)
    decompressor = frames.decompressor()
    at = tail.find(frames.MAGIC)
    while at >= 0:
        try:
            unit = unit_of_frame(file, broken + at, decompressor)
            yield parse(unit.line), unit
        except FormatError:
            yield None
        at = tail.find(frames.MAGIC, at + 1)
