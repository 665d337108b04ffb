"""Where in a TOML text each key stands; ``tomllib`` keeps no lines. Pure.

A path is made of the keys from the top on, with the number of the entry after the name of a list of
tables: ``("tables", 1, "columns", "total", "type")``.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence

Path = tuple[str | int, ...]

_KEY = r"""(?:[\w-]+|"(?:[^"\\]|\\.)*"|'[^']*')"""
_DOTTED = rf"{_KEY}(?:\s*\.\s*{_KEY})*"
_HEADING = re.compile(rf"\s*(\[\[?)\s*({_DOTTED})\s*\]")
_KEYS = re.compile(rf"\s*({_DOTTED})\s*=")


def line_of(text: str, path: Sequence[str | int]) -> int | None:
    """Return the line, from 1, of a key; where it has no line of its own, of what holds it.

    None where the text has not even its section. Keys inside of inline tables have no line of their
    own, and a line of a text in triple quotes that looks like a key may be taken for one.
    """
    known: dict[Path, int] = {}
    for number, found in _stated(text):
        for end in range(1, len(found) + 1):
            known.setdefault(found[:end], number)
    wanted = tuple(path)
    parts = (wanted[:end] for end in range(len(wanted), 0, -1))
    return next((known[part] for part in parts if part in known), None)


def _stated(text: str) -> Iterator[tuple[int, Path]]:
    """Yield each line that states a path, and the path."""
    entries: dict[Path, int] = {}
    base: Path = ()
    for number, line in enumerate(text.split("\n"), start=1):
        if heading := _HEADING.match(line):
            base = _inside(_parts(heading[2]), entries, new=heading[1] == "[[")
            yield number, base
        elif keys := _KEYS.match(line):
            yield number, base + _parts(keys[1])


def _inside(names: Path, entries: dict[Path, int], *, new: bool) -> Path:
    """Return the path of a heading: lists of tables on it are followed by their newest entry."""
    path: Path = ()
    for at, name in enumerate(names, start=1):
        path = (*path, name)
        if new and at == len(names):
            entries[path] = entries.get(path, -1) + 1
        if path in entries:
            path = (*path, entries[path])
    return path


def _parts(dotted: str) -> Path:
    return tuple(_plain(key) for key in re.findall(_KEY, dotted))


def _plain(key: str) -> str:
    """Return a key without its quotes."""
    if not key.startswith(('"', "'")):
        return key
    try:
        return str(tomllib.loads(f"key = {key}")["key"])
    except tomllib.TOMLDecodeError:
        return key
