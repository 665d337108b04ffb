"""Three Cassandra nodes that each hold every row, read at LOCAL_QUORUM, and some of them killed.

A stack of its own, started when first asked for: two minutes, most of them the nodes' start.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command import Command
from tests.support.compare import differences
from tests.support.ledger import assert_read_once
from tests.support.planted import PLANTED, run_held_at
from tests.support.servers import Place, Servers, new_database, until
from tests.support.source_tables import FILES_ROWS, make_files
from tests.support.stack import Stack

pytestmark = pytest.mark.servers

KEYSPACE = "threefold"
REQUEST_S = "5"
"""A node that is gone is known to be so after ten seconds or more; until then requests hang."""


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """Start three nodes and a MySQL, and end them after the module."""
    found = Stack("three")
    found.up(nodes=3)
    yield found
    found.down()


@pytest.fixture(scope="module")
def three(stack: Stack) -> Iterator[Servers]:
    """Fill a keyspace of which every node holds everything."""
    servers = Servers(stack.endpoints())
    try:
        servers.cql(
            f"CREATE KEYSPACE {KEYSPACE} WITH replication ="
            " {'class': 'NetworkTopologyStrategy', 'datacenter1': 3}"
        )
        make_files(servers, KEYSPACE)
        yield servers
    finally:
        servers.close()


@pytest.fixture
def spread(three: Servers, tmp_path: Path) -> Iterator[Place]:
    """Give one test a database and a folder of its own."""
    with new_database(three) as database:
        yield Place(servers=three, keyspace=KEYSPACE, database=database, folder=tmp_path)


def slowly(place: Place) -> Command:
    """Return a command line that can stand still between any two of many batches."""
    return Command(
        place,
        PLANTED,
        MYSQL__BATCH_ROWS_MAX="20",
        RUN__WORKERS="2",
        CASSANDRA__REQUEST_TIMEOUT_S=REQUEST_S,
        CASSANDRA__CONSISTENCY="LOCAL_QUORUM",
    )


def kill(stack: Stack, *nodes: str) -> None:
    """Kill nodes, and wait until nothing is left of them."""
    remains = [Path("/proc") / str(stack.pid(node)) for node in nodes]
    for node in nodes:
        stack.stop(node, signal.SIGKILL)
    until(lambda: not any(path.exists() for path in remains), "the nodes are reaped", 30)


def test_a_node_that_is_killed_and_comes_back_costs_nothing(stack: Stack, spread: Place) -> None:
    """Two of three answer: every row arrives, at the consistency that was asked for."""
    command = slowly(spread)
    with run_held_at(command, "files", "--range-count", "16", hit=8) as (running, hold):
        kill(stack, "cassandra2")
        hold.let_go()
        stack.start("cassandra2")
        ended = running.wait()
        running.wait_gone()
    assert ended.code == 0, str(ended)
    assert command.status()["worker_restarts"] == 0
    assert differences(spread, "files") == []
    assert_read_once(spread, FILES_ROWS)


def test_two_nodes_down_are_waited_for_and_the_same_command_goes_on(
    stack: Stack, spread: Place
) -> None:
    """One of three is no quorum: exit 7 when the time is over, never a lower consistency."""
    command = slowly(spread)
    briefly = {"MYSQL__UNAVAILABLE_TIMEOUT_S": "8"}
    with run_held_at(command, "files", "--range-count", "16", hit=8, **briefly) as (running, hold):
        kill(stack, "cassandra2", "cassandra3")
        hold.let_go()
        try:
            ended = running.wait()
            running.wait_gone()
        finally:
            stack.start("cassandra2")  # two of three are a quorum again
    assert ended.code == 7, str(ended)
    waits = [e for e in command.events() if e["event"] == "pause"]
    assert waits[0]["side"] == "source"
    there = spread.rows_checkpointed()
    assert 0 < there < FILES_ROWS
    assert there == spread.count("files")

    again = command.run("files", "--range-count", "16")
    assert again.code == 0, str(again)
    assert differences(spread, "files") == []
    assert_read_once(spread, FILES_ROWS)
