"""Opens connections to MySQL whose session is set, and read back, before anything else is done.

The server's defaults are never relied on: strict mode is what turns a clipped value into an error.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import mysql.connector
import mysql.connector.cursor
import mysql.connector.cursor_cext
from mysql.connector import Error
from mysql.connector.connection import MySQLConnection
from mysql.connector.connection_cext import CMySQLConnection
from mysql.connector.errors import get_mysql_exception

from cass_snapshot.errors import PreflightError, StateError
from cass_snapshot.mysql import statements
from cass_snapshot.mysql.columns import Flavour
from cass_snapshot.mysql.faults import read_only, translate
from cass_snapshot.settings import MysqlSettings

CONNECT_TIMEOUT_S = 10
ANSWER_TIMEOUT_S = 600
"""A statement of a batch that takes longer than this is taken for a lost connection."""


def _whole(sql_code: bytes, map_results: bool = False) -> Iterator[dict[str, Any]]:  # noqa: ARG001 - called so
    """Stand in for what the cursors take a script of DELIMITER lines apart with.

    It finds that word inside of literals too: a row with the text ``delimiter it's`` was cut there,
    or refused. It also costs more than everything else that a cursor does with a large statement.
    Scripts are never executed here.
    """
    yield {"single_stmts": deque(), "mappable_stmt": sql_code}


for _module in (mysql.connector.cursor, mysql.connector.cursor_cext):
    vars(_module)["split_multi_statement"] = _whole

try:
    from _mysql_connector import MySQLInterfaceError  # type: ignore[import-not-found]  # no stub
except ImportError:  # the pure connection raises nothing but Error

    class MySQLInterfaceError(Exception):  # type: ignore[no-redef]  # for where it is absent
        """Stands in for the extension's error."""


class CConnection(CMySQLConnection):
    """The C extension's connection; its COMMIT and ROLLBACK raise the connector's errors too.

    As they come they let the extension's own error through, which is no ``Error``, just where a
    lost connection matters most.
    """

    def commit(self) -> None:
        """Commit, or raise what the connector raises elsewhere."""
        try:
            super().commit()
        except MySQLInterfaceError as error:
            raise _as_error(error) from error

    def rollback(self) -> None:
        """Roll back, or raise what the connector raises elsewhere."""
        try:
            super().rollback()
        except MySQLInterfaceError as error:
            raise _as_error(error) from error


def _as_error(error: Any) -> Error:  # noqa: ANN401 - the extension is untyped
    ours = get_mysql_exception(error.errno, msg=error.msg, sqlstate=error.sqlstate)
    return cast("Error", ours)  # a Warning only where one is asked for


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerFacts:
    """What a plan and a report need of a server."""

    version: str
    flavour: Flavour
    max_allowed_packet: int
    durable: bool
    read_only: bool
    local_infile: bool
    buffer_pool_bytes: int


def address(settings: MysqlSettings) -> str:
    """Return host and port, for messages."""
    return f"mysql {settings.host}:{settings.port}"


def connect(
    settings: MysqlSettings,
    *,
    infile_directory: Path | None = None,
    answer_s: int = ANSWER_TIMEOUT_S,
) -> Any:  # noqa: ANN401 - the C and the pure connection share no useful type
    """Return a connection with a checked session and no database selected.

    Args:
        settings: where and as whom.
        infile_directory: the one directory from which the server may ask for files; None forbids
            it altogether, because a server may ask for any file in answer to any statement.
        answer_s: whole seconds after which a connection without an answer is taken for lost.

    Raises:
        PreflightError: the login was refused.
        TargetUnavailable: the server does not answer.
    """
    options = _options(settings, answer_s)
    if infile_directory is not None:
        options["allow_local_infile_in_path"] = str(infile_directory)
    try:
        connection = (CConnection if mysql.connector.HAVE_CEXT else MySQLConnection)(**options)
        _set_session(connection)
    except Error as error:
        raise translate(error, where=address(settings)) from error
    return connection


