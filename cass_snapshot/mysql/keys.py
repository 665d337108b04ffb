"""Reads primary keys back from a target.

For verification alone: it knows neither checkpoint nor WAL (I11).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any

from mysql.connector import Error

from cass_snapshot.model import TOKEN_MIN, Cells, ColumnKind
from cass_snapshot.mysql import statements
from cass_snapshot.mysql.columns import TargetColumn
from cass_snapshot.mysql.connection import connect
from cass_snapshot.mysql.faults import translate
from cass_snapshot.mysql.literals import renderer
from cass_snapshot.mysql.values import comparable, wal_value
from cass_snapshot.planned import PlannedColumn, Reading
from cass_snapshot.retry import Patience
from cass_snapshot.ring.tokens import token
from cass_snapshot.settings import MysqlSettings

FETCH_ROWS = 5000
ToCell = Callable[[PlannedColumn, Any], bytes]
ToValues = Callable[[Sequence[Cells]], list[list[Any] | None]]
NOT_OURS = (ArithmeticError, LookupError, TypeError, ValueError, struct.error)
"""What making a cell raises of a value that this tool never wrote, or whose form tells no bytes."""


class MysqlKeys:
    """The keys of one target, as protocols.TargetKeys promises.

    Args:
        settings: where to connect.
        table: the target's name in the settings' database.
        columns: the columns of the target that are written.
        key: those of them that tell rows apart, by name.
        to_cell: makes a cell of a planned column's WAL value.
        to_values: makes the key columns' WAL values of primary keys given as cells; None of a
            key that no row of the target can have.
        patience: how long a server that is away is waited for.
    """

    def __init__(
        self,
        settings: MysqlSettings,
        *,
        table: str,
        columns: Sequence[TargetColumn],
        key: Sequence[str],
        to_cell: ToCell,
        to_values: ToValues,
        patience: Patience,
    ) -> None:
        self._settings = settings
        self._table = statements.qualified(settings.database, table)
        by_name = {c.name: c for c in columns}
        self._key = [by_name[name] for name in key]
        self._located = _locating(columns)
        self._holds_token = self._located[0].planned.reading is Reading.TOKEN
        self._to_cell = to_cell
        self._to_values = to_values
        self._patience = patience
        self._connection: Any = None

    def tokens(self) -> Iterator[list[int]]:
        """Yield the token of every row, in bounded lists, in one pass and one snapshot.

        A pass that breaks off is not taken up again: its rows would come from two snapshots. A row
        whose key is none of the source's yields TOKEN_MIN.
        """
        sql = statements.select_columns(self._table, [c.name for c in self._located])
        try:
            connection = self._connected()
            with connection.cursor(buffered=False) as cursor:
                cursor.execute(sql)
                while rows := cursor.fetchmany(FETCH_ROWS):
                    yield [self._token(row) for row in rows]
            connection.rollback()
        except Error as error:
            raise self._failed(error) from error

    def absent(self, keys: Sequence[Cells]) -> list[Cells]:
        """Return those of some keys, in their order, that the target lacks."""
        forms = [c.planned.form for c in self._key]
        wanted = self._to_values(keys)
        renderers = [renderer(c.planned, quoted=c.textual) for c in self._key]
        rows = (
            ",".join(make(value) for make, value in zip(renderers, values, strict=True))
            for values in wanted
            if values is not None
        )
        literals = [f"({row})" if len(forms) > 1 else row for row in rows]
        if not literals:
            return list(keys)
        sql = statements.select_keys_among(self._table, [c.name for c in self._key], literals)
        present = self._patience.call(lambda: self._present(sql))
        return [
            key
            for key, values in zip(keys, wanted, strict=True)
            if values is None or tuple(map(comparable, forms, values)) not in present
        ]

    def close(self) -> None:
        """Give the connection back."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _present(self, sql: str) -> set[tuple[Any, ...]]:
        """Return the keys that were found, as the values that the WAL has for them.

        Compared here once more: a target's collation may find a key that is another.
        """
        forms = [c.planned.form for c in self._key]
        try:
            connection = self._connected()
            with connection.cursor() as cursor:
                cursor.execute(sql)
                rows = cursor.fetchall()
            connection.rollback()
        except Error as error:
            raise self._failed(error) from error
        present = set()
        for row in rows:
            with suppress(*NOT_OURS):  # what only the server took for one of the keys
                found = (comparable(f, wal_value(f, v)) for f, v in zip(forms, row, strict=True))
                present.add(tuple(found))
        return present

    def _token(self, row: Sequence[Any]) -> int:
        if self._holds_token:
            if row[0] is not None:
                return int(row[0])
            row = row[1:]  # written before the column was there, or by somebody else
        if not row or any(value is None for value in row):
            return TOKEN_MIN
        key = self._located[self._holds_token :]
        try:
            cells = [
                self._to_cell(c.planned, wal_value(c.planned.form, value))
                for c, value in zip(key, row, strict=True)
            ]
        except NOT_OURS:
            return TOKEN_MIN
        return token(cells)

    def _connected(self) -> Any:  # noqa: ANN401 - see connection.connect
        if self._connection is None:
            self._connection = connect(self._settings)
        return self._connection

    def _failed(self, error: Error) -> Exception:
        self._connection = None
        return translate(error, where=self._table)


def _locating(columns: Sequence[TargetColumn]) -> list[TargetColumn]:
    """Return the columns that tell a row's token: the one that holds it, and the partition key.

    The key is for rows without a token. It is left out beside a digest, where it may tell no bytes.
    """
    held = [c for c in columns if c.planned.reading is Reading.TOKEN]
    key = [
        c
        for c in columns
        if c.planned.reading is Reading.VALUE and c.planned.column.kind is ColumnKind.PARTITION_KEY
    ]
    return held + key if not held or all(c.in_key for c in key) else held
