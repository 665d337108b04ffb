"""Notices, in a worker, that a table is no longer what the run was planned with (I9).

The node's schema version is asked first, which costs one small request a range, under way together
with the range's first page: waited for alone, it cost a copy 4 % of its time. The columns are read
only where it is one that was not seen before. It is the version of all tables together.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cassandra.cqltypes import CassandraTypeType, lookup_casstype

from cass_snapshot.model import Table
from cass_snapshot.reader.columns import (
    COLUMNS,
    IDS,
    TYPES,
    VIEW_IDS,
    read_columns,
    read_id,
    refuse_changed,
)
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
    IDS: ("UUIDType",),
    VIEW_IDS: ("UUIDType",),
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

    def look(self) -> Any:  # noqa: ANN401 - the driver is untyped
        """Ask for the schema's version; ``check`` takes the answer."""
        return self._session.execute_async(_VERSION)

    def check(self, look: Any = None, *, afresh: bool = False) -> None:  # noqa: ANN401 - the driver is untyped
        """Return where nothing has changed.

        Args:
            look: an answer that is under way; None asks now.
            afresh: trusts no version seen before.

        Raises:
            StateError: a column came, went, or is of another type, or the table is gone, or
                another one of its name.
            SourceUnavailable: Cassandra stayed away.
        """
        ((version,),) = self._rows(_VERSION, (), look)
        if afresh or version not in self._known:
            name = self._table.name
            refuse_changed(self._table, read_columns(self._rows, name), read_id(self._rows, name))
            self._known.add(version)

    def _rows(
        self,
        query: str,
        values: tuple[object, ...],
        look: Any = None,  # noqa: ANN401 - the driver is untyped
    ) -> list[tuple[Any, ...]]:
        kinds: list[CassandraTypeType] = [lookup_casstype(name) for name in _SHAPES[query]]
        under_way = [] if look is None else [look]

        def attempt() -> Sequence[Sequence[bytes | None]]:
            try:
                if under_way:
                    return list(under_way.pop().result())
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
