"""Notices, in a worker, that a table is no longer what the run was planned with (I9).

The node's schema version is asked first, which costs one small request a range; the columns are
read only where it is one that was not seen before. It is the version of all tables together.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cassandra.cqltypes import CassandraTypeType, lookup_casstype

from cass_snapshot.model import Table
from cass_snapshot.reader.columns import COLUMNS, TYPES, read_columns, refuse_changed
from cass_snapshot.reader.faults import translate
from cass_snapshot.retry import Patience

_VERSION = "SELECT schema_version FROM system.local WHERE key = 'local'"
_PROTOCOL = 4
"""The version of a serialized list; the same since version 3."""
_TEXTS = "ListType(UTF8Type)"
_TEXT = "UTF8Type"
_SHAPES = {
    TYPES: (_TEXT, _TEXTS, _TEXTS),
    COLUMNS: (_TEXT, "Int32Type", _TEXT, _TEXT, _TEXT),
    _VERSION: ("UUIDType",),
}
"""What the columns of each query are: a raw session gives bytes."""


class Drift:
    """Compares a table with the one of the plan.

    Args:
        session: a raw session of the driver.
        table: what the run was planned with.
        patience: how long a Cassandra that is away is waited for.
    """

    def __init__(self, session: Any, table: Table, patience: Patience) -> None:  # noqa: ANN401 - the driver is untyped
        self._session = session
        self._table = table
        self._patience = patience
        self._known: set[object] = set()
        """Versions of the schema in which the table was as planned."""

    def check(self, *, afresh: bool = False) -> None:
        """Return where nothing has changed; ``afresh`` trusts no version seen before.

        Raises:
            StateError: a column came, went, or is of another type, or the table is gone.
            SourceUnavailable: Cassandra stayed away.
        """
        ((version,),) = self._rows(_VERSION, ())
        if afresh or version not in self._known:
            refuse_changed(self._table, read_columns(self._rows, self._table.name))
            self._known.add(version)

    def _rows(self, query: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
        kinds: list[CassandraTypeType] = [lookup_casstype(name) for name in _SHAPES[query]]

        def attempt() -> Sequence[Sequence[bytes | None]]:
            try:
                return list(self._session.execute(query, values or None))
            except Exception as error:
                where = f"{self._table.name}, Cassandra's system tables"
                raise translate(error, where=where) from error

        return [
            tuple(
                None if cell is None else kind.from_binary(cell, _PROTOCOL)
                for kind, cell in zip(kinds, row, strict=True)
            )
            for row in self._patience.call(attempt)
        ]
