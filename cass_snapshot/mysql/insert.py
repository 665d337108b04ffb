"""The way in that always works: multi-row INSERT … ON DUPLICATE KEY UPDATE with literals.

Used where the target's rows are not ours alone, where the server does not allow LOAD DATA LOCAL,
and for the single batch whose text LOAD DATA would misread. The literals are built here, because
executemany warns falsely over binary values and costs more than twice as much.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import orjson

from cass_snapshot.mysql.columns import Flavour, TargetColumn
from cass_snapshot.mysql.literals import renderer
from cass_snapshot.mysql.refusals import TOO_LARGE, Refused, refuse_warnings
from cass_snapshot.mysql.rows import upsert
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
        self.name = NAMES[conflict]
        self._renderers = [renderer(c.planned, quoted=c.textual) for c in columns]
        self._before, self._after = upsert(
            table, columns, conflict=conflict, mariadb=flavour is Flavour.MARIADB
        )
        frame = len((self._before + self._after).encode())
        self._row_max = max_allowed_packet - frame - PACKET_HEAD
        self._bytes_max = min(STATEMENT_BYTES, max_allowed_packet - PACKET_RESERVE - frame)

    def put(self, cursor: Any, lines: Sequence[bytes]) -> None:  # noqa: ANN401 - see connection.connect
        """Insert the rows of some WAL lines.

        Raises:
            Refused: the server warned about a statement, or a row is too large for one.
            mysql.connector.Error: the server refused a value.
        """
        for statement in self._statements(lines):
            cursor.execute(statement)
            refuse_warnings(cursor)

    def _statements(self, lines: Sequence[bytes]) -> Iterator[str]:
        """Yield statements below the server's packet limit.

        Raises:
            Refused: one row alone is larger; the server would only drop the connection.
        """
        rows: list[str] = []
        size = 0
        for line in lines:
            row = self._row(line)
            width = len(row.encode()) + 2
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

    def _row(self, line: bytes) -> str:
        values = orjson.loads(line)
        cells = (make(value) for make, value in zip(self._renderers, values, strict=True))
        return f"({','.join(cells)})"

    def _statement(self, rows: Sequence[str]) -> str:
        return f"{self._before}{','.join(rows)}{self._after}"
