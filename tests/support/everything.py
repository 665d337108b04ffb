"""A table with every CQL type at once, filled with rows that a seed determines, and its comparison.

Each row draws its cells from pools, so that a hundred thousand rows take seconds to make; a seventh
of the cells are NULL. Rows are bound as bytes and inserted by several processes.
"""

from __future__ import annotations

import multiprocessing
import random
import struct
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import mysql.connector
from cassandra.query import BatchStatement, BatchType, SimpleStatement

from tests.support.cases import shown
from tests.support.cql_tree import Tree, tree
from tests.support.fill import IN_FLIGHT, PROCESSES, open_cluster
from tests.support.pools import pool
from tests.support.raw_cells import RawCells, raw_cells
from tests.support.readback import cell_of, told
from tests.support.servers import Place

UDTS = {"place": (("name", "text"), ("spot", "frozen<tuple<double, double>>"), ("no", "varint"))}
_SCALARS = (
    *("ascii", "text", "varchar", "blob", "boolean", "tinyint", "smallint", "int", "bigint"),
    *("varint", "decimal", "float", "double", "date", "time", "timestamp", "uuid", "timeuuid"),
    *("inet", "duration"),
)
_NESTED = {
    "l": "list<text>",
    "s": "set<double>",
    "m": "map<text, int>",
    "u": "place",
    "fl": "frozen<list<decimal>>",
    "fs": "frozen<set<blob>>",
    "fm": "frozen<map<timestamp, boolean>>",
    "fu": "frozen<place>",
    "t": "tuple<int, text, frozen<list<float>>>",
    "v": "vector<float, 3>",
    "vt": "vector<text, 2>",
    "deep": "map<text, frozen<list<frozen<tuple<inet, duration, frozen<place>>>>>>",
}
COLUMNS = {f"c_{cql}": cql for cql in _SCALARS} | _NESTED
TABLE = "everything"
ROWS_A_PARTITION = 4
_BATCH_ROWS = 20
_NULL_SHARE = 1 / 7
_PAGE = 2000
_FAULTS_MAX = 12

Pools = Mapping[str, Sequence[bytes]]
Cells = tuple[bytes | None, ...]


def trees() -> dict[str, Tree]:
    """Return the tree of each column's type."""
    return {name: tree(cql, UDTS) for name, cql in COLUMNS.items()}


def pools(seed: int, *, fits: bool) -> Pools:
    """Return the cells that rows draw from, by column."""
    return {
        name: pool(kind, seed + number, fits=fits)
        for number, (name, kind) in enumerate(trees().items())
    }


def make(place: Place) -> None:
    """Make the user type and the table."""
    fields = ", ".join(f"{name} {cql}" for name, cql in UDTS["place"])
    place.cql(f"CREATE TYPE {{ks}}.place ({fields})")
    listed = ", ".join(f"{name} {cql}" for name, cql in COLUMNS.items())
    place.cql(
        f"CREATE TABLE {{ks}}.{TABLE} (id int, n smallint, shared text static, {listed},"
        " PRIMARY KEY (id, n))"
    )


def fill(place: Place, cells: Pools, seed: int, rows: int) -> None:
    """Insert rows; the same pools, seed and number make the same row."""
    address = place.servers.endpoints.cassandra
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(PROCESSES, mp_context=spawn) as processes:
        parts = [
            processes.submit(_fill_part, address, place.keyspace, cells, seed, part, rows)
            for part in range(PROCESSES)
        ]
        for part in parts:
            part.result()


def _fill_part(
    address: tuple[str, int], keyspace: str, cells: Pools, seed: int, part: int, rows: int
) -> None:
    cluster = open_cluster(*address)
    try:
        session = cluster.connect()
        names = ["id", "n", "shared", *COLUMNS]
        statement = RawCells(session).prepare(
            f"INSERT INTO {keyspace}.{TABLE} ({', '.join(names)})"
            f" VALUES ({', '.join('?' * len(names))})"
        )
        pending: list[Any] = []
        for batch in _batches(statement, cells, seed, range(part, rows, PROCESSES)):
            pending.append(session.execute_async(batch))
            if len(pending) >= IN_FLIGHT:
                pending.pop(0).result()
        for future in pending:
            future.result()
    finally:
        cluster.shutdown()


