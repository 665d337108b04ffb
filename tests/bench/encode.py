"""CPU of the encoder alone: a page of a table, column by column, by either encoder.

    python -m tests.bench.encode [SHAPE]

A figure is the least of several: what else runs here only adds.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from time import process_time

from cass_snapshot.codec.compiled import AVAILABLE
from cass_snapshot.codec.row import RowEncoder
from cass_snapshot.model import Cells, Column, ColumnKind, Position
from cass_snapshot.mysql.columns import Flavour
from cass_snapshot.planned import PlannedColumn
from tests.bench.shapes import SHAPES, Shape
from tests.bench.values import to_wire
from tests.support.typed_cells import plan_columns, table
from tests.support.wired import wired

ROWS_MAX = 5_000
PAGE_BYTES = 4_000_000
TIMES = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Microseconds of CPU a row; ``compiled_us`` is None where that encoder was not built."""

    name: str
    python_us: float
    compiled_us: float | None


def columns_of(shape: Shape) -> list[PlannedColumn]:
    """Return the columns of a kind of table as a run plans them."""
    source = table(
        *(Column(name=c.name, type=c.cql, kind=_kind(shape, c.name)) for c in shape.columns)
    )
    return [target.planned for target in plan_columns(source, Flavour.MYSQL)]


def _kind(shape: Shape, name: str) -> ColumnKind:
    if name in shape.partition_key:
        return ColumnKind.PARTITION_KEY
    return ColumnKind.CLUSTERING if name in shape.clustering else ColumnKind.REGULAR


def cells_of(shape: Shape, count: int) -> list[Cells]:
    """Return rows as they come from Cassandra."""
    cells = to_wire([c.cql for c in shape.columns])
    return [tuple(cells(shape.make_row(number))) for number in range(count)]


def costs(shape: Shape) -> Iterator[Cost]:
    """Yield what a row costs, and each of its columns alone."""
    columns, rows = columns_of(shape), cells_of(shape, min(ROWS_MAX, PAGE_BYTES // shape.row_bytes))
    yield _cost("all columns", columns, rows)
    for place, planned in enumerate(columns):
        name = f"{planned.column.name} {planned.column.type}"
        yield _cost(name, [planned], [(row[place],) for row in rows])


def _cost(name: str, columns: list[PlannedColumn], rows: list[Cells]) -> Cost:
    return Cost(
        name=name,
        python_us=_micros(columns, rows, compiled=False),
        compiled_us=_micros(columns, rows, compiled=True) if AVAILABLE else None,
    )


def _micros(columns: list[PlannedColumn], rows: list[Cells], *, compiled: bool) -> float:
    encoder = RowEncoder(columns, lambda _: Position(token=0, partition_key=()), compiled=compiled)
    page: Sequence[Cells] = wired(rows) if compiled else rows
    spent = []
    for _ in range(TIMES):
        start = process_time()
        encoder.encode(page)
        spent.append(process_time() - start)
    return min(spent) / len(rows) * 1e6


if __name__ == "__main__":
    print(f"{'µs of CPU a row':<18} {'python':>7} {'compiled':>9}")
    for cost in costs(SHAPES[sys.argv[1] if sys.argv[1:] else "wide"]):
        compiled = "-" if cost.compiled_us is None else f"{cost.compiled_us:.2f}"
        print(f"{cost.name:<18} {cost.python_us:>7.2f} {compiled:>9}")
