r"""The fast way in: a batch of WAL lines sent as they are, by LOAD DATA LOCAL INFILE … REPLACE.

A WAL line is nearly a line of that statement's own dialect. What differs is replaced in the text,
under a proof: the bare words null, true and false become ``\N``, 1 and 0, and the number of places
found must be the number that the batch's commit line states, or one of them stood inside a string;
JSON's ``\u`` and ``\f`` escapes mean other bytes to MySQL. A batch that does not pass is not for
this way; ``as_load_data`` says so by None.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cass_snapshot.errors import RangeFailed
from cass_snapshot.forms import Form
from cass_snapshot.model import Lines
from cass_snapshot.mysql.columns import TargetColumn
from cass_snapshot.mysql.refusals import refuse_warnings
from cass_snapshot.mysql.rows import load_data

try:
    from cass_snapshot.mysql import _dialect
except ImportError:  # built where there is a compiler
    AVAILABLE = False
else:
    AVAILABLE = True

FILE_NAME = "batch"
Words = tuple[tuple[bytes, bytes], ...]
"""Bare words, each with the same sign before it, and what stands for them in the dialect."""
_NULL = ((b"null", b"\\N"),)
_BOOLEANS = ((b"true", b"1"), (b"false", b"0"))


def _behind(sign: bytes, words: Words) -> Words:
    return tuple((sign + word, sign + new) for word, new in words)


ALL_WORDS = tuple(_behind(sign, _NULL + _BOOLEANS) for sign in (b",", b"["))


def words_in(columns: Sequence[TargetColumn]) -> tuple[Words, ...]:
    """Return the bare words that lines of these columns may hold, by the sign before them.

    A scan for a word that cannot be there would cost as much as one for a word that is. The first
    column belongs to the key, so it is never null.
    """
    booleans = [c.planned.form is Form.BOOLEAN for c in columns]
    later = _behind(b",", _NULL + (_BOOLEANS if any(booleans[1:]) else ()))
    return (later, _behind(b"[", _BOOLEANS)) if booleans[:1] == [True] else (later,)


def as_load_data(
    lines: Lines, words: Sequence[Words] = ALL_WORDS, *, compiled: bool = AVAILABLE
) -> bytes | None:
    """Return the lines in LOAD DATA's dialect, or None where the text alone cannot tell."""
    data = lines.data
    if not lines.plain and b"\\" in data and (b"\\u" in data or b"\\f" in data):
        return None
    found = 0
    if lines.words or lines.plain:
        for some in words:
            data, count = (_dialect.replaced if compiled else replaced)(data, some)
            found += count
    # Lines out of slices are plain and were not counted; where there is a count it is the proof.
    counted = lines.words or not lines.plain
    return data if not counted or found == lines.words else None


def replaced(data: bytes, words: Words) -> tuple[bytes, int]:
    """Return a text with words replaced by shorter ones, and how many there were."""
    found = 0
    for word, new in words:
        size = len(data)
        data = data.replace(word, new)
        found += (size - len(data)) // (len(word) - len(new))
    return data, found


def _as_it_is(path: str, flags: int) -> int:
    """Open a file without emptying it: writing over pages costs a third of giving them back."""
    return os.open(path, flags & ~os.O_TRUNC, 0o600)


class Loader:
    """Loads batches of one table through one file in a private directory.

    Args:
        table: the target, qualified and quoted.
        columns: the fields of a line, in order.
        directory: private, and the only one from which the connection may send files.
    """

    name = "LOAD DATA"

    def __init__(self, table: str, columns: Sequence[TargetColumn], directory: Path) -> None:
        self._path = directory / FILE_NAME
        self._words = words_in(columns)
        self._statement = load_data(table, columns, str(self._path))

    def dialect(self, lines: Lines) -> bytes | None:
        """Return what ``stage`` takes, or None where this batch is not for this way."""
        return as_load_data(lines, self._words)

    def stage(self, data: bytes) -> None:
        """Write the lines that ``dialect`` returned where ``put`` loads them from.

        Raises:
            OSError: there is no room; nothing was sent.
        """
        with open(self._path, "wb", opener=_as_it_is) as file:
            file.write(data)
            file.truncate()

    def put(self, cursor: Any, rows: int) -> None:  # noqa: ANN401 - see connection.connect
        """Load what was staged, and prove that each line became a row.

        Raises:
            Refused: the server warned.
            RangeFailed: the server skipped a line, and nobody knows which.
            mysql.connector.Error: the server refused a value.
        """
        cursor.execute(self._statement)
        affected = cursor.rowcount
        refuse_warnings(cursor)
        # REPLACE counts an overwritten row twice, so the rows sent are the least.
        if affected < rows:
            raise RangeFailed(
                "LOAD DATA did not take every row as it was sent",
                why=f"{rows} rows sent, {affected} affected",
                fix="mend the target table, then run again",
            )

    def probe(self, cursor: Any) -> None:  # noqa: ANN401 - see connection.connect
        """Load no rows.

        Raises:
            mysql.connector.Error: the server or the grants do not allow this way.
        """
        self._path.write_bytes(b"")
        cursor.execute(self._statement)
