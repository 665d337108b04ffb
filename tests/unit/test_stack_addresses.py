"""Addresses of servers: given to tests by ``env``, taken from the environment by ``up``."""

from __future__ import annotations

import shlex
import socket
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.stack import CassandraAddress, Endpoints, Login, MysqlAddress, Stack
from tests.support.stack.__main__ import main
from tests.support.stack.errors import StackDownError, StackError
from tests.support.stack.external import (
    CASSANDRA_VARIABLE,
    MARIADB_VARIABLE,
    MYSQL_VARIABLE,
    External,
    mysql_url,
    parse_cassandra,
    parse_mysql,
)
from tests.support.stack.ports import free_ports, is_listening
from tests.support.stack.state import Options, Ports, StackState

OURS = StackState(
    options=Options(),
    ports=Ports(native=20001, storage=20002, jmx=(20003, 20004, 20005), mysql=20006),
    sockets="/nowhere",
)
ENDPOINTS = Endpoints(
    cassandra=CassandraAddress("127.0.0.1", 20001),
    mysql=MysqlAddress("127.0.0.1", 20006, "root", "", "shop"),
)


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a cache and stacks of our own, and an environment that names no servers."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv(CASSANDRA_VARIABLE, raising=False)
    monkeypatch.delenv(MYSQL_VARIABLE, raising=False)
    monkeypatch.delenv(MARIADB_VARIABLE, raising=False)


def test_env_prints_two_exports() -> None:
    """Letter for letter: scripts read them."""
    assert ENDPOINTS.exports() == (
        "export CASS_SNAPSHOT_TEST_CASSANDRA='cassandra://127.0.0.1:20001'\n"
        "export CASS_SNAPSHOT_TEST_MYSQL='mysql://root@127.0.0.1:20006/shop'\n"
    )


def test_env_names_a_mariadb_where_there_is_one() -> None:
    """Tests of both flavours read it."""
    address = MysqlAddress("127.0.0.1", 20007, "root", "", "shop")
    lines = replace(ENDPOINTS, mariadb=address).exports().splitlines()

    assert lines[2:] == ["export CASS_SNAPSHOT_TEST_MARIADB='mysql://root@127.0.0.1:20007/shop'"]
    assert External.read({MARIADB_VARIABLE: mysql_url(address)}).mariadb == address


def test_a_shell_reads_back_what_env_printed() -> None:
    """Awkward passwords, an IPv6 address, a database with a quotation mark."""
    given = Endpoints(
        cassandra=CassandraAddress("::1", 9042),
        cassandra_login=Login("me", "a'b\"c$d @:/"),
        mysql=MysqlAddress("db.example", 3306, "u@x", "p'w$(x)", "it's"),
    )
    script = f"{given.exports()}printf '%s\\0' ${CASSANDRA_VARIABLE} ${MYSQL_VARIABLE}"
    output = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    cassandra, mysql, _ = output.stdout.split("\0")
    assert (given.cassandra, given.cassandra_login) == parse_cassandra(cassandra)
    assert given.mysql == parse_mysql(mysql)


def test_ports_have_the_servers_usual_defaults() -> None:
    """An address of one's own is typed by hand."""
    assert parse_cassandra("cassandra://db") == (CassandraAddress("db", 9042), None)
    assert parse_mysql("mysql://root@db/shop").port == 3306


@pytest.mark.parametrize(
    "url",
    ["", "db:9042", "mysql://db", "cassandra://", "cassandra://u:pw@db:x", "cassandra://db:0"],
)
def test_an_address_that_is_none_is_refused_by_its_variable(url: str) -> None:
    """The value is not repeated: it may hold a password."""
    with pytest.raises(StackError, match=CASSANDRA_VARIABLE) as refused:
        parse_cassandra(url)
    assert "pw" not in str(refused.value)


@pytest.mark.parametrize("url", ["mysql://db/shop", "mysql://root@db", "mysql://root@db/"])
def test_a_mysql_address_needs_user_and_database(url: str) -> None:
    """Tests make their tables in that database."""
    with pytest.raises(StackError, match=MYSQL_VARIABLE):
        parse_mysql(url)


def test_the_own_stacks_addresses_are_not_somebody_elses() -> None:
    """After ``eval "$(bin/stack env)"`` the same shell still starts and ends its stack."""
    named = External.read(
        {
            CASSANDRA_VARIABLE: "cassandra://127.0.0.1:20001",
            MYSQL_VARIABLE: "mysql://root@127.0.0.1:20006/shop",
        }
    )
    assert named.without_own(OURS) == External()
    assert named.without_own(None) == named
    assert named.is_complete


def test_other_addresses_stay_somebody_elses() -> None:
    """On the same machine too, as another checkout's stack is."""
    named = External.read({MYSQL_VARIABLE: "mysql://root@127.0.0.1:20007/shop"})
    assert named.without_own(OURS) == named
    assert not named.is_complete


def test_a_named_stack_does_not_look_at_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who names one will stop and kill its servers."""
    monkeypatch.setenv(MYSQL_VARIABLE, "mysql://root@127.0.0.1:1/shop")
    assert [server.name for server in Stack("other").status()] == []
    assert [server.name for server in Stack().status()] == ["mysql"]


def test_a_stack_that_is_not_there_is_down(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 3 and the command that helps; down and its repetition are no errors."""
    assert main(["env"]) == 3
    assert "bin/stack up" in capsys.readouterr().err
    assert main(["status"]) == 3
    assert main(["stop", "mysql", "--name", "x"]) == 3
    assert "bin/stack up --name x" in capsys.readouterr().err
    assert main(["down"]) == 0
    with pytest.raises(StackDownError):
        Stack().pid("mysql")


@pytest.mark.parametrize("name", ["", "../x", "A", "a b", "-a", "x" * 32])
def test_a_stacks_name_is_part_of_a_folders_name(name: str) -> None:
    """Nothing that leads elsewhere."""
    with pytest.raises(StackError, match=r"stack name"):
        Stack(name)


def test_free_ports_are_free_and_below_those_the_kernel_lends() -> None:
    """A stopped server finds its port again, however many connections were opened meanwhile."""
    lent_from = int(
        Path("/proc/sys/net/ipv4/ip_local_port_range").read_text(encoding="ascii").split()[0]
    )
    ports = free_ports(5)
    assert len(set(ports)) == 5
    assert all(port < lent_from for port in ports) or lent_from <= 22_000
    assert not any(is_listening("127.0.0.1", port) for port in ports)


def test_a_port_in_use_is_not_chosen() -> None:
    """Neither is one that is in use on another of the nodes' addresses."""
    (port,) = free_ports(1)
    with socket.create_server(("127.0.0.2", port)):
        assert is_listening("127.0.0.2", port)
        assert port not in free_ports(20, ("127.0.0.1", "127.0.0.2"))


def test_every_export_is_one_word_for_a_shell() -> None:
    """No address can smuggle in a command."""
    words = shlex.split(ENDPOINTS.exports())
    assert [word.partition("=")[0] for word in words if word != "export"] == [
        CASSANDRA_VARIABLE,
        MYSQL_VARIABLE,
    ]
