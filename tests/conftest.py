"""The real servers and a place on them, for every test that is marked ``servers``.

Servers that the environment names are used; otherwise a stack of the tests' own is started for the
session and ended after it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.command import Command
from tests.support.servers import Place, Servers, new_database, new_keyspace
from tests.support.source_tables import make_crowd, make_files, make_wide
from tests.support.stack import Endpoints, Stack

CROWD_TOKEN = 4_611_686_018_427_387_904
VARIABLES = ("CASS_SNAPSHOT_TEST_CASSANDRA", "CASS_SNAPSHOT_TEST_MYSQL")
FLAVOURS = ("mysql", "mariadb")


@pytest.fixture(scope="session")
def endpoints() -> Iterator[Endpoints]:
    """Say where the servers are; start them where nobody named any."""
    if any(os.environ.get(name) for name in VARIABLES):
        stack = Stack()
        yield stack.endpoints()
        return
    stack = Stack("tests")
    stack.up(mysql="both")
    yield stack.endpoints()
    deaths = stack.deaths()  # of which the tests after it only know that nobody answers
    stack.down()
    assert not deaths, "\n".join(deaths)


@pytest.fixture(scope="session")
def servers(endpoints: Endpoints) -> Iterator[Servers]:
    """Connect to the servers."""
    found = Servers(endpoints)
    yield found
    found.close()


@pytest.fixture(scope="session")
def mariadb_servers(endpoints: Endpoints) -> Iterator[Servers]:
    """Connect to the same Cassandra, and to MariaDB in the place of MySQL."""
    if endpoints.mariadb is None:
        pytest.skip("CASS_SNAPSHOT_TEST_MARIADB names no server, though others are named")
    found = Servers(replace(endpoints, mysql=endpoints.mariadb))
    yield found
    found.close()


@pytest.fixture(scope="session", params=FLAVOURS)
def flavour(request: pytest.FixtureRequest) -> str:
    """Say which server is the target: ``mysql`` or ``mariadb``."""
    return str(request.param)


@pytest.fixture(scope="session")
def flavour_servers(flavour: str, request: pytest.FixtureRequest) -> Servers:
    """Give the servers, with the target of each flavour in turn."""
    name = "servers" if flavour == "mysql" else "mariadb_servers"
    found: Servers = request.getfixturevalue(name)
    return found


@pytest.fixture
def flavour_place(flavour_servers: Servers, tmp_path: Path) -> Iterator[Place]:
    """Give one test a keyspace, a database of each flavour in turn, and a folder of its own."""
    with new_keyspace(flavour_servers) as keyspace, new_database(flavour_servers) as database:
        yield Place(servers=flavour_servers, keyspace=keyspace, database=database, folder=tmp_path)


@pytest.fixture
def flavour_command(flavour_place: Place) -> Command:
    """Give the command line for a test's own place with a target of each flavour in turn."""
    return Command(flavour_place)


@pytest.fixture(scope="session")
def shared_keyspace(servers: Servers) -> Iterator[str]:
    """Hold the tables that tests only read: ``files``, ``wide`` and ``crowd``."""
    with new_keyspace(servers) as keyspace:
        make_files(servers, keyspace)
        make_wide(servers, keyspace)
        make_crowd(servers, keyspace, CROWD_TOKEN)
        yield keyspace


@pytest.fixture
def database(servers: Servers) -> Iterator[str]:
    """Hold one test's targets and control tables."""
    with new_database(servers) as name:
        yield name


@pytest.fixture
def place(servers: Servers, database: str, tmp_path: Path) -> Iterator[Place]:
    """Give one test a keyspace, a database and a folder of its own."""
    with new_keyspace(servers) as keyspace:
        yield Place(servers=servers, keyspace=keyspace, database=database, folder=tmp_path)


@pytest.fixture
def shared(servers: Servers, shared_keyspace: str, database: str, tmp_path: Path) -> Place:
    """Give one test a database and a folder of its own, and the tables that tests only read."""
    return Place(servers=servers, keyspace=shared_keyspace, database=database, folder=tmp_path)


@pytest.fixture
def command(place: Place) -> Command:
    """Give the command line for a test's own place."""
    return Command(place)
