"""The way in that always works: multi-row INSERT … ON DUPLICATE KEY UPDATE with literals.

Used where the server does not allow LOAD DATA LOCAL, and for the single batch whose text LOAD DATA
would misread. The literals are built here, because executemany warns falsely over binary values and
costs more than twice as much.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import orjson

from cass_snapshot.errors import RangeFailed
from cass_snapshot.model import Lines
from cass_snapshot.mysql import statements
from cass_snapshot.mysql.columns import Flavour, TargetColumn
from cass_snapshot.mysql.literals import literal

PACKET_RESERVE = 1024
PACKET_HEAD = 64
"""What the protocol puts before a statement, generously."""
STATEMENT_BYTES = 2**20
"""Larger statements gain nothing and cost the server memory."""


class Inserter:
    """Inserts batches of one table, overwriting rows that have the same primary key."""

    name = "INSERT ... ON DUPLICATE KEY UPDATE"

    def __init__(
        self,
        table: str,
        columns: Sequence[TargetColumn],
        *,
        flavour: Flavour,
        max_allowed_packet: int,
    ) -> None:
        self._forms = [c.planned.form for c in columns]
        self._before, self._after = statements.upsert(
            table, columns, mariadb=flavour is Flavour.MARIADB
        )
        frame = len((self._before + self._after).encode())
        self._row_max = max_allowed_packet - frame - PACKET_HEAD
        self._bytes_max = min(STATEMENT_BYTES, max_allowed_packet - PACKET_RESERVE - frame)

    def put(self, cursor: Any, lines: Lines) -> None:  # noqa: ANN401 - see connection.connect
        """Insert the rows of some WAL lines.

        Raises:
            RangeFailed: the server warned about a statement.
            mysql.connector.Error: the server refused a value.
        """
        for statement in self._statements(lines):
            cursor.execute(statement)
            if cursor.warning_count:
                raise RangeFailed(
                    "MySQL warned about rows that it would have changed",
                    why=f"{cursor.warning_count} warnings on one statement",
                    fix="mend the target table, then run again",
                )

    def _statements(self, lines: Lines) -> Iterator[str]:
        """Yield statements below the server's packet limit.

        Raises:
            RangeFailed: one row alone is larger; the server would only drop the connection.
        """
        rows: list[str] = []
        size = 0
        for line in lines.data.split(b"\n"):
            if not line:
                continue
            row = self._row(line)
            width = len(row.encode()) + 2
            if width > self._row_max:
                raise _too_large(width, self._row_max)
            if rows and size + width > self._bytes_max:
                yield self._statement(rows)
                rows, size = [], 0
            rows.append(row)
            size += width
        if rows:
            yield self._statement(rows)

    def _row(self, line: bytes) -> str:
        values = orjson.loads(line)
        return f"({','.join(map(literal, self._forms, values))})"

    def _statement(self, rows: Sequence[str]) -> str:
        return f"{self._before}{','.join(rows)}{self._after}"


def _too_large(width: int, limit: int) -> RangeFailed:
    return RangeFailed(
        "a row is larger than MySQL takes in one statement",
        why=f"it needs {width} bytes, max_allowed_packet leaves {limit}",
        fix="raise max_allowed_packet at the server, or let it use LOAD DATA LOCAL",
    )
