r"""Whether lines are plain: as simple a text as blocks.Cut asks of its lines. Pure.

A word (null, true, false) behind a comma or a bracket is either a value of its own or part of a
string. If as many are found as there are such values, none is part of a string.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import orjson

_WORDS = (b"null", b"true", b"false")
_ESCAPE = re.compile(rb"\\[uf]")


class Plainness:
    """Judges the blocks of a batch, by one look at the whole where that is enough.

    Args:
        data: all lines of the batch.
        rows: how many they are.
        words: how many of their values are null, true or false.
        words_first: whether the first value of a line may be such a word.
    """

    def __init__(self, data: bytes, *, rows: int, words: int, words_first: bool) -> None:
        brackets = words_first or data.count(b"[") != rows
        self._worded = _found(data, brackets=brackets) == words
        self._unescaped = _unescaped(data)

    def of(self, rows: Sequence[bytes]) -> bool:
        """Tell whether some of the lines are plain."""
        if self._worded and self._unescaped:
            return True
        block = b"".join(rows)
        if not self._unescaped and not _unescaped(block):
            return False
        return self._worded or _found(block) == sum(map(words_of, rows))


def plain_line(line: bytes) -> bool:
    """Tell whether a line is plain."""
    return _unescaped(line) and _found(line) == words_of(line)


def words_of(line: bytes) -> int:
    """Return how many values of a line are null, true or false."""
    return sum(value is None or isinstance(value, bool) for value in orjson.loads(line))


def _found(data: bytes, *, brackets: bool = True) -> int:
    """Return how many words stand behind a comma or, where they may, behind a bracket."""
    before = (b",", b"[") if brackets else (b",",)
    return sum(data.count(sign + word) for sign in before for word in _WORDS)


def _unescaped(data: bytes) -> bool:
    r"""Tell whether no ``\u`` and no ``\f`` is there; a backslash before a u counts as one."""
    return _ESCAPE.search(data) is None
