"""Fills a table of the measurements in Cassandra, and leaves it as a table is that has been there.

Rows go as bytes, in unlogged batches, from as many processes as there are cores; then everything is
flushed and compacted into one file, so that no turn pays for the compaction of another. A table is
full if and only if ``bench.filled`` names it, which is written last.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from cassandra.query import BatchStatement, BatchType

from tests.bench.pools import processes
from tests.bench.shapes import KEYSPACE, SHAPES, Shape
from tests.bench.values import to_wire
from tests.support.fill import IN_FLIGHT, PROCESSES, open_cluster

BATCH_BYTES = 24_000
"""Cassandra warns above 5 KiB and refuses above 50."""
Address = tuple[str, int]

_KEYSPACE = (
    f"CREATE KEYSPACE IF NOT EXISTS {KEYSPACE}"
    " WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}"
    " AND durable_writes = false"  # what is lost in a crash is filled again, what is flushed stays
)
_FILLED = f"CREATE TABLE IF NOT EXISTS {KEYSPACE}.filled (name text PRIMARY KEY)"


@contextmanager
def session_with(address: Address) -> Iterator[Any]:
    """Open a session with the driver's own types."""
    cluster = open_cluster(*address)
    try:
        yield cluster.connect()
    finally:
        cluster.shutdown()


def is_filled(session: Any, table: str) -> bool:  # noqa: ANN401 - the driver is untyped
    """Tell whether a table has its rows; makes the keyspace if need be."""
    session.execute(_KEYSPACE)
    session.execute(_FILLED)
    found = session.execute(f"SELECT name FROM {KEYSPACE}.filled WHERE name = %s", (table,))
    return bool(list(found))


def fill(address: Address, shape: Shape, rows: int) -> bool:
    """Fill a shape's table with rows number 0 to ``rows`` - 1; False if it has them already."""
    table = shape.table(rows)
    with session_with(address) as session:
        if is_filled(session, table):
            return False
        print(f"bench: filling {KEYSPACE}.{table} ...", file=sys.stderr)
        session.execute(shape.create_cql(table))
        session.execute(f"TRUNCATE {KEYSPACE}.{table}")
        with processes() as pool:
            parts = [
                pool.submit(_fill_part, address, shape.name, rows, part)
                for part in range(PROCESSES)
            ]
            for part in parts:
                part.result()
    return True


def mark_filled(address: Address, table: str) -> None:
    """Note that a table has all its rows and its files are in order."""
    with session_with(address) as session:
        session.execute(f"INSERT INTO {KEYSPACE}.filled (name) VALUES (%s)", (table,))


def _fill_part(address: Address, shape_name: str, rows: int, part: int) -> None:
    shape = SHAPES[shape_name]
    with session_with(address) as session:
        prepared = session.prepare(shape.insert_cql(shape.table(rows)))
        pending: list[Any] = []
        for batch in _batches(shape, prepared, rows, part):
            pending.append(session.execute_async(batch))
            if len(pending) >= IN_FLIGHT:
                pending.pop(0).result()
        for future in pending:
            future.result()


def _batches(shape: Shape, prepared: Any, rows: int, part: int) -> Iterator[BatchStatement]:  # noqa: ANN401 - the driver is untyped
    size = max(1, BATCH_BYTES // (shape.row_bytes + 60))
    wire = to_wire([column.cql for column in shape.columns])
    for first in range(part * size, rows, PROCESSES * size):
        batch = BatchStatement(BatchType.UNLOGGED)
        # What add() would append after turning Python values into bytes, which costs more than
        # everything else here; ours are bytes already.
        batch._statements_and_parameters.extend(
            (True, prepared.query_id, wire(shape.make_row(number)))
            for number in range(first, min(first + size, rows))
        )
        yield batch