def _options(settings: MysqlSettings, answer_s: int) -> dict[str, Any]:
    """Return the options of a connection, none of them left to the connector."""
    return {
        "host": settings.host,
        "port": settings.port,
        "user": settings.username or "",
        "password": settings.password.get_secret_value() if settings.password else "",
        "charset": "utf8mb4",
        "autocommit": False,
        "connection_timeout": min(CONNECT_TIMEOUT_S, answer_s),
        "read_timeout": answer_s,
        "write_timeout": answer_s,
        # Warnings are counted statement by statement where rows are written; raising here would
        # also trip over notes of DDL.
        "raise_on_warnings": False,
        "allow_local_infile": False,
        "consume_results": False,
        # LAST_INSERT_ID and the like are never asked for; found rows would only blur counts.
        "client_flags": [-mysql.connector.constants.ClientFlag.FOUND_ROWS],
    }


_SESSION = (
    set(statements.SQL_MODES),
    "+00:00",
    ["utf8mb4", "utf8mb4", "utf8mb4_bin"],
    True,
    {"READ-COMMITTED"},
    {0.0},
)


def _set_session(connection: Any) -> None:  # noqa: ANN401 - see connect
    """Set what the writing of rows relies on, and read it back."""
    with connection.cursor() as cursor:
        cursor.execute(statements.SESSION)
        cursor.execute(statements.SESSION_ISOLATION)
        cursor.execute(statements.SESSION_FACTS)
        mode, zone, *characters, notes = cursor.fetchone()
        cursor.execute(statements.ISOLATION_FACTS)
        levels = {level for _, level in cursor.fetchall()}
        cursor.execute(statements.LIMIT_FACTS)
        limits = {float(limit) for _, limit in cursor.fetchall()}
    connection.commit()
    found = (set(mode.split(",")), zone, characters, bool(notes), levels, limits)
    if found != _SESSION:
        raise StateError(
            "MySQL did not take the session's settings",
            why=f"sql_mode {mode}, time_zone {zone}, characters {', '.join(characters)},"
            f" sql_notes {notes}, isolation {', '.join(sorted(levels))},"
            f" limits of a statement {', '.join(map(str, limits))}",
            fix="look for init_connect or a proxy that changes them",
        )


def server_facts(connection: Any) -> ServerFacts:  # noqa: ANN401 - see connect
    """Return what the server says of itself."""
    with connection.cursor() as cursor:
        cursor.execute(statements.SERVER_FACTS)
        version, packet, flush, binlog, read_only, infile, pool = cursor.fetchone()
    connection.rollback()
    return ServerFacts(
        version=version,
        flavour=Flavour.MARIADB if "MariaDB" in version else Flavour.MYSQL,
        max_allowed_packet=int(packet),
        durable=int(flush) == 1 and int(binlog) in (0, 1),
        read_only=bool(int(read_only)),
        local_infile=bool(int(infile)),
        buffer_pool_bytes=int(pool),
    )


def connect_to_write(settings: MysqlSettings, infile_directory: Path) -> tuple[Any, ServerFacts]:
    """Return a connection as ``connect`` does, and what its server says of itself.

    The host is looked up each time, so that after a failover it may lead to another server.

    Raises:
        TargetUnavailable: also where the server takes no writes, as a former primary.
    """
    connection = connect(settings, infile_directory=infile_directory)
    try:
        facts = server_facts(connection)
    except BaseException:
        _give_back(connection)
        raise
    if facts.read_only:
        _give_back(connection)
        raise read_only(address(settings), "read_only is ON, as on a replica")
    return connection, facts


def _give_back(connection: Any) -> None:  # noqa: ANN401 - see connect
    with suppress(Error):  # it may be lost
        connection.close()


def require_database(connection: Any, settings: MysqlSettings) -> None:  # noqa: ANN401 - see connect
    """Refuse to go on without the target's and the control tables' database.

    Raises:
        PreflightError: one of them does not exist.
    """
    with connection.cursor() as cursor:
        for key, database in (
            ("database", settings.database),
            ("control_database", settings.control),
        ):
            cursor.execute(statements.DATABASE_EXISTS, (database,))
            if cursor.fetchone() is None:
                raise PreflightError(
                    f"MySQL has no database {database}",
                    where=f"[mysql] {key}, {address(settings)}; nothing was written",
                    why="it does not exist, or the login may not see it",
                    fix=f"CREATE DATABASE {statements.quote(database)}",
                )
    connection.rollback()
