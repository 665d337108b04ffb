"""MySQL's error codes, each with the action that the project's notes give it (section 5)."""

from __future__ import annotations

import socket
import struct
import threading

import pytest
from mysql.connector import Error, InterfaceError, OperationalError
from mysql.connector.errors import ReadTimeoutError, WriteTimeoutError

from cass_snapshot.errors import (
    PreflightError,
    RangeFailed,
    SnapshotError,
    StateError,
    TargetFull,
    TargetUnavailable,
    Transient,
)
from cass_snapshot.mysql.connection import connect
from cass_snapshot.mysql.faults import CLASS_OF, FaultClass, classify, translate
from cass_snapshot.settings import MysqlSettings
from tests.support.error_codes import text_of

NOTES: dict[FaultClass, tuple[int, ...]] = {
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
        *(3140, 3141, 3142, 3143, 3144, 3145, 3146, 3155, 3156, 3157, 3158, 3819),
    ),
    FaultClass.SIZE: (1206, 1197, 3100, 3231),
    FaultClass.SPACE: (1021, 1030, 1114, 3170),
    FaultClass.STOP: (
        *(1046, 1049, 1054, 1059, 1060, 1064, 1070, 1071, 1072, 1146, 1166, 1170, 1171, 3750),
        *(1044, 1045, 1129, 1130, 1142, 1143, 1227, 1251, 1698, 1820, 1862, 2026, 2059, 2061),
        *(1194, 1195, 1712, 1877),
    ),
}
LARGE_STATEMENT = (1153, 2020, 1390)
"""The notes ask for a smaller batch; statements are cut to the packet before they are sent, so
what still meets one of these is a row by itself, which is refused."""
ONE_ROW = {
    4025: "MariaDB's broken CHECK; the notes have MySQL's, 3819",
    6136: "bytes that are no vector, NaN and infinity among them",
    1300: "a text that its character set does not have",
    1301: "a function's result above max_allowed_packet",
    1416: "bytes that are no geometry",
    1062: "another unique key has the value already; the notes say stop, issue 4 the row",
    1557: "as 1062, through a foreign key",
    1586: "as 1062, with the key's name",
    1761: "as 1062, in a child table",
    1762: "as 1761",
    1216: "a foreign key, as 1452",
    1217: "a foreign key, as 1452",
    1451: "a foreign key, as 1452",
    1748: "no partition for the row, as 1526",
    1644: "a trigger that refuses the row by SIGNAL",
}
"""Codes that the notes do not have, or have elsewhere, and that one row is refused for."""
OURS: dict[FaultClass, type[SnapshotError]] = {
    FaultClass.REDO: Transient,
    FaultClass.RECONNECT: TargetUnavailable,
    FaultClass.CAPACITY: TargetUnavailable,
    FaultClass.FAILOVER: TargetUnavailable,
    FaultClass.SPACE: TargetFull,
    FaultClass.DATA: RangeFailed,
    FaultClass.SIZE: RangeFailed,
}
LOGIN = (1044, 1045, 1129, 1130, 1142, 1143, 1227, 1251, 1698, 1820, 1862, 2026, 2059, 2061)
SECRET_ROW = "Duplicate entry 'ada@example.org' for key 'PRIMARY'"  # noqa: S105 - no password
CASES = [(kind, code) for kind, codes in NOTES.items() for code in codes]


@pytest.mark.parametrize(("kind", "code"), CASES)
def test_a_code_has_the_class_of_the_notes(kind: FaultClass, code: int) -> None:
    """Each code of section 5, and the error of ours that says what to do."""
    error = Error(msg=text_of(code), errno=code, sqlstate="HY000")
    assert kind is classify(error)
    ours = translate(error, where="here")
    assert ours.where == "here"
    if code in LOGIN:
        assert type(ours) is PreflightError
    else:
        assert OURS.get(kind, StateError) is type(ours)


@pytest.mark.parametrize("kind", [ReadTimeoutError, WriteTimeoutError])
def test_an_answer_that_took_too_long_is_a_lost_connection(kind: type[Error]) -> None:
    """Without the C extension it has the number of a time limit of the server's, which stops."""
    assert classify(kind(errno=3024)) is FaultClass.RECONNECT
    assert classify(Error(errno=3024)) is FaultClass.STOP


@pytest.mark.parametrize("code", [*LARGE_STATEMENT, *ONE_ROW])
def test_what_one_row_is_refused_for_leaves_the_others_alone(code: int) -> None:
    """It is sifted out of its batch."""
    assert classify(Error(msg="x", errno=code)) is FaultClass.DATA


