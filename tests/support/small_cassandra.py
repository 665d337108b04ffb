"""A session on a table in memory: what the reader uses of the driver, and the CQL it writes.

Rows are cells (bytes). Partitions come by token and then by the bytes of their key, rows by their
clustering columns, which are ints, each in its own direction; as a real node returns them.
"""

from __future__ import annotations

import re
from collections import namedtuple
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from struct import unpack
from typing import Any

from cass_snapshot.model import Cells, Table
from tests.support.murmur3 import token

ColumnMetadata = namedtuple("ColumnMetadata", "keyspace_name table_name name type")  # noqa: PYI024 - as the driver's
Answer = tuple[list[Cells], bytes | None] | Exception


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A page that was asked for."""

    cql: str
    values: tuple[bytes, ...]
    state: bytes | None
    rows: int


@dataclass(slots=True)
class Bound:
    """A bound statement."""

    cql: str
    values: tuple[bytes, ...]
    fetch_size: int = 0


@dataclass(slots=True)
class Prepared:
    """A prepared statement."""

    cql: str
    column_metadata: list[ColumnMetadata] = field(default_factory=list)
    result_metadata: list[tuple[str, str, str, object]] = field(default_factory=list)

    def bind(self, values: Sequence[bytes]) -> Bound:
        """Return the statement with its values."""
        return Bound(self.cql, tuple(values))


@dataclass(slots=True)
class Message:
    """The request of a future; its size may change between pages."""

    fetch_size: int


class Future:
    """The driver's future, whose answers are there at once."""

    def __init__(self, session: Session, statement: Bound, state: bytes | None) -> None:
        self._session = session
        self._statement = statement
        self._paging_state = state
        self.message = Message(statement.fetch_size)
        self._callbacks: tuple[Callable[..., object], Callable[..., object]] | None = None

    @property
    def has_more_pages(self) -> bool:
        """Tell whether the newest page was not the last."""
        return self._paging_state is not None

    def add_callbacks(
        self, callback: Callable[..., object], errback: Callable[..., object]
    ) -> None:
        """Call one of them with each answer, the first at once."""
        self._callbacks = (callback, errback)
        self.start_fetching_next_page()

    def start_fetching_next_page(self) -> None:
        """Ask for the page behind the newest one."""
        assert self._callbacks is not None
        request = Request(
            cql=self._statement.cql,
            values=self._statement.values,
            state=self._paging_state,
            rows=self.message.fetch_size,
        )
        self._session.requests.append(request)
        answer = self._session.answer(request)
        if isinstance(answer, Exception):
            self._callbacks[1](answer)
            return
        rows, self._paging_state = answer
        self._session.answers.append(answered := list(rows))
        self._callbacks[0](answered)


class Session:
    """Answers requests by a function, and notes each.

    Args:
        answer: makes the page of a request, or the error that it meets.
    """

    def __init__(self, answer: Callable[[Request], Answer]) -> None:
        self.answer = answer
        self.requests: list[Request] = []
        self.answers: list[list[Cells]] = []
        """The driver's own, which it keeps for half a minute each."""
        self.prepared: list[str] = []

    def prepare(self, cql: str) -> Prepared:
        """Return a prepared statement."""
        self.prepared.append(cql)
        return Prepared(
            cql,
            [ColumnMetadata("ks", "t", "k", object)],
            [("ks", "t", "k", object)],
        )

    def execute_async(self, statement: Bound, paging_state: bytes | None = None) -> Future:
        """Begin an execution."""
        return Future(self, statement, paging_state)


class Rows:
    """The rows of a table in Cassandra's order, read by the statements of ``reader``.

    A write time or a TTL is told as the function and the column, in bytes. A row whose clustering
    columns are NULL stands for a partition with static values alone.

    Args:
        table: its columns; clustering columns are ints.
        rows: in any order, each with a cell for every column.
    """

    def __init__(self, table: Table, rows: Sequence[Cells]) -> None:
        self._table = table
        self._names = [c.name for c in table.columns]
        self._width = len(table.partition_key)
        self._tokens: dict[bytes, int] = {}
        self._newest: tuple[tuple[str, tuple[bytes, ...]], list[Cells]] = ("", ()), []
        self.ordered = sorted(rows, key=self.place)

    def serialized(self, row: Cells) -> bytes:
        """Return the partition key of a row as Cassandra hashes it."""
        cells = [c for c in row[: self._width] if c is not None]
        if len(cells) == 1:
            return cells[0]
        return b"".join(bytes([len(c) >> 8, len(c) & 255]) + c + b"\0" for c in cells)

    def token(self, row: Cells) -> int:
        """Return the token of a row."""
        key = self.serialized(row)
        if key not in self._tokens:  # murmur in Python is slow
            self._tokens[key] = token(key)
        return self._tokens[key]

    def place(self, row: Cells) -> tuple[Any, ...]:
        """Return what rows are ordered by."""
        clustering = [
            _number(cell) * (-1 if c.descending else 1)
            for c in self._table.clustering
            if (cell := row[self._names.index(c.name)]) is not None
        ]
        return (self.token(row), self.serialized(row), *clustering)

    def answer(self, request: Request) -> Answer:
        """Return a page of a statement's rows."""
        asked = (request.cql, request.values)
        if self._newest[0] != asked:  # pages of one statement follow each other
            self._newest = asked, self.select(*asked)
        chosen = self._newest[1]
        start = int(request.state or b"0")
        rest = chosen[start + request.rows :]
        return chosen[start : start + request.rows], b"%d" % (
            start + request.rows
        ) if rest else None

    def select(self, cql: str, values: Sequence[bytes]) -> list[Cells]:
        """Return the rows that a statement asks for."""
        found = re.fullmatch(r'SELECT (DISTINCT )?(.+) FROM "\w+"\."\w+" WHERE (.+)', cql)
        assert found is not None, cql
        distinct, columns, condition = found.groups()
        rows = self.ordered
        parts = condition.removesuffix(" ALLOW FILTERING").split(" AND ")
        bound = [part for part in parts if part.endswith(" ?")]
        for part, value in zip(bound, values, strict=True):
            rows = [row for row in rows if self._holds(row, part, value)]
        for part in parts[len(bound) :]:
            name, wanted = re.fullmatch(r"(\w+) = '(\w*)'", part).groups()  # type: ignore[union-attr]  # fails the test
            rows = [row for row in rows if row[self._names.index(name)] == wanted.encode()]
        terms = re.findall(r'(?:(\w+)\()?"(\w+)"', columns)
        out = [tuple(self._term(row, *term) for term in terms) for row in rows]
        return list(dict.fromkeys(out)) if distinct else out

    def _term(self, row: Cells, function: str, name: str) -> bytes | None:
        cell = row[self._names.index(name)]
        return f"{function} {name}".encode() if function and cell is not None else cell

    def _holds(self, row: Cells, part: str, value: bytes) -> bool:
        left, operator, _ = part.rsplit(" ", 2)
        if left.startswith("token("):
            assert re.findall(r'"(\w+)"', left) == self._names[: self._width]
            mine, wanted = self.token(row), unpack(">q", value)[0]
        elif operator == "=":
            return row[self._names.index(left.strip('"'))] == value
        else:
            cell = row[self._names.index(left.strip('"'))]
            if cell is None:  # a condition on rows leaves out what has none
                return False
            mine, wanted = _number(cell), _number(value)
        return bool(
            {">": mine > wanted, "<": mine < wanted, "<=": mine <= wanted}.get(
                operator, mine == wanted
            )
        )


def _number(cell: bytes | None) -> int:
    assert cell is not None
    return int(unpack(">i", cell)[0])
