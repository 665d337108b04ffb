"""What a stack remembers, and the lock that keeps two commands apart."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.stack.errors import CancelledError, StackError
from tests.support.stack.layout import new_state, sql_servers_of, with_other_sql_port
from tests.support.stack.process import ProcessId
from tests.support.stack.progress import Progress
from tests.support.stack.state import (
    Launched,
    Options,
    Ports,
    StackState,
    StateFile,
    locked,
)

STATE = StackState(
    options=Options(nodes=3, mysql="mariadb", buffer_pool="2G", mysql_args=("--a=b", "--c")),
    ports=Ports(native=1, storage=2, jmx=(3, 4, 5), mysql=6),
    sockets="/nowhere",
    launched=(Launched(name="mysql", process=ProcessId(pid=7, started=8), version="9.7.4"),),
)


def test_a_state_comes_back_as_it_was_written(tmp_path: Path) -> None:
    """Every field, tuples as tuples."""
    file = StateFile(tmp_path)
    file.write(STATE)
    assert file.read() == STATE


def test_no_file_is_no_stack(tmp_path: Path) -> None:
    """Not an error: nobody has called up."""
    assert StateFile(tmp_path).read() is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 1}', '{"format": 99}'])
def test_a_file_that_is_no_state_is_named(tmp_path: Path, text: str) -> None:
    """Nothing is guessed from half a file."""
    (tmp_path / "state.json").write_text(text, encoding="utf-8")
    with pytest.raises(StackError, match=r"state\.json"):
        StateFile(tmp_path).read()


def test_a_server_takes_the_place_of_its_namesake() -> None:
    """Started again, it has a new process and the old one is forgotten."""
    again = Launched(name="mysql", process=ProcessId(pid=9, started=10))
    assert STATE.put(again).launched == (again,)
    other = Launched(name="cassandra", process=ProcessId(pid=9, started=10))
    assert STATE.put(other).find("mysql") == STATE.find("mysql")


def test_a_retired_stack_keeps_its_ports_only() -> None:
    """The next up of it answers at the addresses that were handed out."""
    retired = STATE.retired()
    assert retired.is_retired
    again = new_state(Options(), before=retired)
    Path(again.sockets).rmdir()
    kept = replace(STATE.ports, mariadb=again.ports.mariadb)
    assert (kept, Options(), False) == (again.ports, again.options, again.is_retired)
    assert again.ports.mariadb > 0


def test_another_port_for_mysql_moves_nothing_else() -> None:
    """The nodes may be running on theirs."""
    moved = with_other_sql_port(STATE, "mysql")
    assert moved.ports.mysql != STATE.ports.mysql
    assert moved.ports.native == STATE.ports.native
    assert moved.ports.jmx == STATE.ports.jmx


def test_both_flavours_are_two_servers_with_ports_and_folders_of_their_own(tmp_path: Path) -> None:
    """The MySQL keeps its name; a stack without the option has it alone."""
    state = replace(STATE, options=Options(mysql="both"), ports=replace(STATE.ports, mariadb=8))
    servers = {server.name: server for server in sql_servers_of(state, tmp_path)}
    alone = sql_servers_of(replace(state, options=Options()), tmp_path)

    assert {name: one.port for name, one in servers.items()} == {"mysql": 6, "mariadb": 8}
    assert servers["mysql"].data != servers["mariadb"].data
    assert [server.name for server in alone] == ["mysql"]


def test_a_lock_that_somebody_has_is_waited_for_until_cancelled(tmp_path: Path) -> None:
    """The second command says what it waits for, and can be interrupted."""
    first, second = Progress(), Progress()
    second.cancel()
    with (
        locked(tmp_path / "lock", first, "the first"),
        pytest.raises(CancelledError),
        locked(tmp_path / "lock", second, "the first"),
    ):
        pytest.fail("two have the lock")


def test_a_lock_is_free_again_after_its_holder(tmp_path: Path) -> None:
    """The file stays; the lock does not."""
    for _ in range(2):
        with locked(tmp_path / "lock", Progress(), "nobody"):
            assert (tmp_path / "lock").exists()
