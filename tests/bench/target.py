"""The MySQL side of a turn: an empty table before it, and afterwards a look at every cell."""

from __future__ import annotations

from dataclasses import dataclass

from tests.bench.servers import Servers
from tests.bench.shapes import Shape

DATABASE = "bench"


@dataclass(frozen=True, slots=True)
class Digest:
    """How many rows a table holds, and a checksum over all cells in no order."""

    rows: int
    cells: str


def prepare(servers: Servers, shape: Shape, table: str) -> None:
    """Give the next peer an empty table, and no trace of the last one."""
    servers.ask(f"DROP DATABASE IF EXISTS {DATABASE}")
    servers.ask(f"CREATE DATABASE {DATABASE}")
    servers.ask(shape.create_sql(f"{DATABASE}.{table}"))


def digest_statement(shape: Shape, table: str) -> str:
    """Return the query for a digest: every cell as text, NULL apart from every text."""
    cells = ", ".join(
        "IFNULL({}, '\\\\N')".format(f"HEX({c.name})" if c.cql in ("blob", "text") else c.name)
        for c in shape.columns
    )
    row = f"LEFT(SHA2(CONCAT_WS('|', {cells}), 256), 16)"
    return (
        f"SELECT COUNT(*), HEX(BIT_XOR(CAST(CONV({row}, 16, 10) AS UNSIGNED)))"
        f" FROM {DATABASE}.{table}"
    )


def digest(servers: Servers, shape: Shape, table: str) -> Digest:
    """Return what a peer has left behind."""
    ((rows, cells),) = servers.ask(digest_statement(shape, table))
    return Digest(int(rows), str(cells))


def count(servers: Servers, table: str) -> int:
    """Return how many rows a peer has left behind."""
    ((rows,),) = servers.ask(f"SELECT COUNT(*) FROM {DATABASE}.{table}")
    return int(rows)
