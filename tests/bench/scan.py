"""The limit of reading: every page is asked for, received, and thrown away unread.

Two processes with two requests in flight each; more change nothing.
"""

from __future__ import annotations

import multiprocessing
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

from cassandra.cluster import Cluster
from cassandra.protocol import ProtocolHandler, ResultMessage

from tests.bench.shapes import KEYSPACE, SHAPES

PROCESSES = 2
IN_FLIGHT = 2
RANGES = 32
PAGE_BYTES = 2**20
_LOW, _HIGH = -(2**63), 2**63 - 1


class Unread(ResultMessage):  # type: ignore[misc]  # the driver is untyped
    """A result whose rows stay in the bytes they came in; their number and the paging are read."""

    def recv_results_rows(self, f: Any, _version: int, types: Any, *_: object) -> None:  # noqa: ANN401 - the driver's signature
        """Read the metadata and the number of rows."""
        self.recv_results_metadata(f, types)
        self.column_names: Any = ["rows"]
        self.column_types: Any = []
        self.parsed_rows: Any = [(int.from_bytes(f.read(4)),)]


class UnreadHandler(ProtocolHandler):  # type: ignore[misc]  # the driver is untyped
    """The driver's handler with Unread in the place of its result message."""

    message_types_by_opcode = {**ProtocolHandler.message_types_by_opcode, Unread.opcode: Unread}  # noqa: RUF012 - the driver's name


def scan_part(job: tuple[str, str, str, int]) -> int:
    """Read one process's share of the ranges; return how many rows came."""
    source, name, table, part = job
    shape, place = SHAPES[name], urlsplit(source)
    cluster = Cluster([place.hostname], port=place.port, protocol_version=5)
    session = cluster.connect()
    session.default_fetch_size = min(5000, max(1, PAGE_BYTES // shape.row_bytes))
    session.default_timeout = 120
    token = f"token({', '.join(shape.partition_key)})"
    prepared = session.prepare(
        f"SELECT {', '.join(shape.names)} FROM {KEYSPACE}.{table}"
        f" WHERE {token} > ? AND {token} <= ?"
    )
    session.client_protocol_handler = UnreadHandler
    session.row_factory = lambda _names, rows: rows

    def read(place: int) -> int:
        found = session.execute(prepared.bind((_CUTS[place], _CUTS[place + 1])))
        return sum(row[0] for row in found)

    with ThreadPoolExecutor(IN_FLIGHT) as pool:
        rows = sum(pool.map(read, range(part, RANGES, PROCESSES)))
    cluster.shutdown()
    return rows


_CUTS = [_LOW + (_HIGH - _LOW) // RANGES * i for i in range(RANGES)] + [_HIGH]


def main(source: str, shape: str, table: str, rows: int) -> None:
    """Read the whole table."""
    with multiprocessing.Pool(PROCESSES) as pool:
        parts = pool.map(scan_part, [(source, shape, table, part) for part in range(PROCESSES)])
    if sum(parts) != rows:
        raise SystemExit(f"{sum(parts)} rows came, {rows} were expected")


if __name__ == "__main__":
    from_url, kind, name, count = sys.argv[1:]
    main(from_url, kind, name, int(count))
