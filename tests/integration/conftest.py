"""Servers that tests may stop and kill: a stack of their own, started when first asked for."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.servers import Place, Servers, new_database, new_keyspace, until
from tests.support.source_tables import make_files
from tests.support.stack import Stack


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnServers:
    """A stack that belongs to these tests, connections with it, and a keyspace with ``files``."""

    stack: Stack
    servers: Servers
    keyspace: str

    def stop_mysql(self, number: signal.Signals) -> None:
        """End MySQL, and wait until nothing is left of its process.

        The next mysqld refuses the socket's lock file while a process of that number exists, even
        one that is dead and not yet reaped.
        """
        remains = Path("/proc") / str(self.stack.pid("mysql"))
        self.stack.stop("mysql", number)
        until(lambda: not remains.exists(), "mysqld is reaped", 30)

    def start_mysql(self) -> None:
        """Start MySQL again, and return when it answers."""
        self.stack.start("mysql")


@pytest.fixture(scope="session")
def own_servers() -> Iterator[OwnServers]:
    """Start a stack named integration, fill it, and end it after the session."""
    stack = Stack("integration")
    stack.up()
    servers = Servers(stack.endpoints())
    try:
        with new_keyspace(servers) as keyspace:
            make_files(servers, keyspace)
            yield OwnServers(stack=stack, servers=servers, keyspace=keyspace)
    finally:
        servers.close()
        stack.down()


@pytest.fixture
def own_place(own_servers: OwnServers, tmp_path: Path) -> Iterator[Place]:
    """Give one test a database and a folder of its own on servers that it may stop."""
    with new_database(own_servers.servers) as database:
        yield Place(
            servers=own_servers.servers,
            keyspace=own_servers.keyspace,
            database=database,
            folder=tmp_path,
        )
