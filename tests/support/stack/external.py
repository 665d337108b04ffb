"""Servers that somebody else runs, named by the environment, and the addresses tests are given."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple, Self
from urllib.parse import SplitResult, quote, unquote, urlsplit

from cassandra.auth import PlainTextAuthProvider

from tests.support.stack import cassandra, sql_server
from tests.support.stack.errors import StackError
from tests.support.stack.progress import Progress
from tests.support.stack.server import NotReadyError
from tests.support.stack.sql_server import HOST
from tests.support.stack.state import StackState

CASSANDRA_VARIABLE = "CASS_SNAPSHOT_TEST_CASSANDRA"
MYSQL_VARIABLE = "CASS_SNAPSHOT_TEST_MYSQL"
MARIADB_VARIABLE = "CASS_SNAPSHOT_TEST_MARIADB"


class CassandraAddress(NamedTuple):
    """Where a Cassandra is."""

    host: str
    port: int


class Login(NamedTuple):
    """Who logs in."""

    user: str
    password: str


class MysqlAddress(NamedTuple):
    """Where a MySQL is."""

    host: str
    port: int
    user: str
    password: str
    database: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """Where tests find the servers; `mariadb` is None where there is no MariaDB."""

    cassandra: CassandraAddress
    mysql: MysqlAddress
    mariadb: MysqlAddress | None = None
    cassandra_login: Login | None = None

    def exports(self) -> str:
        """Return the lines for a shell's ``eval``."""
        urls = {
            CASSANDRA_VARIABLE: cassandra_url(self.cassandra, self.cassandra_login),
            MYSQL_VARIABLE: mysql_url(self.mysql),
        }
        if self.mariadb:
            urls[MARIADB_VARIABLE] = mysql_url(self.mariadb)
        return "".join(
            f"export {variable}='{url}'\n"  # urls are percent-quoted: no quotation mark is left
            for variable, url in urls.items()
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class External:
    """What the environment names; None for what it does not."""

    cassandra: CassandraAddress | None = None
    cassandra_login: Login | None = None
    mysql: MysqlAddress | None = None
    mariadb: MysqlAddress | None = None

    @classmethod
    def read(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Read the variables."""
        for_cassandra = environment.get(CASSANDRA_VARIABLE)
        for_mysql = environment.get(MYSQL_VARIABLE)
        for_mariadb = environment.get(MARIADB_VARIABLE)
        address, login = parse_cassandra(for_cassandra) if for_cassandra else (None, None)
        return cls(
            cassandra=address,
            cassandra_login=login,
            mysql=parse_mysql(for_mysql) if for_mysql else None,
            mariadb=parse_mysql(for_mariadb, MARIADB_VARIABLE) if for_mariadb else None,
        )

    @property
    def is_complete(self) -> bool:
        """Whether there is nothing left for us to start."""
        return self.cassandra is not None and self.mysql is not None

    def without_own(self, state: StackState | None) -> Self:
        """Return what is not just the address of the stack with that state.

        Who has evaluated ``bin/stack env`` in his shell names the stack that he starts and ends.
        """
        if state is None:
            return self
        ports = state.ports
        own_sql = ((HOST, ports.mysql), (HOST, ports.mariadb))
        return replace(
            self,
            cassandra=None if self.cassandra == (HOST, ports.native) else self.cassandra,
            mysql=None if self.mysql and self.mysql[:2] == (HOST, ports.mysql) else self.mysql,
            mariadb=None if self.mariadb and self.mariadb[:2] in own_sql else self.mariadb,
        )

    def greet(self, progress: Progress) -> None:
        """See that the named servers answer, and say so."""
        if self.cassandra:
            version = ask_cassandra(self.cassandra, self.cassandra_login)
            progress.say(f"cassandra: {version} named by {CASSANDRA_VARIABLE} answers")
        if self.mysql:
            version = ask_mysql(self.mysql)
            progress.say(f"mysql: {version} named by {MYSQL_VARIABLE} answers")


def parse_cassandra(url: str) -> tuple[CassandraAddress, Login | None]:
    """Read ``cassandra://[USER:PASSWORD@]HOST[:PORT]``."""
    parts = _split(url, "cassandra", CASSANDRA_VARIABLE)
    login = (
        Login(unquote(parts.username), unquote(parts.password or "")) if parts.username else None
    )
    return CassandraAddress(host=parts.hostname or "", port=parts.port or 9042), login


def parse_mysql(url: str, variable: str = MYSQL_VARIABLE) -> MysqlAddress:
    """Read ``mysql://USER[:PASSWORD]@HOST[:PORT]/DATABASE``."""
    parts = _split(url, "mysql", variable)
    database = unquote(parts.path.strip("/"))
    if not parts.username or not database:
        raise StackError(f"{variable}: expected mysql://USER[:PASSWORD]@HOST[:PORT]/DATABASE")
    return MysqlAddress(
        host=parts.hostname or "",
        port=parts.port or 3306,
        user=unquote(parts.username),
        password=unquote(parts.password or ""),
        database=database,
    )


def cassandra_url(address: CassandraAddress, login: Login | None) -> str:
    """Return what `parse_cassandra` reads."""
    return f"cassandra://{_userinfo(*login) if login else ''}{_at(address)}"


def mysql_url(address: MysqlAddress) -> str:
    """Return what `parse_mysql` reads."""
    userinfo = _userinfo(address.user, address.password)
    return f"mysql://{userinfo}{_at(address)}/{quote(address.database)}"


def ask_cassandra(address: CassandraAddress, login: Login | None) -> str:
    """Return the version of the Cassandra there."""
    provider = PlainTextAuthProvider(*login) if login else None
    try:
        return cassandra.ask_version(*address, provider)
    except NotReadyError as error:
        raise _no_answer(CASSANDRA_VARIABLE, address.host, address.port, error) from error


def ask_mysql(address: MysqlAddress) -> str:
    """Return the version of the MySQL there."""
    try:
        return sql_server.ask_version(
            host=address.host, port=address.port, user=address.user, password=address.password
        )
    except NotReadyError as error:
        raise _no_answer(MYSQL_VARIABLE, address.host, address.port, error) from error


def _split(url: str, scheme: str, variable: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        usable = parts.scheme == scheme and parts.hostname and (parts.port is None or parts.port)
    except ValueError:
        usable = False
    if not usable:
        raise StackError(f"{variable}: expected {scheme}://HOST:PORT")  # not the value: a password
    return parts


def _userinfo(user: str, password: str) -> str:
    quoted = quote(user, safe="")
    return f"{quoted}:{quote(password, safe='')}@" if password else f"{quoted}@"


def _at(address: CassandraAddress | MysqlAddress) -> str:
    host = f"[{address.host}]" if ":" in address.host else address.host
    return f"{host}:{address.port}"


def _no_answer(variable: str, host: str, port: int, error: Exception) -> StackError:
    return StackError(
        f"{variable} names {host}:{port}, which does not answer: {error}\n"
        f"Start that server, or unset {variable} and have one started."
    )
