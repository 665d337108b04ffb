"""MySQL's error codes, told apart by what should be done about them.

The table is that of the project's notes on error classes, which follow the MySQL manual and what
SQLAlchemy, Spring, Vitess and TiDB Lightning do. A code that is not in it stops the run.
"""

from __future__ import annotations

import re
from enum import Enum

from mysql.connector import Error, OperationalError
from mysql.connector.errors import ReadTimeoutError, WriteTimeoutError

from cass_snapshot.errors import (
    Fault,
    PreflightError,
    RangeFailed,
    SnapshotError,
    StateError,
    TargetFull,
    TargetUnavailable,
    Transient,
)


class FaultClass(Enum):
    """What a code asks for."""

    REDO = "the same transaction again, after a rollback"
    RECONNECT = "another connection, and a look at the checkpoint"
    CAPACITY = "a pause, because the server is busy or away"
    FAILOVER = "a pause, because the server is read-only now"
    DATA = "the rows are refused"
    SIZE = "a smaller transaction"
    SPACE = "a pause, because the server's disk is full or failing"
    STOP = "nothing helps"


_CODES: dict[FaultClass, tuple[int, ...]] = {
    FaultClass.REDO: (1213, 1205, 1613, 1614, 1615, 1020, 3058, 3101, 3572, 1105),
    FaultClass.RECONNECT: (
        *(2006, 2013, 2014, 2045, 2055, 1927, 4031, 1053, 1152, 1158, 1159, 1160, 1161, 1184),
        *(3169, 1180, 1181, 1317),
    ),
    FaultClass.CAPACITY: (
        *(1040, 1203, 1226, 1135, 1037, 1038, 1041, 1461, 3032, 3168, 1047, 2002, 2003, 2005),
    ),
    FaultClass.FAILOVER: (1792, 1836, 1290),
    FaultClass.DATA: (
        *(1048, 1118, 1136, 1264, 1265, 1292, 1364, 1366, 1367, 1406, 1411, 1452, 1526, 1690),
        *range(3140, 3147),
        *range(3155, 3159),
        *(3819, 4025, 6136, 1153, 2020, 1390, 1300, 1301, 1416),
        # Another row, key or trigger stands against the row.
        *(1062, 1452, 1451, 1216, 1217, 1557, 1586, 1761, 1762, 1748, 1644),
    ),
    FaultClass.SIZE: (1206, 1197, 3100, 3231),
    FaultClass.SPACE: (1021, 1030, 1114, 3170),
}
CLASS_OF = {code: kind for kind, codes in _CODES.items() for code in codes}

LOGIN_CODES = frozenset({1044, 1045, 1129, 1130, 1251, 1698, 1820, 1862, 2026, 2059, 2061})
DENIED_CODES = frozenset({1142, 1143, 1227})


INTERRUPTED, UNSPECIFIC = 1317, 1105
NOBODY_THERE = frozenset({2002, 2003, 2005})
READ_ONLY_OPTION = 1290
_READ_ONLY = re.compile(r"read[-_]only")
"""The option that the server names: 1290 is also said of others, which no failover changes."""
NO_CODE = -1
"""What the connector's own errors have; an OperationalError is a connection that it found lost."""
_TIMED_OUT = (ReadTimeoutError, WriteTimeoutError)
"""What the connector without its extension says of an answer that took too long; it gives them the
number of a statement that the server itself broke off (3024), and closes the connection."""
TLS_FAILED = 2026
_CUT_OFF = ("error:00000000", "unexpected eof", "wrong version number")
"""What OpenSSL says where the other side went away in the handshake, as a server does that is just
being stopped: SSL_ERROR_SYSCALL with nothing in its queue, or since 3.0 an error of its own. One
that was killed there answers in plain text, after a greeting that offered TLS. Every other reason
is one that a repetition does not change."""


def classify(error: Error) -> FaultClass:
    """Return the class of an error; an unknown code stops."""
    if error.errno == NO_CODE and isinstance(error, OperationalError):
        return FaultClass.RECONNECT
    if isinstance(error, _TIMED_OUT):
        return FaultClass.RECONNECT
    if error.errno == TLS_FAILED and any(sign in (error.msg or "") for sign in _CUT_OFF):
        return FaultClass.CAPACITY
    if error.errno == READ_ONLY_OPTION and not _READ_ONLY.search(error.msg or ""):
        return FaultClass.STOP
    return CLASS_OF.get(error.errno, FaultClass.STOP)


