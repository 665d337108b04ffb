r"""WAL lines as the rows of an INSERT, mostly by their text. Pure.

    [1,"say \"hi\"",null,true,1.5]      a WAL line
    (1,"say \"hi\"",null,true,1.5)      the row literal

A JSON string is a string literal of MySQL's (no ANSI_QUOTES, no NO_BACKSLASH_ESCAPES) as long as it
has none of the escapes that only JSON knows, ``\u`` and ``\f``; null, true and false are SQL's
words too; a number without an exponent is a DECIMAL, which becomes the same DOUBLE but for -0.0.
Brackets at the ends of lines are told from others by the newline, which no string holds as it is.

Columns whose literals are written otherwise (bytes, declared replacements of NULL, numbers that are
kept as text) are replaced in the parsed page, and the whole page is written as JSON once more.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import orjson

from cass_snapshot.forms import Form
from cass_snapshot.mysql.columns import TargetColumn
from cass_snapshot.mysql.literals import Render, renderer

_ONLY_JSON = re.compile(rb"\\[uf]")
"""Also found behind an escaped backslash, where it is harmless: such a page goes the slow way."""
_NEGATIVE_ZERO = (b"-0.0,", b"-0.0]")
_END = orjson.Fragment(b"\n")
"""Stands behind the last value of a row, so that the end is found in the text of the page."""
_NUMBERS = frozenset({Form.INTEGER, Form.DIGITS, Form.NUMBER, Form.BOOLEAN})
_WHOLE = frozenset(
    {"TINYINT", "SMALLINT", "MEDIUMINT", "INT", "INTEGER", "BIGINT", "DECIMAL", "NUMERIC"}
)
_TAKES = {
    Form.DIGITS: _WHOLE,
    Form.BOOLEAN: _WHOLE | {"BIT"},
    Form.NUMBER: frozenset({"DOUBLE", "FLOAT", "REAL"}),
}
"""Types that take JSON's notation as they take the literal: digits in quotes, TRUE, a DECIMAL."""


class RowText:
    """Makes row literals of the lines of one table.

    Args:
        columns: the values of a line, in order.
    """

    def __init__(self, columns: Sequence[TargetColumn]) -> None:
        self._apart: list[tuple[int, Render, bool]] = [
            (i, renderer(c.planned, quoted=c.textual), c.planned.null is not None)
            for i, c in enumerate(columns)
            if not as_json(c)
        ]
        self._doubles = any(c.planned.form is Form.NUMBER for c in columns)

    def rows(self, page: bytes) -> bytes | None:
        """Return the rows of some lines, or None where their text alone cannot tell."""
        if _ONLY_JSON.search(page) is not None:
            return None
        if self._doubles and any(zero in page for zero in _NEGATIVE_ZERO):
            return None
        if not self._apart:
            return page[1:-2].replace(b"]\n[", b"),(")
        return self._written_again(page)

    def _written_again(self, page: bytes) -> bytes:
        rows = orjson.loads(b"[%b]" % page[:-1].replace(b"\n", b","))
        fragment = orjson.Fragment
        for i, render, replaces_null in self._apart:
            for row in rows:
                value = row[i]
                if value is not None or replaces_null:
                    row[i] = fragment(render(value))
        for row in rows:
            row.append(_END)
        return orjson.dumps(rows)[2:-4].replace(b",\n],[", b"),(")


def as_json(column: TargetColumn) -> bool:
    """Tell whether the column makes of JSON's notation of each value what it makes of a literal."""
    form = column.planned.form
    if column.planned.null is not None or column.hexadecimal:
        return False
    if form in _NUMBERS and column.textual:
        return False
    base = re.split(r"\W", column.definition, maxsplit=1)[0].upper()
    return form not in _TAKES or base in _TAKES[form]


def pages(data: bytes, size: int) -> list[bytes]:
    """Return lines cut into pages of whole lines, above ``size`` only where one line is."""
    if len(data) <= size:
        return [data] if data else []
    found, start = [], 0
    while start < len(data):
        end = data.rfind(b"\n", start, start + size) + 1 or data.index(b"\n", start) + 1
        found.append(data[start:end])
        start = end
    return found
