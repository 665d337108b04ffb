"""The real servers as tests use them: plain drivers, short calls, a place of its own for each test.

A *place* is a keyspace, a MySQL database and a folder; all three are made for one test and dropped
after it, so that no test sees another's rows.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mysql.connector
from cassandra.auth import PlainTextAuthProvider
from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile
from cassandra.concurrent import execute_concurrent_with_args
from cassandra.policies import RoundRobinPolicy
from cassandra.query import tuple_factory

from tests.support.stack import Endpoints

PATIENCE_S = 120.0
"""How long a condition may take to come true: servers, workers and tests share the cores."""
POLL_S = 0.05

Row = tuple[Any, ...]


def until(condition: Callable[[], object], what: str, patience_s: float = PATIENCE_S) -> None:
    """Return when a condition holds; fail, saying what was waited for, when the time is over."""
    deadline = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < deadline, f"still not so after {patience_s:g} s: {what}"
        time.sleep(POLL_S)


class Servers:
    """One Cassandra and one MySQL, asked through plain drivers."""

    def __init__(self, endpoints: Endpoints) -> None:
        self.endpoints = endpoints
        self._cluster: Any = None
        self._session: Any = None
        self._connection: Any = None

    @property
    def session(self) -> Any:  # noqa: ANN401 - the driver is untyped
        """Return the session with Cassandra, opened when first asked for."""
        if self._session is None:
            login = self.endpoints.cassandra_login
            profile = ExecutionProfile(
                load_balancing_policy=RoundRobinPolicy(),
                row_factory=tuple_factory,
                request_timeout=60,
            )
            self._cluster = Cluster(
                [self.endpoints.cassandra.host],
                port=self.endpoints.cassandra.port,
                auth_provider=PlainTextAuthProvider(*login) if login else None,
                execution_profiles={EXEC_PROFILE_DEFAULT: profile},
                schema_metadata_enabled=False,
                protocol_version=5,
            )
            self._session = self._cluster.connect()
        return self._session

    def cql(self, statement: str, values: Sequence[object] = ()) -> list[Row]:
        """Execute a CQL statement and return its rows."""
        prepared = self.session.prepare(statement) if values else statement
        return list(self.session.execute(prepared, values or None))

    def insert(self, statement: str, rows: Iterable[Sequence[object]]) -> None:
        """Execute a CQL statement once for each row, many at a time."""
        prepared = self.session.prepare(statement)
        execute_concurrent_with_args(self.session, prepared, rows, concurrency=64)

    def sql(self, statement: str, values: Sequence[object] = ()) -> list[Row]:
        """Execute an SQL statement by itself and return its rows, if it has any."""
        if self._connection is None or not self._connection.is_connected():
            address = self.endpoints.mysql
            self._connection = mysql.connector.connect(
                host=address.host,
                port=address.port,
                user=address.user,
                password=address.password,
                charset="utf8mb4",
                autocommit=True,
                time_zone="+00:00",
            )
        with self._connection.cursor() as cursor:
            cursor.execute(statement, tuple(values))
            return list(cursor.fetchall()) if cursor.with_rows else []

    def close(self) -> None:
        """Give both connections back."""
        if self._cluster is not None:
            self._cluster.shutdown()
        if self._connection is not None:
            self._connection.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A keyspace, a database and a folder for one test; the keyspace may be shared."""

    servers: Servers
    keyspace: str
    database: str
    folder: Path

    @property
    def source_url(self) -> str:
        """Return what ``--from`` takes."""
        address = self.servers.endpoints.cassandra
        return f"cassandra://{address.host}:{address.port}"

    def target_url(self, user: str | None = None) -> str:
        """Return what ``--to`` takes, for this or another login."""
        address = self.servers.endpoints.mysql
        return f"mysql://{user or address.user}@{address.host}:{address.port}/{self.database}"

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables with the servers' passwords, which no option takes."""
        login, address = self.servers.endpoints.cassandra_login, self.servers.endpoints.mysql
        found = {"CASS_SNAPSHOT_MYSQL__PASSWORD": address.password}
        if login:
            found["CASS_SNAPSHOT_CASSANDRA__USERNAME"] = login.user
            found["CASS_SNAPSHOT_CASSANDRA__PASSWORD"] = login.password
        return {name: value for name, value in found.items() if value}

    def cql(self, statement: str, values: Sequence[object] = ()) -> list[Row]:
        """Execute CQL in which ``{ks}`` stands for the keyspace."""
        return self.servers.cql(statement.replace("{ks}", self.keyspace), values)

    def insert(self, statement: str, rows: Iterable[Sequence[object]]) -> None:
        """Execute CQL in which ``{ks}`` stands for the keyspace, once for each row."""
        self.servers.insert(statement.replace("{ks}", self.keyspace), rows)

    def sql(self, statement: str, values: Sequence[object] = ()) -> list[Row]:
        """Execute SQL in which ``{db}`` stands for the database."""
        return self.servers.sql(statement.replace("{db}", self.database), values)

    def number(self, statement: str, values: Sequence[object] = ()) -> int:
        """Return the one number that an SQL statement asks for, 0 for NULL."""
        ((found,),) = self.sql(statement, values)
        return int(found or 0)

    def count(self, table: str) -> int:
        """Return how many rows a table of the database holds."""
        return self.number(f"SELECT COUNT(*) FROM {{db}}.`{table}`")

    def tables(self) -> set[str]:
        """Return the names of the tables in the database."""
        found = self.sql(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = %s",
            (self.database,),
        )
        return {name for (name,) in found}

    def rows_checkpointed(self) -> int:
        """Return how many rows the checkpoints stand for; 0 while there are no control tables."""
        if "snapshot_checkpoints" not in self.tables():
            return 0
        return self.number("SELECT SUM(rows_read) FROM {db}.snapshot_checkpoints")


@contextmanager
def new_keyspace(servers: Servers) -> Iterator[str]:
    """Make a keyspace, and drop it afterwards."""
    name = f"t_{secrets.token_hex(5)}"
    servers.cql(
        f"CREATE KEYSPACE {name} WITH replication ="
        " {'class': 'SimpleStrategy', 'replication_factor': 1}"
    )
    try:
        yield name
    finally:
        servers.cql(f"DROP KEYSPACE {name}")


@contextmanager
def new_database(servers: Servers) -> Iterator[str]:
    """Make a MySQL database, and drop it afterwards."""
    name = f"t_{secrets.token_hex(5)}"
    servers.sql(f"CREATE DATABASE {name}")
    try:
        yield name
    finally:
        servers.sql(f"DROP DATABASE {name}")


@contextmanager
def tables_locked(place: Place, *tables: str) -> Iterator[None]:
    """Keep everybody from writing some tables, by a connection that holds a lock on them."""
    other = Servers(place.servers.endpoints)
    try:
        listed = ", ".join(f"{place.database}.{table} READ" for table in tables)
        other.sql(f"LOCK TABLES {listed}")
        yield
    finally:
        other.close()