def describe(error: Error) -> str:
    """Return code and SQLSTATE; never the server's text, which may quote row data (I12)."""
    state = f" ({error.sqlstate})" if error.sqlstate else ""
    return f"MySQL error {error.errno}{state}"


def translate(error: Error, *, where: str) -> SnapshotError:
    """Return the error of ours that says what to do about one of the connector's.

    Args:
        error: what the connector raised.
        where: the server, table, range or batch concerned.
    """
    kind = classify(error)
    why = f"{describe(error)}: {kind.value}"
    if kind is FaultClass.REDO:
        fault = Fault.UNKNOWN if error.errno == UNSPECIFIC else Fault.REDO
        return Transient("MySQL rolled the batch back", where=where, why=why, fault=fault)
    if kind in _WAITED_FOR:
        return _away(error.errno, kind, where, why)
    if kind in (FaultClass.DATA, FaultClass.SIZE):
        return _refused(kind, where, why)
    if error.errno in LOGIN_CODES:
        return _login(error, where)
    if error.errno in DENIED_CODES:
        return PreflightError(
            "MySQL does not allow the login to do this",
            where=where,
            why=describe(error),
            fix="GRANT SELECT, INSERT, UPDATE, DELETE, CREATE on the target's database"
            " and on control_database",
        )
    return StateError(
        "MySQL refuses a statement", where=where, why=f"{describe(error)}: {kind.value}"
    )


_WAITED_FOR = (
    FaultClass.RECONNECT,
    FaultClass.CAPACITY,
    FaultClass.FAILOVER,
    FaultClass.SPACE,
)


def _away(code: int, kind: FaultClass, where: str, why: str) -> SnapshotError:
    """Return the error of a server that may be as it should be again after a while."""
    if kind is FaultClass.SPACE:
        return TargetFull(
            "MySQL's disk is full or failing",
            where=where,
            why=why,
            fix="make room at the server, then run the same command again",
        )
    if kind is FaultClass.FAILOVER:
        return read_only(where, why)
    if kind is FaultClass.CAPACITY and code not in NOBODY_THERE and code != TLS_FAILED:
        return TargetUnavailable(
            "MySQL is busy and takes no more",
            where=where,
            why=why,
            fix="look at max_connections, the login's limits and the server's memory,"
            " or lower [run] workers",
            fault=Fault.CAPACITY,
        )
    fault = Fault.RECONNECT if kind is FaultClass.RECONNECT else Fault.AWAY
    return TargetUnavailable(
        "MySQL does not answer",
        where=where,
        why=why,
        fix="check that it is up, and [mysql] host and port (--to)",
        fault=Fault.INTERRUPTED if code == INTERRUPTED else fault,
    )


def read_only(where: str, why: str) -> TargetUnavailable:
    """Return the error of a server that takes no writes: its host may name another one soon."""
    return TargetUnavailable(
        "MySQL is read-only now",
        where=where,
        why=why,
        fix="wait for the failover, or name the primary in [mysql] host (--to)",
        fault=Fault.FAILOVER,
    )


def _refused(kind: FaultClass, where: str, why: str) -> RangeFailed:
    if kind is FaultClass.SIZE:
        return RangeFailed(
            "MySQL takes no transaction of this size",
            where=where,
            why=why,
            fix="lower [mysql] batch_rows_max, or raise the server's limit of a transaction",
        )
    return RangeFailed(
        "MySQL refuses a row",
        where=where,
        why=why,
        fix="mend the target table, then run again; a row that was mended in Cassandra"
        " is read again only by a run with --new",
    )


def _login(error: Error, where: str) -> PreflightError:
    text = (error.msg or "").replace("\n", " ")[:300]  # names the user and host, no row data
    if error.errno == TLS_FAILED:
        return PreflightError(
            "no TLS could be agreed with MySQL",
            where=where,
            why=f"{describe(error)}: {text}",
            fix="look at the server's certificate and its ssl_* and tls_version variables",
        )
    return PreflightError(
        "MySQL refused the login",
        where=where,
        why=f"{describe(error)}: {text}",
        fix="check [mysql] username and password_file (or CASS_SNAPSHOT_MYSQL__PASSWORD)",
    )
