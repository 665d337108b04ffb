"""What a connection of ours promises beyond the connector's own."""

from __future__ import annotations

import pytest
from mysql.connector import Error

from cass_snapshot.errors import TargetUnavailable
from cass_snapshot.mysql.connection import CConnection
from cass_snapshot.mysql.faults import translate

extension = pytest.importorskip("_mysql_connector")


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
