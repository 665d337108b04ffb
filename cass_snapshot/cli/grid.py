"""Text in columns of a terminal: cells wrap within their column, no line is too wide. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import zip_longest

GAP = "  "
_CHUNK = re.compile(r"[^\s<]*<|[^\s<]+|\s+")
_TOKEN = re.compile(r"`(?:[^`]|``)*`|'(?:[^'\\]|\\.)*'|\S")


def printable(text: str) -> str:
    """Return names as they may be shown: what a terminal would obey becomes a question mark."""
    return "".join(c if c.isprintable() else "?" for c in text)


def wrapped(text: str, width: int) -> list[str]:
    """Return a text in lines of at most ``width``, at least one.

    Broken between words and within types; what is still too long is cut.
    """
    return [line for part in text.splitlines() for line in _filled(part, max(1, width))] or [""]


def _filled(text: str, width: int) -> list[str]:
    lines, current = [], ""
    for chunk in _CHUNK.findall(text):
        if current and len((current + chunk).rstrip()) > width:
            lines.append(current.rstrip())
            current = ""
        current = current + chunk if current else chunk.lstrip()
        while len(current.rstrip()) > width:
            lines.append(current[:width])
            current = current[width:]
    return [*lines, current.rstrip()] if current.strip() or not lines else lines


def labelled(label: str, text: str, width: int, *, indent: str = "  ", room: int = 10) -> list[str]:
    """Return a label and its text, wrapped beneath itself; a long label has a line of its own."""
    lines = [f"{'':<{room}}{line}" for line in wrapped(text, width - len(indent) - room)]
    if len(label) < room:
        lines[0] = f"{label:<{room}}{lines[0].strip()}"
    else:
        lines = [*wrapped(label, width - len(indent)), *lines]
    return [f"{indent}{line}".rstrip() for line in lines]


def widths_of(rows: Sequence[Sequence[str]], caps: Sequence[int]) -> list[int]:
    """Return how wide each column is: as its widest cell, at most its cap."""
    return [min(cap, max((len(row[at]) for row in rows), default=0)) for at, cap in enumerate(caps)]


def grid(
    rows: Sequence[Sequence[str]], widths: Sequence[int], indent: str = "  "
) -> list[list[str]]:
    """Return the lines of each row, its cells wrapped and aligned to the left."""
    return [list(_row_lines(row, widths, indent)) for row in rows]


def _row_lines(row: Sequence[str], widths: Sequence[int], indent: str) -> Iterator[str]:
    cells = [wrapped(cell, width) for cell, width in zip(row, widths, strict=True)]
    for parts in zip_longest(*cells, fillvalue=""):
        padded = (f"{part:<{width}}" for part, width in zip(parts, widths, strict=True))
        yield (indent + GAP.join(padded)).rstrip()


def statement_lines(sql: str, width: int, indent: str) -> list[str]:
    """Return SQL in lines of at most ``width``, broken between words and never inside of quotes.

    A word that is wider than the line stays whole: a statement is to be copied.
    """
    lines: list[str] = []
    for line in sql.splitlines():
        inner = indent + line[: len(line) - len(line.lstrip())]
        current = inner
        for word in _words(line):
            fits = len(current) + len(word) + 1 <= width
            if current.strip() and not fits:
                lines.append(current)
                current = inner + "    " + word
            else:
                current += (" " if current.strip() else "") + word
        lines.append(current)
    return lines


def _words(line: str) -> list[str]:
    """Return what stands between spaces, quoted names and texts in one piece."""
    words: list[str] = []
    end = -1
    for found in _TOKEN.finditer(line):
        if found.start() == end and words:
            words[-1] += found[0]
        else:
            words.append(found[0])
        end = found.end()
    return words
