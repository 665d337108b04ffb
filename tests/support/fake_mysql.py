"""A MySQL in memory under the real writer: one table, its control tables, and planned failures.

It knows the statements of a batch by what they begin with. A transaction is a copy of the state
that COMMIT puts in its place; how often each row was written is part of the state, so that a row
that was committed twice can be told from one that was committed once.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from mysql.connector import Error

from cass_snapshot.mysql.columns import Flavour
from cass_snapshot.mysql.connection import ServerFacts
from cass_snapshot.mysql.faults import FaultClass, classify
from tests.support.error_codes import text_of

PACKET = 64 * 2**20
_LOADED = re.compile(rb"^\[(\d+),", re.MULTILINE)
_INSERTED = re.compile(rb"\((\d+),")


def error(code: int) -> Error:
    """Return what the connector raises for a code."""
    return Error(msg=text_of(code), errno=code, sqlstate="HY000")


@dataclass(slots=True)
class State:
    """What is durable, or would be: rows by how often they were written, and the control tables."""

    rows: Counter[int] = field(default_factory=Counter)
    seq: int = 0
    read: int = 0
    written: int = 0
    wal: dict[int, tuple[str, str | None]] = field(default_factory=dict)
    rejected: list[str] = field(default_factory=list)
    size: int = 0
    """Rows that this transaction wrote."""


@dataclass(frozen=True, slots=True)
class Failure:
    """An error at a step: connect, guard, advance, rows, record or commit.

    ``done`` tells that the step took place and only its answer is an error.
    """

    at: str
    code: int
    done: bool = False


@dataclass(slots=True)
class Server:
    """The server. ``failures`` happen one after the other, each at its step.

    ``bad`` rows are refused with a code; a transaction of more than ``rows_max`` rows is, with
    ``size_code``.
    """

    state: State = field(default_factory=State)
    failures: list[Failure] = field(default_factory=list)
    bad: dict[int, int] = field(default_factory=dict)
    rows_max: int | None = None
    size_code: int = 0
    read_only: list[bool] = field(default_factory=list)
    """What each next connection finds; writable when there is no more."""
    connections: int = 0
    steps: Counter[str] = field(default_factory=Counter)

    def meet(self, step: str, *, done: bool) -> None:
        """Raise the failure that is planned for a step."""
        if self.failures and (self.failures[0].at, self.failures[0].done) == (step, done):
            raise error(self.failures.pop(0).code)

    def connect(self, *_args: object, **_more: object) -> Connection:
        """Return a connection."""
        self.steps["connect"] += 1
        self.meet("connect", done=False)
        self.connections += 1
        return Connection(self)

    def facts(self, _connection: object) -> ServerFacts:
        """Return what the server says of itself."""
        return ServerFacts(
            version="9.7.4",
            flavour=Flavour.MYSQL,
            max_allowed_packet=PACKET,
            durable=True,
            read_only=self.read_only.pop(0) if self.read_only else False,
            local_infile=True,
            buffer_pool_bytes=2**27,
        )


class Connection:
    """A connection; one that a failure cut is of no more use."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.pending: State | None = None
        self.cut = False

    def require(self) -> None:
        """Refuse to go on over a lost connection."""
        if self.cut:
            raise error(2006)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Do a step of a transaction, or fail at it as the server would."""
        self.require()
        self.server.steps[name] += 1
        try:
            self.server.meet(name, done=False)
            yield
            self.server.meet(name, done=True)
        except Error as failed:
            if classify(failed) is FaultClass.RECONNECT and failed.errno != 1317:
                self.cut, self.pending = True, None
            elif failed.errno == 1213:  # the whole transaction, and not the statement alone
                self.pending = None
            raise

    @property
    def transaction(self) -> State:
        """Return the open transaction."""
        if self.pending is None:
            self.pending = deepcopy(self.server.state)
            self.pending.size = 0
        return self.pending

    def cursor(self) -> Cursor:
        """Return a cursor."""
        self.require()
        return Cursor(self)

    def commit(self) -> None:
        """Make the transaction durable."""
        with self.step("commit"):
            self.server.state, self.pending = self.pending or self.server.state, None

    def rollback(self) -> None:
        """Forget the transaction."""
        self.require()
        self.server.steps["rollback"] += 1
        self.pending = None

    def close(self) -> None:
        """Forget the transaction, and be of no more use."""
        self.cut, self.pending = True, None


class Cursor:
    """Executes what a batch consists of."""

    warning_count = 0
    with_rows = False

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._found: list[tuple[Any, ...]] = []
        self._savepoint: State | None = None
        self.rowcount = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        return None

    def fetchone(self) -> tuple[Any, ...] | None:
        """Return the next row."""
        return self._found.pop(0) if self._found else None

    def execute(self, statement: str | bytes, values: Sequence[Any] = ()) -> None:
        """Do what a statement says."""
        self._connection.require()
        if isinstance(statement, bytes):
            with self._connection.step("rows"):
                self._write([int(found) for found in _INSERTED.findall(statement)])
        elif statement.startswith("LOAD DATA"):
            self._load(Path(statement.split("'")[1]).read_bytes())
        elif statement.startswith("SAVEPOINT"):
            self._savepoint = deepcopy(self._connection.transaction)
        elif statement.startswith("ROLLBACK TO"):
            self._connection.pending = deepcopy(self._savepoint)
        else:
            self._control(statement, values)

    def executemany(self, statement: str, many: Sequence[Sequence[Any]]) -> None:
        """Do what a statement says, many times."""
        for values in many:
            self._control(statement, values)

    def _load(self, data: bytes) -> None:
        if not data:  # the probe, before there is any batch
            return
        with self._connection.step("rows"):
            self._write([int(found) for found in _LOADED.findall(data)])

    def _write(self, rows: Sequence[int]) -> None:
        server, transaction = self._connection.server, self._connection.transaction
        for row in rows:
            if row in server.bad:
                raise error(server.bad[row])
        transaction.size += len(rows)
        if server.rows_max is not None and transaction.size > server.rows_max:
            raise error(server.size_code)
        transaction.rows.update(rows)
        self.rowcount = len(rows)

    def _control(self, statement: str, values: Sequence[Any]) -> None:
        transaction = self._connection.transaction
        if "SHARE MODE" in statement:
            with self._connection.step("guard"):
                self._found = [(1,)]
        elif "SET `position`" in statement:
            with self._connection.step("advance"):
                self._advance(transaction, values)
        elif "`rows_written` - %s" in statement:
            transaction.written -= values[0]
        elif statement.startswith("SELECT `checksum`"):
            self._found = [transaction.wal[values[-1]]]
        elif "snapshot_rejected" in statement:
            transaction.rejected.append(values[2])
        elif "INSERT INTO" in statement and "snapshot_wal" in statement:
            with self._connection.step("record"):
                transaction.wal[values[3]] = (values[8], values[11])
        elif statement.startswith("SELECT `range`"):
            counted = (transaction.read, transaction.written)
            self._found = [(0, -1, 1, transaction.seq, None, *counted, "", "running", 0)]
        else:
            raise AssertionError(f"no such statement here: {statement}")

    def _advance(self, transaction: State, values: Sequence[Any]) -> None:
        self.rowcount = int(transaction.seq == values[-1])
        if self.rowcount:
            transaction.seq = values[1]
            transaction.read += values[2]
            transaction.written += values[3]