def _batches(
    statement: Any,  # noqa: ANN401 - the driver is untyped
    cells: Pools,
    seed: int,
    numbers: range,
) -> Iterator[BatchStatement]:
    draw = random.Random(f"{seed} {numbers.start}")
    listed = [cells[name] for name in COLUMNS]
    for first in range(0, len(numbers), _BATCH_ROWS):
        batch = BatchStatement(BatchType.UNLOGGED)
        for number in numbers[first : first + _BATCH_ROWS]:
            group, n = divmod(number, ROWS_A_PARTITION)
            key = struct.pack(">i", group), struct.pack(">h", n), str(group).encode()
            values = [
                None if draw.random() < _NULL_SHARE else draw.choice(choices) for choices in listed
            ]
            batch.add(statement, (*key, *values))
        yield batch


class Comparison:
    """Compares source and copy cell by cell, through the independent reader.

    Args:
        place: where both are.
        profile: the run's.
        target: the name of the copy.
    """

    def __init__(self, place: Place, profile: str, target: str) -> None:
        self._place = place
        self._profile = profile
        self._target = target
        self._trees = {
            "id": tree("int"),
            "n": tree("smallint"),
            "shared": tree("text"),
            **trees(),
        }
        self._known: set[tuple[str, bytes | None, bytes | None]] = set()
        self.faults: list[str] = []
        self.rows = 0

    def run(self) -> None:
        """Read both sides, a page at a time; ``rows`` and ``faults`` tell what was found."""
        address = self._place.servers.endpoints.mysql
        connection = mysql.connector.connect(
            host=address.host,
            port=address.port,
            user=address.user,
            password=address.password,
            database=self._place.database,
            charset="utf8mb4",
            time_zone="+00:00",
        )
        names = ", ".join(self._trees)
        with raw_cells(self._place.servers) as raw:
            every = f"SELECT {names} FROM {self._place.keyspace}.{TABLE}"
            pages = raw.session.execute(SimpleStatement(every, fetch_size=_PAGE))
            try:
                while True:
                    self._page(connection, pages.current_rows)
                    if not pages.has_more_pages or len(self.faults) >= _FAULTS_MAX:
                        return
                    pages.fetch_next_page()
            finally:
                connection.close()

    def _page(self, connection: Any, rows: Sequence[Cells]) -> None:  # noqa: ANN401 - of the driver
        if not rows:
            return
        ids = sorted({_signed(row[0]) for row in rows})
        listed = ", ".join(f"`{name}`" for name in self._trees)
        with connection.cursor(raw=True) as cursor:
            cursor.execute(
                f"SELECT {listed} FROM `{self._target}` WHERE id IN ({', '.join(map(str, ids))})"
            )
            found = {(int(row[0]), int(row[1])): row for row in cursor}
        for row in rows:
            self.rows += 1
            key = _signed(row[0]), _signed(row[1])
            copy = found.get(key)
            if copy is None:
                self._fault(f"row {key} is missing")
            else:
                self._row(key, row, copy)

    def _row(self, key: tuple[int, ...], row: Cells, copy: Sequence[Any]) -> None:
        for name, cell, value in zip(self._trees, row, copy, strict=True):
            got = None if value is None else bytes(value)
            if (name, cell, got) in self._known:
                continue
            kind = self._trees[name]
            wanted = told(kind, self._profile, cell)
            there = cell_of(kind, self._profile, got)
            if wanted == there:
                self._known.add((name, cell, got))
            else:
                self._fault(
                    f"row {key}, {name} ({COLUMNS.get(name)}): wanted {shown(wanted)},"
                    f" got {shown(there)} from {got!r:.200}"
                )

    def _fault(self, what: str) -> None:
        if len(self.faults) < _FAULTS_MAX:
            self.faults.append(what)


def _signed(cell: bytes | None) -> int:
    return int.from_bytes(cell or b"", "big", signed=True)
