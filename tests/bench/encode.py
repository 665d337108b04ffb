"""CPU of the encoder alone: a page of the wide table, column by column, by either encoder.

    python -m tests.bench.encode

A figure is the least of several: what else runs here only adds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from time import process_time

from cass_snapshot.codec.compiled import AVAILABLE
from cass_snapshot.codec.row import RowEncoder
from cass_snapshot.model import Cells, Position
from cass_snapshot.mysql.columns import Flavour
from cass_snapshot.planned import PlannedColumn
from tests.bench.wide_table import make_row
from tests.support.typed_cells import SERIALIZE, column, key, plan_columns, table

NAMES = ("id", "name", "qty", "big", "val", "ts", "flag", "amount", "payload", "note")
TYPES = (
    "uuid",
    "text",
    "int",
    "bigint",
    "double",
    "timestamp",
    "boolean",
    "decimal",
    "blob",
    "text",
)
ROWS = 5_000
TIMES = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Microseconds of CPU a row; ``compiled_us`` is None where that encoder was not built."""

    name: str
    python_us: float
    compiled_us: float | None


def wide_columns() -> list[PlannedColumn]:
    """Return the columns of the wide table as a run plans them."""
    first, *rest = zip(NAMES, TYPES, strict=True)
    source = table(key(*first), *(column(name, cql) for name, cql in rest))
    return [target.planned for target in plan_columns(source, Flavour.MYSQL)]


def wide_cells(count: int) -> list[Cells]:
    """Return rows of the wide table as they come from Cassandra."""
    serialize = [SERIALIZE[cql] for cql in TYPES]
    return [
        tuple(
            None if value is None else make(value)
            for make, value in zip(serialize, make_row(number), strict=True)
        )
        for number in range(count)
    ]


def costs() -> Iterator[Cost]:
    """Yield what the wide table costs, and each of its columns alone."""
    columns, rows = wide_columns(), wide_cells(ROWS)
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
    spent = []
    for _ in range(TIMES):
        start = process_time()
        encoder.encode(rows)
        spent.append(process_time() - start)
    return min(spent) / len(rows) * 1e6


if __name__ == "__main__":
    print(f"{'µs of CPU a row':<18} {'python':>7} {'compiled':>9}")
    for cost in costs():
        compiled = "-" if cost.compiled_us is None else f"{cost.compiled_us:.2f}"
        print(f"{cost.name:<18} {cost.python_us:>7.2f} {compiled:>9}")
