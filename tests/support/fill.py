"""Fills Cassandra tables fast, with rows that depend on their number alone.

Unlogged batches, because a request a row would take minutes; several processes, because the driver
keeps one core busy.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from typing import Any

from cassandra import ConsistencyLevel
from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile
from cassandra.policies import RoundRobinPolicy
from cassandra.query import BatchStatement, BatchType

Row = tuple[Any, ...]
MakeRow = Callable[[int], Row]

PROCESSES = 2
BATCH_ROWS = 60
"""Some 20 KB, below what Cassandra refuses by default."""
IN_FLIGHT = 24
TIMEOUT_S = 120


def open_cluster(host: str, port: int) -> Any:  # noqa: ANN401 - the driver is untyped
    """Return a cluster object for loopback servers that may be busy."""
    profile = ExecutionProfile(
        load_balancing_policy=RoundRobinPolicy(),
        consistency_level=ConsistencyLevel.LOCAL_QUORUM,
        request_timeout=TIMEOUT_S,
    )
    return Cluster(
        [host],
        port=port,
        protocol_version=5,
        connect_timeout=TIMEOUT_S,
        control_connection_timeout=TIMEOUT_S,
        execution_profiles={EXEC_PROFILE_DEFAULT: profile},
    )


def count(session: Any, table: str, column: str) -> int:  # noqa: ANN401 - the driver is untyped
    """Return the rows of a table, page by page: a COUNT of its own times out on large ones."""
    return sum(1 for _ in session.execute(f"SELECT {column} FROM {table}"))


def fill(address: tuple[str, int], insert: str, make_row: MakeRow, rows: int) -> None:
    """Insert rows number 0 to ``rows`` - 1.

    Args:
        address: host and port of a contact point.
        insert: the CQL to prepare, with a ``?`` for each value of a row.
        make_row: returns the values of a row by its number; a function of a module.
        rows: how many.
    """
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(PROCESSES, mp_context=spawn) as pool:
        parts = [
            pool.submit(_fill_part, address, insert, make_row, part, rows)
            for part in range(PROCESSES)
        ]
        for part in parts:
            part.result()


def _fill_part(
    address: tuple[str, int], insert: str, make_row: MakeRow, part: int, rows: int
) -> None:
    """Insert every row whose number is ``part`` modulo PROCESSES."""
    cluster = open_cluster(*address)
    try:
        session = cluster.connect()
        prepared = session.prepare(insert)
        numbers = iter(range(part, rows, PROCESSES))
        pending: list[Any] = []
        for batch in _batches(prepared, make_row, numbers):
            pending.append(session.execute_async(batch))
            if len(pending) >= IN_FLIGHT:
                pending.pop(0).result()
        for future in pending:
            future.result()
    finally:
        cluster.shutdown()


def _batches(prepared: Any, make_row: MakeRow, numbers: Iterator[int]) -> Iterator[BatchStatement]:  # noqa: ANN401 - the driver is untyped
    while chunk := list(islice(numbers, BATCH_ROWS)):
        batch = BatchStatement(BatchType.UNLOGGED)
        for number in chunk:
            batch.add(prepared, make_row(number))
        yield batch
