"""What a connection of ours promises beyond the connector's own."""

from __future__ import annotations

import socket
from time import perf_counter

import pytest
from mysql.connector import Error

from cass_snapshot.errors import TargetUnavailable
from cass_snapshot.mysql.connection import CONNECT_TIMEOUT_S, CConnection, connect
from cass_snapshot.mysql.faults import translate
from cass_snapshot.settings import MysqlSettings

extension = pytest.importorskip("_mysql_connector")
GIVEN_UP_S = CONNECT_TIMEOUT_S / 2


class Lost:
    """The C extension's connection after the server went away."""

    have_result_set = False

    def _lost(self) -> None:
        error = extension.MySQLInterfaceError("Lost connection to MySQL server during query")
        error.errno, error.msg, error.sqlstate = 2013, str(error), "HY000"
        raise error

    commit = rollback = _lost

    def consume_result(self) -> None:
        """Have nothing to consume."""


@pytest.mark.parametrize("what", ["commit", "rollback"])
def test_a_connection_lost_during_commit_is_an_error_of_the_connector(what: str) -> None:
    """So that it is waited for, and the checkpoint decides whether the batch is in."""
    connection = CConnection()
    connection._cmysql = Lost()
    with pytest.raises(Error) as raised:
        getattr(connection, what)()
    connection._cmysql = None
    assert raised.value.errno == 2013
    assert type(translate(raised.value, where="here")) is TargetUnavailable


def test_a_server_that_never_greets_is_given_up_in_time() -> None:
    """As one that was stopped: the kernel takes the connection, and nobody is behind it."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host, port = silent.getsockname()
        began = perf_counter()
        with pytest.raises(TargetUnavailable):
            connect(MysqlSettings(host=host, port=port, username="u", database="d"), answer_s=1)
        assert perf_counter() - began < GIVEN_UP_S
