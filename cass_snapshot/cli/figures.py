"""Numbers, sizes and times as people read them. Pure."""

from __future__ import annotations

from collections.abc import Iterable

SECONDS_A_MINUTE = 60
SECONDS_AN_HOUR = 3600
MINUTES_FOR_SECONDS = 10
"""An estimate of ten minutes or more is never right to the second."""
TENTHS_BELOW = 10
"""Below this a size or a latency is shown with one decimal."""
MS_A_SECOND = 1000


def plural(number: int, noun: str) -> str:
    """Return ``1 range``, ``1,234 ranges``, ``2 batches``, ``0 retries``."""
    if number != 1:
        several = f"{noun}es" if noun.endswith(("ch", "s", "x")) else f"{noun}s"
        noun = f"{noun[:-1]}ies" if noun.endswith("ry") else several
    return f"{number:,} {noun}"


def size(count: int) -> str:
    """Return a number of bytes in the unit that fits: ``214 MiB``, ``3.2 GiB``."""
    amount, unit = float(count), "B"
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if amount < 1024 or unit == "TiB":  # noqa: PLR2004  the step between the units
            break
        amount /= 1024
    tenths = unit != "B" and amount < TENTHS_BELOW
    return f"{amount:.1f} {unit}" if tenths else f"{amount:.0f} {unit}"


def wal_size(count: int, segments: int) -> str:
    """Return how large a WAL is, and in how many segments where they are counted."""
    return f"{size(count)} in {plural(segments, 'segment')}" if segments else size(count)


def span(seconds: float) -> str:
    """Return a duration in words: ``12 s``, ``19 min 02 s``, ``2 h 05 min``."""
    whole = int(seconds)
    if whole < SECONDS_A_MINUTE:
        return f"{whole} s" if whole >= TENTHS_BELOW else f"{seconds:.1f} s"
    if whole < SECONDS_AN_HOUR:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


def roughly(seconds: float) -> str:
    """Return an estimate without false exactness: ``40 s``, ``5 min``, ``3 h 20 min``."""
    if seconds < SECONDS_A_MINUTE:
        return f"{max(5, round(seconds / 5) * 5)} s"
    minutes = round(seconds / SECONDS_A_MINUTE)
    if minutes < SECONDS_A_MINUTE:
        return f"{minutes} min"
    tens = round(minutes / 10) * 10
    return f"{tens // 60} h {tens % 60:02} min"


def clock(seconds: float) -> str:
    """Return a duration for a column: ``0:39``, ``18:11``, ``2:21:40``."""
    whole = int(seconds)
    if whole < SECONDS_AN_HOUR:
        return f"{whole // 60}:{whole % 60:02}"
    return f"{whole // 3600}:{whole % 3600 // 60:02}:{whole % 60:02}"


def latency(milliseconds: float | None) -> str:
    """Return ``6 ms``, ``0.4 ms``, ``1.2 s``; a dash before the first request."""
    if milliseconds is None:
        return "-"
    if milliseconds >= MS_A_SECOND:
        return f"{milliseconds / MS_A_SECOND:.1f} s"
    return f"{milliseconds:.{0 if milliseconds >= TENTHS_BELOW else 1}f} ms"


def ends_apart(left: str, right: str, width: int) -> str:
    """Return both texts on one line, the second at its right end."""
    return f"{left}  {right:>{max(0, width - len(left) - 2)}}".rstrip()


def columns(rows: Iterable[Iterable[str]], left: int = 1) -> list[str]:
    """Return rows with aligned columns: the first ``left`` to the left, the others to the right."""
    cells = [list(row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [
        "   ".join(
            f"{cell:<{width}}" if place < left else f"{cell:>{width}}"
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    ]
