"""The way in that always works: multi-row INSERT … ON DUPLICATE KEY UPDATE with literals.

Used where the target's rows are not ours alone, where the server does not allow LOAD DATA LOCAL,
and for the single batch whose text LOAD DATA would misread. The rows are made of the lines' own
text where that says the same to MySQL (``rowtext.py``), else value by value; never by executemany,
which warns falsely over binary values and costs many times as much.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import orjson

from cass_snapshot.mysql.columns import Flavour, TargetColumn
from cass_snapshot.mysql.literals import renderer
from cass_snapshot.mysql.refusals import TOO_LARGE, Refused, refuse_warnings
from cass_snapshot.mysql.rows import upsert
from cass_snapshot.mysql.rowtext import RowText, pages
from cass_snapshot.planned import Conflict

PACKET_RESERVE = 1024
PACKET_HEAD = 64
"""What the protocol puts before a statement, generously."""
STATEMENT_BYTES = 2**20
"""Larger statements gain nothing and cost the server memory."""
NAMES = {
    Conflict.OVERWRITE: "INSERT ... ON DUPLICATE KEY UPDATE",
    Conflict.KEEP: "INSERT ... keeping rows that are there",
    Conflict.NEWER: "INSERT ... ON DUPLICATE KEY UPDATE if newer",
}


class Inserter:
    """Inserts batches of one table.

    Args:
        table: the target, qualified and quoted.
        columns: the values of a line, in order.
        conflict: who wins where the target already has a row.
        flavour: the family of the server.
        max_allowed_packet: the server's limit of a statement, in bytes.
    """

    def __init__(
        self,
        table: str,
        columns: Sequence[TargetColumn],
        *,
        conflict: Conflict,
        flavour: Flavour,
        max_allowed_packet: int,
    ) -> None:
        self._text = RowText(columns)
        self._renderers = [renderer(c.planned, quoted=c.textual) for c in columns]
        before, after = upsert(
            table, columns, conflict=conflict, mariadb=flavour is Flavour.MARIADB
        )
        self._before, self._after = before.encode(), after.encode()
        frame = len(self._before + self._after)
        self._row_max = max_allowed_packet - frame - PACKET_HEAD
        self._bytes_max = max(1, min(STATEMENT_BYTES, max_allowed_packet - PACKET_RESERVE - frame))

    def put(self, cursor: Any, data: bytes) -> None:  # noqa: ANN401 - see connection.connect
        """Insert the rows of some WAL lines, each closed by a newline.

        Raises:
            Refused: the server warned about a statement, or a row is too large for one.
            mysql.connector.Error: the server refused a value.
        """
        for page in pages(data, self._bytes_max):
            for statement in self._statements(page):
                cursor.execute(statement)
                refuse_warnings(cursor)

    def _statements(self, page: bytes) -> Iterator[bytes]:
        """Yield the statements of a page: one, but where its text does not do.

        A row in other words may be longer than its line; then the page is cut row by row.
        """
        rows = self._text.rows(page)
        if rows is not None and len(rows) + 2 <= self._row_max:
            yield self._statement((rows,))
        else:
            yield from self._row_by_row(page[:-1].split(b"\n"))

    def _row_by_row(self, lines: Sequence[bytes]) -> Iterator[bytes]:
        """Yield statements below the server's packet limit, of literals made value by value.

        Raises:
            Refused: one row alone is larger; the server would only drop the connection.
        """
        rows: list[bytes] = []
        size = 0
        for line in lines:
            row = self._row(line)
            width = len(row) + 3
            if width > self._row_max:
                raise Refused(
                    TOO_LARGE,
                    fix="raise max_allowed_packet at the server, or let it use LOAD DATA LOCAL,"
                    " then replay-wal --rejected",
                )
            if rows and size + width > self._bytes_max:
                yield self._statement(rows)
                rows, size = [], 0
            rows.append(row)
            size += width
        if rows:
            yield self._statement(rows)

    def _row(self, line: bytes) -> bytes:
        values = orjson.loads(line)
        cells = (make(value) for make, value in zip(self._renderers, values, strict=True))
        return ",".join(cells).encode()

    def _statement(self, rows: Sequence[bytes]) -> bytes:
        return b"".join((self._before, b"(", b"),(".join(rows), b")", self._after))
