"""Reads primary keys back from a target, as the cells that Cassandra has for them.

For verification alone: it knows neither checkpoint nor WAL (I11).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from mysql.connector import Error

from cass_snapshot.forms import Form
from cass_snapshot.model import Cells
from cass_snapshot.mysql import statements
from cass_snapshot.mysql.columns import TargetColumn
from cass_snapshot.mysql.connection import connect
from cass_snapshot.mysql.faults import translate
from cass_snapshot.mysql.insert import literal
from cass_snapshot.retry import Patience
from cass_snapshot.settings import MysqlSettings

FETCH_ROWS = 5000
ToCell = Callable[[str, Any], bytes]
ToValues = Callable[[Sequence[Cells]], list[list[Any]]]


class MysqlKeys:
    """The keys of one target, as protocols.TargetKeys promises.

    Args:
        settings: where to connect.
        table: the target's name in the settings' database.
        key: the columns of the key, in the order of the source's primary key.
        to_cell: makes a cell of a CQL type's WAL value.
        to_values: makes WAL values of keys given as cells.
        patience: how long a server that is away is waited for.
    """

    def __init__(
        self,
        settings: MysqlSettings,
        *,
        table: str,
        key: Sequence[TargetColumn],
        to_cell: ToCell,
        to_values: ToValues,
        patience: Patience,
    ) -> None:
        self._settings = settings
        self._table = statements.qualified(settings.database, table)
        self._names = [c.name for c in key]
        self._forms = [c.planned.form for c in key]
        self._types = [c.planned.column.type for c in key]
        self._to_cell = to_cell
        self._to_values = to_values
        self._patience = patience
        self._connection: Any = None

    def all_keys(self) -> Iterator[list[Cells]]:
        """Yield every key, in bounded lists, in one pass and one snapshot of the table.

        A pass that breaks off is not taken up again: its rows would come from two snapshots.
        """
        try:
            connection = self._connected()
            with connection.cursor(buffered=False) as cursor:
                cursor.execute(statements.select_keys(self._table, self._names))
                while rows := cursor.fetchmany(FETCH_ROWS):
                    yield [self._cells(row) for row in rows]
            connection.rollback()
        except Error as error:
            raise self._failed(error) from error

    def absent(self, keys: Sequence[Cells]) -> list[Cells]:
        """Return those of some keys, in their order, that the target lacks."""
        if not keys:
            return []
        literals = [
            f"({row})" if len(self._names) > 1 else row
            for row in (
                ",".join(map(literal, self._forms, values)) for values in self._to_values(keys)
            )
        ]
        sql = statements.select_keys_among(self._table, self._names, literals)
        present = self._patience.call(lambda: self._present(sql))
        return [key for key in keys if key not in present]

    def close(self) -> None:
        """Give the connection back."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _present(self, sql: str) -> set[Cells]:
        try:
            connection = self._connected()
            with connection.cursor() as cursor:
                cursor.execute(sql)
                found = {self._cells(row) for row in cursor.fetchall()}
            connection.rollback()
        except Error as error:
            raise self._failed(error) from error
        return found

    def _connected(self) -> Any:  # noqa: ANN401 - see connection.connect
        if self._connection is None:
            self._connection = connect(self._settings)
        return self._connection

    def _failed(self, error: Error) -> Exception:
        self._connection = None
        return translate(error, where=self._table)

    def _cells(self, row: Sequence[Any]) -> Cells:
        return tuple(
            self._to_cell(cql, wal_value(form, value))
            for cql, form, value in zip(self._types, self._forms, row, strict=True)
        )


def wal_value(form: Form, value: Any) -> Any:  # noqa: ANN401 - a value of the connector
    """Return the WAL's value of what the connector read from a key column."""
    if isinstance(value, bytes | bytearray):
        return value.hex() if form is Form.HEX else value.decode()
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S.") + f"{value.microsecond:06d}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, timedelta):
        minutes, seconds = divmod(value.seconds, 60)
        return f"{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}.{value.microseconds:06d}"
    return str(value) if form in (Form.DIGITS, Form.DECIMAL) else value