def test_no_code_has_a_class_that_the_notes_do_not_know() -> None:
    """Nor one that is not explained here."""
    known = {code for codes in NOTES.values() for code in codes} | {*LARGE_STATEMENT, *ONE_ROW}
    assert set(CLASS_OF) <= known


def test_an_unknown_code_stops_the_run_and_is_printed() -> None:
    """With its SQLSTATE, and without what the server said."""
    ours = translate(Error(msg=SECRET_ROW, errno=9999, sqlstate="42S99"), where="here")
    assert type(ours) is StateError
    assert "MySQL error 9999 (42S99)" in str(ours)
    assert "ada" not in str(ours)


def test_what_the_server_says_of_rows_is_never_repeated() -> None:
    """Server texts quote row data (I12); code and SQLSTATE are what is shown."""
    for code in [*(c for _, c in CASES if c not in LOGIN), *LARGE_STATEMENT, *ONE_ROW, 31337]:
        ours = translate(Error(msg=SECRET_ROW, errno=code, sqlstate="23000"), where="here")
        assert "ada" not in str(ours), code
        assert f"{code} (23000)" in str(ours)


def test_a_refused_login_says_who_was_refused() -> None:
    """The server's text names user and host, no row; it is cut to one line."""
    text = "Access denied for user 'snapshot'@'10.0.0.9'\n(using password: YES)"
    ours = translate(Error(msg=text, errno=1045, sqlstate="28000"), where="mysql db1:3306")
    assert "'snapshot'@'10.0.0.9' (using password: YES)" in ours.why
    assert "password_file" in ours.fix


@pytest.mark.parametrize("text", ["MySQL Connection not available.", "Connection lost"])
def test_a_connection_that_the_connector_found_lost_is_opened_again(text: str) -> None:
    """Such an error has no code: ``cursor()`` raises it after the server went away."""
    assert type(translate(OperationalError(text), where="here")) is TargetUnavailable


def test_another_error_without_a_code_is_no_lost_connection() -> None:
    """Misuse of the connector stops the run."""
    assert classify(InterfaceError("No result set to fetch from")) is FaultClass.STOP


def _greeting() -> bytes:
    """Return the first packet of a server that offers TLS (protocol 10 of the MySQL manual)."""
    capabilities = 0xDFFF_FFFF
    body = b"\x0a9.7.4\0" + struct.pack("<I", 7) + b"a" * 8 + b"\0"
    body += struct.pack("<HBHH", capabilities & 0xFFFF, 255, 2, capabilities >> 16)
    body += bytes([21]) + bytes(10) + b"b" * 12 + b"\0caching_sha2_password\0"
    return len(body).to_bytes(3, "little") + b"\0" + body


def _leave(server: socket.socket, last_words: bytes, *, rudely: bool) -> None:
    """Greet one client and go away as it begins its TLS handshake."""
    client, _ = server.accept()
    client.sendall(_greeting())
    client.recv(4096)
    client.sendall(last_words)
    if rudely:  # the reset of a process that was killed
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


KILLED = b"\xff" + (1317).to_bytes(2, "little") + b"#70100Query execution was interrupted"
"""What a server says in plain text to a session that was killed before TLS was agreed."""


@pytest.mark.parametrize(
    ("last_words", "rudely"),
    [(b"", False), (b"", True), (len(KILLED).to_bytes(3, "little") + b"\x02" + KILLED, False)],
    ids=["closed", "reset", "killed"],
)
def test_a_server_that_goes_away_while_tls_is_agreed_is_waited_for(
    last_words: bytes, rudely: bool
) -> None:
    """The library gives it the code of a TLS that is refused; nothing is wrong with the login."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        leaving = threading.Thread(
            target=_leave, args=(server, last_words), kwargs={"rudely": rudely}
        )
        leaving.start()
        settings = MysqlSettings(
            host="127.0.0.1", port=server.getsockname()[1], database="shop", username="app"
        )
        with pytest.raises(TargetUnavailable):
            connect(settings)
        leaving.join()


def test_tls_that_is_refused_is_not_waited_for() -> None:
    """The same code, with a reason that repeating does not change."""
    for reason in (
        "SSL connection error: error:0A000086:SSL routines::certificate verify failed",
        "SSL connection error: SSL is required but the server doesn't support it",
    ):
        error = translate(Error(msg=reason, errno=2026, sqlstate="HY000"), where="here")
        assert type(error) is PreflightError
        assert "TLS" in error.what
