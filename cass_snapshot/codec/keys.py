"""Primary keys, given as cells, to WAL values, for verification."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import orjson

from cass_snapshot.codec.digest import key_digest
from cass_snapshot.codec.row import RowEncoder
from cass_snapshot.model import Cells, ColumnKind, Position
from cass_snapshot.planned import PlannedColumn, Reading
from cass_snapshot.ring.tokens import token

KeyValues = Callable[[Sequence[Cells]], list[list[Any] | None]]


def key_values(columns: Sequence[PlannedColumn]) -> KeyValues:
    """Return what turns primary keys into WAL values, None for a key that no target row can have.

    Args:
        columns: what the table becomes, the columns of its key in the order of the key.
    """
    key = _natural(columns)
    width = sum(p.column.kind is ColumnKind.PARTITION_KEY for p in key)

    def locate(cells: Cells) -> Position:
        partition = tuple(c for c in cells[:width] if c is not None)
        return Position(token=token(partition), partition_key=partition)

    encoder = RowEncoder(key, locate)

    def values(keys: Sequence[Cells]) -> list[list[Any] | None]:
        made = encoder.encode(keys)
        lines = iter(made.lines.data.splitlines())
        refused = {id(rejected.cells) for rejected in made.rejected}
        return [None if id(cells) in refused else orjson.loads(next(lines)) for cells in keys]

    return values


def target_key_values(columns: Sequence[PlannedColumn], names: Sequence[str]) -> KeyValues:
    """Return the same for the columns that the target's rows are told apart by, in that order."""
    by_name = {p.name: p for p in columns}
    if [by_name[name].reading for name in names] == [Reading.DIGEST]:
        return lambda keys: [[_digest(cells)] for cells in keys]
    natural = key_values(columns)
    places = {p.name: place for place, p in enumerate(_natural(columns))}
    order = [places[name] for name in names]

    def values(keys: Sequence[Cells]) -> list[list[Any] | None]:
        return [v if v is None else [v[place] for place in order] for v in natural(keys)]

    return values


def _natural(columns: Sequence[PlannedColumn]) -> list[PlannedColumn]:
    return [p for p in columns if p.column.in_key and p.reading is Reading.VALUE]


def _digest(cells: Cells) -> str:
    return key_digest(cell for cell in cells if cell is not None).hex()
